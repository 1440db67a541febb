//! The national holidays: what a file proposes, and what a school has answered already.

use crate::school::day;
use jiff::civil::date;
use model::calendar::holiday::HolidayYear;
use model::calendar::*;
use model::fault::Reason;

const FILE: &str = r#"{
  "$schema": "https://example.com/schema.json", "year": 2026, "papers": ["https://www.gov.cn/"],
  "days": [
    {"name": "国庆节", "date": "2026-10-10", "isOffDay": false},
    {"name": "国庆节", "date": "2026-10-01", "isOffDay": true},
    {"name": "国庆节", "date": "2026-10-02", "isOffDay": true}
  ]}"#;

#[test]
fn a_file_proposes_days_off_and_make_up_days_that_ask() {
    let year: HolidayYear = serde_json::from_str(FILE).unwrap();
    assert_eq!(year.check(), Ok(()));
    let unanswered = DayKind::MakeUp { of: MakeUpOf::Unanswered };
    let expected = [
        (date(2026, 10, 1), DayKind::Off),
        (date(2026, 10, 2), DayKind::Off),
        (date(2026, 10, 10), unanswered),
    ];
    let found: Vec<_> = year.proposals().into_iter().map(|day| (day.date, day.kind)).collect();
    assert_eq!(found, expected);
    assert_eq!(year.proposals()[0].note, "国庆节");
}

#[test]
fn what_the_school_has_said_stays() {
    let proposals = serde_json::from_str::<HolidayYear>(FILE).unwrap().proposals();
    let answered = day(date(2026, 10, 10), DayKind::MakeUp { of: MakeUpOf::Day(4) });
    let teaches = day(date(2026, 10, 2), DayKind::Teach);
    let own = day(date(2026, 11, 6), DayKind::Exam);
    let calendar =
        Calendar { days: vec![teaches.clone(), answered.clone(), own.clone()], ..Calendar::default() };
    assert_eq!(calendar.news(&proposals), [proposals[0].clone()]);
    let merged = calendar.with_holidays(&proposals).unwrap();
    assert_eq!(merged.days, [proposals[0].clone(), teaches, answered, own]);
    assert_eq!(merged.check(), []);
    assert_eq!(merged.with_holidays(&proposals).unwrap(), merged, "a second time changes nothing");
}

#[test]
fn a_make_up_day_that_nobody_answered_follows_a_new_notice() {
    let open = DayKind::MakeUp { of: MakeUpOf::Unanswered };
    let mut old = day(date(2026, 10, 1), open);
    old.no_record = true;
    let calendar = Calendar { days: vec![old], ..Calendar::default() };
    let merged =
        calendar.with_holidays(&serde_json::from_str::<HolidayYear>(FILE).unwrap().proposals()).unwrap();
    assert_eq!((&merged.days[0].kind, merged.days[0].no_record), (&DayKind::Off, true));
}

#[test]
fn a_file_that_cannot_be_a_year_is_refused() {
    let year: HolidayYear = serde_json::from_str(FILE).unwrap();
    let spoilt = |spoil: fn(&mut HolidayYear)| {
        let mut year = year.clone();
        spoil(&mut year);
        year.check().unwrap_err()
    };
    assert_eq!(spoilt(|year| year.days[0].name.clear()).reason, Reason::Required);
    assert_eq!(spoilt(|year| year.days[0].date = date(2023, 1, 1)).field, "date");
    assert_eq!(spoilt(|year| year.days = vec![year.days[0].clone(); 401]).field, "days");
    assert_eq!(spoilt(|year| year.year = 0).field, "year");
}
