//! The migrations, embedded. Written out by hand: sqlx's macro for it would bring its whole `macros` feature.

use sqlx::SqlSafeStr;
use sqlx::migrate::{Migration, MigrationType, Migrator};

/// Number, what it does, text. A released file is never changed: its checksum is kept in every database.
const FILES: [(i64, &str, &str); 7] = [
    (1, "school", include_str!("../../../migrations/0001_school.sql")),
    (2, "gatherer", include_str!("../../../migrations/0002_gatherer.sql")),
    (3, "recording", include_str!("../../../migrations/0003_recording.sql")),
    (4, "account", include_str!("../../../migrations/0004_account.sql")),
    (5, "channel_move", include_str!("../../../migrations/0005_channel_move.sql")),
    (6, "calendar", include_str!("../../../migrations/0006_calendar.sql")),
    (7, "import", include_str!("../../../migrations/0007_import.sql")),
];

/// How many there are.
pub(crate) const COUNT: u32 = FILES.len() as u32;

/// All migrations in order.
pub(crate) fn migrator() -> Migrator {
    let migration = |(number, what, text): (i64, &'static str, &'static str)| {
        Migration::new(number, what.into(), MigrationType::Simple, text.into_sql_str(), false)
    };
    Migrator::with_migrations(FILES.into_iter().map(migration).collect())
}

#[cfg(test)]
mod tests {
    #[test]
    fn every_file_of_the_folder_is_embedded() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../migrations");
        let mut found: Vec<String> = std::fs::read_dir(folder)
            .unwrap()
            .map(|f| f.unwrap().file_name().into_string().unwrap())
            .collect();
        found.sort();
        let listed = super::FILES.map(|(number, what, _)| format!("{number:04}_{what}.sql"));
        assert_eq!(found, listed);
    }
}
