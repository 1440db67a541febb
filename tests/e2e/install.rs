//! The scripts a new user meets: install, repair, crash, uninstall, with the binaries under test in place of a build.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::Duration;
use testkit::process::{binary, repository, signal};
use testkit::{Site, wait_for};

/// A release as it is handed out: the scripts, the demo camera, `bin/`.
struct Release {
    dir: tempfile::TempDir,
}

impl Release {
    fn unpack() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let copy = |from: &str| {
            let to = dir.path().join(from);
            std::fs::create_dir_all(to.parent().unwrap()).unwrap();
            std::fs::copy(repository().join(from), to).unwrap();
        };
        for file in
            ["install_recorder.sh", "config.sh", "uninstall.sh", "crates/testkit/camera/rtsp_camera.py"]
        {
            copy(file);
        }
        for entry in std::fs::read_dir(repository().join("scripts")).unwrap().flatten() {
            copy(&format!("scripts/{}", entry.file_name().to_str().unwrap()));
        }
        std::fs::create_dir(dir.path().join("bin")).unwrap();
        for name in ["yunlubo", "yunlubo-gather"] {
            std::os::unix::fs::symlink(binary(name), dir.path().join("bin").join(name)).unwrap();
        }
        Self { dir }
    }

    fn run(&self, script: &str, arguments: &[&str], answers: &str) -> Output {
        let answers_file = self.dir.path().join("answers");
        std::fs::write(&answers_file, answers).unwrap();
        Command::new(self.dir.path().join(script))
            .args(arguments)
            .env("YUNLUBO_ANY_PORT", "1")
            .stdin(Stdio::from(std::fs::File::open(answers_file).unwrap()))
            .output()
            .unwrap()
    }

    fn demo(&self, file: &str) -> PathBuf {
        self.dir.path().join("demo").join(file)
    }

    fn pid(&self, name: &str) -> Option<u32> {
        read(&self.demo(&format!("run/{name}.pid"))).trim().parse().ok()
    }
}

impl Drop for Release {
    fn drop(&mut self) {
        self.run("uninstall.sh", &["--demo", "--delete-media"], "");
    }
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_default()
}

fn text(out: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&out.stdout), String::from_utf8_lossy(&out.stderr))
}

fn runs(pid: u32) -> bool {
    Path::new(&format!("/proc/{pid}")).exists()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_demo_installs_repairs_survives_a_crash_and_leaves_nothing_behind() {
    let release = Release::unpack();
    let out = release.run("install_recorder.sh", &["--demo"], "");
    let said = text(&out);
    assert!(out.status.success(), "{said}");
    let address = said.split_whitespace().find(|w| w.starts_with("http://")).unwrap().to_owned();
    let code = said.split("/setup?code=").nth(1).unwrap().split_whitespace().next().unwrap();
    assert!(code.len() >= 26, "{said}");
    let port = address.rsplit(':').next().unwrap().trim_end_matches('/').to_owned();
    let site = Site::new(&format!("http://127.0.0.1:{port}"));
    assert!(site.get("/login").await.status < 400);
    wait_for("both demo channels to run", Duration::from_secs(60), || async {
        let status = read(&release.demo("gather/status.json"));
        (status.matches("\"running\"").count() >= 2).then_some(())
    })
    .await;

    // Again: nothing starts anew, the same code is printed.
    let (server, gather) = (release.pid("server").unwrap(), release.pid("gather").unwrap());
    let again = text(&release.run("install_recorder.sh", &["--demo"], ""));
    assert!(again.contains(code), "{again}");
    assert_eq!((release.pid("server"), release.pid("gather")), (Some(server), Some(gather)));

    // Crash: the supervisor brings it back, on a port of its choice because the demo took any.
    signal(server, 9);
    wait_for("the server to be back", Duration::from_secs(60), || async {
        release.pid("server").filter(|pid| *pid != server && runs(*pid))
    })
    .await;

    // Repair: wrong answers are asked again, right ones are written and the site moves.
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port().to_string();
    let answers = format!("300.1.1.1\nabc\n127.0.0.1\n0\n70000\nabc\n{free}\n");
    let out = release.run("config.sh", &["--demo"], &answers);
    let said = text(&out);
    assert!(out.status.success(), "{said}");
    assert_eq!(said.matches("Enter Current Server Web IP:").count(), 3, "{said}");
    assert_eq!(said.matches("Enter Current Server Web Port:").count(), 4, "{said}");
    assert!(Site::new(&format!("http://127.0.0.1:{free}")).get("/login").await.status < 400);

    let pids: Vec<u32> = ["server", "gather", "camera"].iter().filter_map(|name| release.pid(name)).collect();
    let out = release.run("uninstall.sh", &["--demo"], "no\n");
    assert!(out.status.success(), "{}", text(&out));
    assert!(pids.iter().all(|pid| !runs(*pid)), "a process outlived uninstall");
    assert!(release.demo("server").exists(), "media are kept unless somebody types delete");
    let out = release.run("uninstall.sh", &["--demo"], "delete\n");
    assert!(out.status.success() && !release.demo("").exists(), "{}", text(&out));
}
