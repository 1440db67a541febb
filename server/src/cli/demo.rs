//! `demo-seed`: the two channels of `install_recorder.sh --demo`, a file and a camera. Run twice it changes nothing.

use super::lang::Lang;
use super::say;
use crate::error::{Result, ServerError};
use base::now_ms;
use db::{ChannelFilter, NewChannel, Page};
use model::GathererId;
use model::channel::{Source, Transport, check_class_name};

const FILE_CLASS: &str = "演示一班（MP4 文件）";
const CAMERA_CLASS: &str = "演示二班（RTSP 摄像机）";

/// Adds what is missing of the two and prints both as `id<TAB>class`.
pub(super) async fn seed(db: &db::Db, file: &str, rtsp: &str, gatherer: Option<GathererId>) -> Result<()> {
    let l = Lang::of_terminal();
    let refuse = |zh: &str, en: &str| ServerError::Refused(l.pick(zh, en).to_owned());
    let gatherer_id = match gatherer {
        Some(id) => db.gatherer(id).await?.id,
        None => db.all_gatherers().await?.first().map(|g| g.id).ok_or_else(|| {
            refuse(
                "还没有采集端，请先用 join-code 加入一个。",
                "There is no gatherer yet: enrol one with a join-code first.",
            )
        })?,
    };
    let grade = db.all_grades().await?.first().map(|g| g.id);
    let grade_id = grade.ok_or_else(|| {
        refuse("还没有年级，请先在网站添加。", "There is no grade yet: add one on the site.")
    })?;
    db.seed_demo_teachers().await?;
    let camera = Source::Pull {
        url: rtsp.to_owned(),
        user: String::new(),
        password: String::new(),
        transport: Transport::Tcp,
    };
    let filter = ChannelFilter { gatherer_id: Some(gatherer_id), ..ChannelFilter::default() };
    let there = db.list_channels(&filter, Page::first(Page::LIMIT_MAX)).await?.rows;
    for (class, source) in [(FILE_CLASS, Source::File { path: file.to_owned() }), (CAMERA_CLASS, camera)] {
        if let Some(fault) = source.check().first() {
            return Err(ServerError::Refused(format!("{}: {:?}", fault.field, fault.reason)));
        }
        let class_name = check_class_name(class).map_err(db::DbError::from)?;
        let known = there.iter().find(|row| row.channel.class_name == class_name).map(|row| row.channel.id);
        let id = match known {
            Some(id) => id,
            None => {
                let new = NewChannel { gatherer_id, grade_id, class_name, source, enabled: true };
                db.add_channel(&new, now_ms()).await?
            }
        };
        say(&format!("{id}\t{class}"));
    }
    Ok(())
}
