//! Listening sockets: bound first, then told in `DIR/ports.json`; an occupied port is answered with who has it.

use crate::error::{Result, ServerError, file};
use serde::{Deserialize, Serialize};
use std::io::{ErrorKind, Write};
use std::net::SocketAddr;
use std::path::Path;
use tokio::net::TcpListener;

/// Name of the file in the data directory.
pub const FILE: &str = "ports.json";

/// The ports that were bound; 0 for a part that does not run here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Ports {
    /// The site, and everything through it.
    pub site: u16,
    /// RTMP.
    pub rtmp: u16,
    /// HTTP-FLV, WS-FLV, HLS.
    pub live_http: u16,
    /// The relay.
    pub relay: u16,
    /// Storage.
    pub storage: u16,
    /// The tracker's old port.
    pub tracker: u16,
}

impl Ports {
    /// Writes `ports.json` whole or not at all: whoever waits for it never sees half of it.
    pub fn write(&self, data_dir: &Path) -> Result<()> {
        let (path, draft) = (data_dir.join(FILE), data_dir.join("ports.json.tmp"));
        let text = serde_json::to_string(self).unwrap_or_else(|_| unreachable!("six numbers are JSON"));
        let mut out = std::fs::File::create(&draft).map_err(file("create", &draft))?;
        out.write_all(text.as_bytes()).map_err(file("write", &draft))?;
        std::fs::rename(&draft, &path).map_err(file("write", &path))
    }

    /// Reads `ports.json`; `None` when no server runs on this data directory, or it is starting.
    pub fn read(data_dir: &Path) -> Option<Self> {
        serde_json::from_str(&std::fs::read_to_string(data_dir.join(FILE)).ok()?).ok()
    }
}

/// Binds one listener; `key` is what the configuration calls it.
pub async fn bind(key: &'static str, addr: SocketAddr) -> Result<TcpListener> {
    TcpListener::bind(addr).await.map_err(|source| {
        let advice = advice(source.kind(), addr);
        ServerError::Listen { key, addr, source, advice }
    })
}

/// What to do about an address that cannot be bound, in both languages.
pub fn advice(kind: ErrorKind, addr: SocketAddr) -> String {
    let port = addr.port();
    match kind {
        ErrorKind::AddrInUse => {
            let by = holder(port).map_or(String::new(), |who| format!(" ({who})"));
            format!(
                "端口 {port} 已被占用{by}：停止该程序，或在配置中换一个端口。 Port {port} is taken{by}: stop that program or \
                 set another port."
            )
        }
        ErrorKind::PermissionDenied => format!(
            "端口 {port} 需要特权：用 systemd 服务启动，执行 setcap cap_net_bind_service=+ep，或改用 1024 以上的端口。 Port \
             {port} needs a privilege: start by the systemd service, `setcap cap_net_bind_service=+ep` the binary, or \
             set a port above 1023."
        ),
        ErrorKind::AddrNotAvailable => format!(
            "本机没有地址 {ip}：检查网卡或改为 0.0.0.0。 This machine has no address {ip}: check its network, or use \
             0.0.0.0.",
            ip = addr.ip()
        ),
        _ => "检查配置中的地址。 Check the address in the configuration.".to_owned(),
    }
}

/// Which process listens on a TCP port: `name, pid 123`. `None` when nobody does, or it is another user's process.
pub fn holder(port: u16) -> Option<String> {
    let inodes: Vec<String> = ["/proc/net/tcp", "/proc/net/tcp6"]
        .iter()
        .filter_map(|table| std::fs::read_to_string(table).ok())
        .flat_map(|table| table.lines().filter_map(|line| listening_inode(line, port)).collect::<Vec<_>>())
        .map(|inode| format!("socket:[{inode}]"))
        .collect();
    let processes = std::fs::read_dir("/proc").ok()?.flatten();
    processes.into_iter().find_map(|process| {
        let pid: u32 = process.file_name().to_str()?.parse().ok()?;
        let mut open = std::fs::read_dir(process.path().join("fd")).ok()?.flatten();
        open.find(|fd| {
            std::fs::read_link(fd.path()).is_ok_and(|to| inodes.iter().any(|i| to.as_os_str() == i.as_str()))
        })?;
        let name = std::fs::read_to_string(process.path().join("comm")).unwrap_or_default();
        Some(format!("{}, pid {pid}", name.trim()))
    })
}

/// A line of `/proc/net/tcp`: local address in the 2nd column, state 0A (LISTEN) in the 4th, inode in the 10th.
fn listening_inode(line: &str, port: u16) -> Option<String> {
    let columns: Vec<&str> = line.split_whitespace().collect();
    let (_, hex) = columns.get(1)?.rsplit_once(':')?;
    let found = u16::from_str_radix(hex, 16).ok()? == port && *columns.get(3)? == "0A";
    found.then(|| columns.get(9).map(|inode| (*inode).to_owned()))?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn an_occupied_port_names_its_key_and_its_holder() {
        let first = bind("site.listen", "127.0.0.1:0".parse().unwrap()).await.unwrap();
        let error = bind("relay.listen", first.local_addr().unwrap()).await.unwrap_err().to_string();
        assert!(error.contains("relay.listen") && error.contains("is taken"), "{error}");
        assert!(error.contains(&format!("pid {}", std::process::id())), "{error}");
    }

    #[test]
    fn ports_are_written_whole() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(Ports::read(dir.path()), None);
        let ports = Ports { site: 80, rtmp: 1935, ..Ports::default() };
        ports.write(dir.path()).unwrap();
        assert_eq!(Ports::read(dir.path()), Some(ports));
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1);
    }
}
