//! The desired state on disk: what this gatherer records when the site is gone (house.md §3.9).

use crate::disk;
use crate::error::Result;
use relay_proto::site::DesiredState;
use std::path::{Path, PathBuf};
use tracing::warn;

/// `DIR/state.json`. Holds camera passwords, so its mode is 0600.
#[derive(Debug, Clone)]
pub struct StateFile {
    path: PathBuf,
}

impl StateFile {
    /// In a data directory.
    pub fn in_dir(data: &Path) -> Self {
        Self { path: data.join("state.json") }
    }

    /// The last state that was kept; `None` before the first. A file that cannot be read is set aside, not deleted,
    /// and the site will be asked anew.
    pub fn load(&self) -> Option<DesiredState> {
        let text = match std::fs::read(&self.path) {
            Ok(text) => text,
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => return None,
            Err(error) => {
                warn!(%error, "Cannot read the cached state; asking the site");
                return None;
            }
        };
        match serde_json::from_slice(&text) {
            Ok(state) => Some(state),
            Err(error) => {
                let aside = self.path.with_extension("json.damaged");
                warn!(%error, "The cached state is damaged; set aside as {}", aside.display());
                let _ = std::fs::rename(&self.path, aside);
                None
            }
        }
    }

    /// Keeps it, durably.
    pub fn save(&self, state: &DesiredState) -> Result<()> {
        let bytes =
            serde_json::to_vec(state).unwrap_or_else(|_| unreachable!("plain structs are always JSON"));
        disk::write_atomic(&self.path, &bytes, 0o600)
    }

    /// Forgets it: after enrolment with another site its channels are not ours any more.
    pub fn remove(&self) {
        let _ = std::fs::remove_file(&self.path);
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use model::SchoolId;
    use model::gatherer::GathererSettings;

    pub(crate) fn state(version: i64) -> DesiredState {
        DesiredState {
            version,
            settings: GathererSettings::new("一号", SchoolId(1)),
            channels: vec![],
            lessons: vec![],
            last_date: jiff::civil::date(2026, 12, 11),
            time_zone: "Asia/Shanghai".into(),
            site_name: "学校".into(),
            relay_host: String::new(),
            relay_port: 0,
            storage_url: String::new(),
        }
    }

    #[test]
    fn the_last_state_is_kept_and_a_damaged_one_set_aside() {
        let dir = tempfile::tempdir().unwrap();
        let file = StateFile::in_dir(dir.path());
        assert_eq!(file.load(), None);
        file.save(&state(1)).unwrap();
        file.save(&state(2)).unwrap();
        assert_eq!(file.load(), Some(state(2)));
        std::fs::write(dir.path().join("state.json"), "{").unwrap();
        assert_eq!(file.load(), None);
        assert!(dir.path().join("state.json.damaged").exists());
    }
}
