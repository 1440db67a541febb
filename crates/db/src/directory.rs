//! The directory of a school: every name that labels and menus need, in one go.

use crate::channel::ChannelRow;
use crate::class::ClassRow;
use crate::room::RoomRow;
use crate::{Db, Result, channel, class, room};
use model::school::{Grade, School, Subject, Teacher};
use model::{GathererId, SchoolId};

/// Who and what there is in a school.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Directory {
    /// The school.
    pub school: School,
    /// Every 年级 of the site.
    pub grades: Vec<Grade>,
    /// Its classes, by grade.
    pub classes: Vec<ClassRow>,
    /// Its rooms.
    pub rooms: Vec<RoomRow>,
    /// Every 科目 of the site.
    pub subjects: Vec<Subject>,
    /// Every 教师 of the site.
    pub teachers: Vec<Teacher>,
    /// The channels of its gatherers.
    pub channels: Vec<ChannelRow>,
    /// Its gatherers: id and name.
    pub gatherers: Vec<(GathererId, String)>,
}

impl Db {
    /// The directory of a school.
    pub async fn directory(&self, school: SchoolId) -> Result<Directory> {
        let (found, grades) = (self.school(school).await?, self.all_grades().await?);
        let (subjects, teachers) = (self.all_subjects().await?, self.all_teachers().await?);
        let gatherers = self.all_gatherers().await?.into_iter();
        let gatherers = gatherers
            .filter(|gatherer| gatherer.settings.school_id == school)
            .map(|gatherer| (gatherer.id, gatherer.settings.name))
            .collect();
        let mut c = self.read("reading the directory of a school").await?;
        Ok(Directory {
            school: found,
            grades,
            classes: class::of_school(&mut c, school).await?,
            rooms: room::of_school(&mut c, school).await?,
            subjects,
            teachers,
            channels: channel::of_school(&mut c, school).await?,
            gatherers,
        })
    }
}
