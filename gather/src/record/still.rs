//! 自动截图: one picture of a finished slice, taken at a random place (R-REC-07).

use crate::ffmpeg;
use media::TrackKind;
use media::format::mp4::Mp4Reader;
use std::fs::File;
use std::path::Path;

/// A JPEG of a random keyframe of the file.
pub fn random_still(path: &Path) -> Result<Vec<u8>, String> {
    let file = File::open(path).map_err(|e| e.to_string())?;
    let reader = Mp4Reader::open(file).map_err(|e| e.to_string())?;
    let track =
        reader.tracks().iter().find(|track| track.kind() == TrackKind::Video).ok_or("no picture in it")?;
    let keys: Vec<_> =
        reader.samples().iter().filter(|sample| sample.kind == TrackKind::Video && sample.key).collect();
    // Without randomness the first is as good.
    let at = getrandom::u32().unwrap_or(0) as usize % keys.len().max(1);
    let sample = keys.get(at).ok_or("no keyframe in it")?;
    let packet = reader.read(sample).map_err(|e| e.to_string())?;
    let still = ffmpeg::decode_still(std::slice::from_ref(track), &[packet]).map_err(|e| e.to_string())?;
    Ok(still.jpeg.to_vec())
}
