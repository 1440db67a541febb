//! Pages for people: `front` for everybody who may watch, `admin` for those who manage.

pub mod admin;
pub mod front;
