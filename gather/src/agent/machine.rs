//! What machine this is: labels for the admin's list (R-GAT-08), never identity.

use model::gatherer::Machine;
use std::fs;
use std::net::{IpAddr, Ipv4Addr, ToSocketAddrs, UdpSocket};
use url::Url;

/// A documentation address (RFC 5737): the route to it shows the default interface. Nothing is sent.
const ELSEWHERE: &str = "192.0.2.1:9";

/// Asks the system. Blocks for a name look-up.
pub fn this_machine(site: &Url) -> Machine {
    let (ip, interface) = (address(site), default_interface());
    let read = |path: String| fs::read_to_string(path).map(|text| text.trim().to_owned()).unwrap_or_default();
    let mac = interface.map(|name| read(format!("/sys/class/net/{name}/address"))).unwrap_or_default();
    Machine {
        host_name: read("/proc/sys/kernel/hostname".to_owned()),
        ip: ip.to_string(),
        mac,
        os: system_name(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
    }
}

/// The address by which this machine speaks to the site; when that is loopback, the one it has towards elsewhere.
fn address(site: &Url) -> IpAddr {
    let host = site.host_str().unwrap_or_default().trim_matches(['[', ']']).to_owned();
    let port = site.port_or_known_default().unwrap_or(80);
    let places = (host, port).to_socket_addrs().map(Iterator::collect::<Vec<_>>).unwrap_or_default();
    let elsewhere = ELSEWHERE.parse().ok();
    let mut own = places.into_iter().chain(elsewhere).filter_map(|place| {
        let any: IpAddr = if place.is_ipv4() {
            Ipv4Addr::UNSPECIFIED.into()
        } else {
            std::net::Ipv6Addr::UNSPECIFIED.into()
        };
        let socket = UdpSocket::bind((any, 0)).ok()?;
        socket.connect(place).ok()?;
        Some(socket.local_addr().ok()?.ip())
    });
    own.find(|ip| !ip.is_loopback()).unwrap_or(Ipv4Addr::LOCALHOST.into())
}

/// The interface of the default route, else the first that is not loopback.
fn default_interface() -> Option<String> {
    let routes = fs::read_to_string("/proc/net/route").unwrap_or_default();
    let by_route = routes.lines().skip(1).find_map(|line| {
        let mut columns = line.split_whitespace();
        let (name, destination) = (columns.next()?, columns.next()?);
        (destination == "00000000").then(|| name.to_owned())
    });
    by_route.or_else(|| {
        let names = fs::read_dir("/sys/class/net").ok()?.flatten();
        let mut names: Vec<String> =
            names.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
        names.sort();
        names.into_iter().find(|name| name != "lo")
    })
}

fn system_name() -> String {
    let release = fs::read_to_string("/etc/os-release").unwrap_or_default();
    let name = release.lines().find_map(|line| line.strip_prefix("PRETTY_NAME="));
    name.map(|name| name.trim_matches('"').to_owned()).unwrap_or_else(|| std::env::consts::OS.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn says_what_can_be_known_without_fail() {
        let machine = this_machine(&Url::parse("http://127.0.0.1:1/").unwrap());
        assert!(!machine.host_name.is_empty() && !machine.os.is_empty() && !machine.version.is_empty());
        assert!(machine.ip.parse::<IpAddr>().is_ok());
    }
}
