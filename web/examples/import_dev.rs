//! A school with a timetable, for looking at the pages of import and export: `cargo run -p web --example import_dev`. Prints
//! its address, a session cookie and the path of a folder with files to import.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a tool for the eyes of whoever builds the site"
)]

#[path = "../tests/admin_site/mod.rs"]
mod admin_site;
#[path = "../tests/import_site/mod.rs"]
mod import_site;

use admin_site::Site;
use import_site::Book;
use std::net::SocketAddr;

const DAYS: &str = "节次|星期一|星期二|星期三|星期四|星期五";

/// A sheet of a class with eight periods; `shift` makes classes differ.
fn class(grade: &str, n: usize, shift: usize) -> String {
    let subjects = ["语文", "数学", "英语", "物理", "化学", "体育", "历史", "地理", "音乐", "美术"];
    let teachers = ["王芳", "李强", "陈静", "赵军", "刘洋", "孙丽", "周涛", "吴敏", "郑洁", "冯伟"];
    let mut text = format!("{grade}({n})班课程表\n{DAYS}\n早读|语文|英语|语文|英语|语文");
    for period in 1..=8 {
        text.push_str(&format!("\n第{period}节"));
        for day in 0..5 {
            let at = (period + day * 3 + shift) % 10;
            text.push_str(&format!("|{}⏎{}", subjects[at], teachers[(at + n) % 10]));
        }
    }
    text
}

#[tokio::main]
async fn main() {
    let site = Site::start().await;
    import_site::school(&site).await;
    let folder = site.state.site.data_dir.join("files");
    std::fs::create_dir(&folder).unwrap();
    let first = Book::new()
        .sheet("高一1班", &class("高一", 1, 0))
        .sheet("高一2班", &class("高一", 2, 1))
        .sheet("备注", "本表自9月1日起执行\n教务处");
    import_site::import(&site, "2026秋课表.xlsx", &first.bytes()).await;
    let changed = class("高一", 1, 0).replace("第3节|体育", "第3节|研究性学习与综合社会实践");
    let mut book = Book::new().sheet("高一1班", &changed);
    for n in 2..=6 {
        book = book.sheet(&format!("高一{n}班"), &class("高一", n, n));
    }
    std::fs::write(folder.join("2026秋季学期全校课表（第二稿·教务处·含走班与社团）.xlsx"), book.bytes())
        .unwrap();
    let students = "班级\t学号\t姓名\t性别\n高一1班\t0001\t学生一\t男\n高一2班\t0002\t学生二\t女\n高九9班\t0003\t学生三\t女\n";
    std::fs::write(folder.join("学生.txt"), students).unwrap();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    println!("http://{} {} {}", listener.local_addr().unwrap(), site.admin_secret, folder.display());
    let app = site.router.clone().into_make_service_with_connect_info::<SocketAddr>();
    axum::serve(listener, app).await.unwrap();
}
