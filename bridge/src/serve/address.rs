//! Where hosts find an endpoint: `tcp:HOST:PORT`, `unix:PATH`, `pty:PATH`.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, ToSocketAddrs as _};
use std::path::PathBuf;
use std::str::FromStr;

/// Where an endpoint listens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Address {
    /// A TCP port; port 0 lets the system choose one.
    Tcp(SocketAddr),
    /// A Unix domain socket.
    Unix(PathBuf),
    /// A pseudo-terminal with a symbolic link to it.
    Pty(PathBuf),
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(address) => write!(f, "tcp:{address}"),
            Self::Unix(path) => write!(f, "unix:{}", path.display()),
            Self::Pty(path) => write!(f, "pty:{}", path.display()),
        }
    }
}

impl FromStr for Address {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let form = "write tcp:HOST:PORT, tcp:PORT (of this machine only), unix:PATH or pty:PATH";
        let Some((kind, rest)) = text.split_once(':') else {
            return Err(format!("`{text}` is no address: {form}"));
        };
        match kind {
            "tcp" => tcp(rest).map_err(|why| format!("`{text}` {why}: {form}")),
            "unix" | "pty" if rest.is_empty() => Err(format!("`{text}` names no path: {form}")),
            "unix" => Ok(Self::Unix(rest.into())),
            "pty" => Ok(Self::Pty(rest.into())),
            _ => Err(format!("`{text}` is no address: {form}")),
        }
    }
}

fn tcp(text: &str) -> Result<Address, String> {
    if let Ok(port) = text.parse::<u16>() {
        return Ok(Address::Tcp((IpAddr::V4(Ipv4Addr::LOCALHOST), port).into()));
    }
    let mut found = text.to_socket_addrs().map_err(|error| format!("cannot be used ({error})"))?;
    found.next().map(Address::Tcp).ok_or_else(|| "has no address".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_forms_are_read_and_a_bare_port_is_of_this_machine_only() {
        for (text, read) in [
            ("tcp:127.0.0.1:9001", "tcp:127.0.0.1:9001"),
            ("tcp:9001", "tcp:127.0.0.1:9001"),
            ("tcp:[::1]:9001", "tcp:[::1]:9001"),
            ("unix:/tmp/hci", "unix:/tmp/hci"),
            ("pty:hci0", "pty:hci0"),
        ] {
            assert_eq!(text.parse::<Address>().unwrap().to_string(), read);
        }
    }

    #[test]
    fn errors_say_what_would_be_right() {
        for text in ["9001", "tcp:", "tcp:host", "unix:", "serial:/dev/ttyS0", ""] {
            let error = text.parse::<Address>().unwrap_err();
            assert!(error.contains("tcp:HOST:PORT"), "{error}");
        }
    }
}
