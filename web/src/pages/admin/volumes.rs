//! What 组件设置 and the overview show of storage: its volumes with the truth of the file system.

use crate::state::AppState;

/// One volume.
pub struct Volume {
    /// `group1`.
    pub name: String,
    /// Whether it takes uploads.
    pub active: bool,
    /// Size of its file system, bytes.
    pub total_bytes: u64,
    /// Free for us, bytes.
    pub free_bytes: u64,
}

/// Every volume of this process. One whose file system cannot be asked is shown as off line, not left out.
pub fn all(state: &AppState) -> Vec<Volume> {
    let Some(storage) = &state.storage else { return Vec::new() };
    let (active, total_bytes, free_bytes) = match storage.volume().space() {
        Ok(space) => (true, space.total_bytes, space.free_bytes),
        Err(error) => {
            tracing::warn!(%error, "The volume's free space is unknown: {error}");
            (false, 0, 0)
        }
    };
    vec![Volume { name: "group1".to_owned(), active, total_bytes, free_bytes }]
}
