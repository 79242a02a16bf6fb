//! Log lines that a device has printed, read back: what a person at a terminal does.
//!
//! The texts are those of [`Line`]'s `Display`. A line is taken for what it looks like only if it
//! prints as the very same text again.

use core::fmt::{self, Write as _};

use super::{Line, Log, SecurityError, Severity};
use crate::address::{Address, AddressKind};
use crate::error::ErrorCode;

/// The modules whose lines are read: those of this firmware's host.
pub const MODULES: [&str; 4] = ["BLE_Main", "bt_att", "bt_conn", "bt_smp"];

impl Log {
    /// Reads a line of a device's log: `<inf> BLE_Main: Connected`, with a [`Stamp`](super::Stamp)
    /// in brackets before it or not, or as defmt's decoders print it, `15.123456 INFO BLE_Main:
    /// Connected`. `None`: it is none that is known, or tells of reasons in words of its own.
    #[must_use]
    pub fn read(text: &str) -> Option<Self> {
        let (severity, module, text) = split(text)?;
        let module = MODULES.into_iter().find(|known| *known == module)?;
        Some(Self { severity, module, line: Line::read(text)? })
    }
}

/// Severity, module and text of a line of a device's log, in either form that [`Log::read`] takes.
#[must_use]
pub fn split(text: &str) -> Option<(Severity, &str, &str)> {
    let text = text.trim_end();
    let text = match text.strip_prefix('[').and_then(|text| text.split_once("] ")) {
        Some((stamp, rest)) if is_number(stamp) => rest,
        _ => text,
    };
    let text = match text.split_once(' ') {
        Some((stamp, rest)) if is_number(stamp) => rest,
        _ => text,
    };
    let (severity, text) = text.split_once(' ')?;
    let severity = match severity {
        "<err>" | "ERROR" => Severity::Error,
        "<wrn>" | "WARN" => Severity::Warning,
        "<inf>" | "INFO" => Severity::Info,
        "<dbg>" | "DEBUG" => Severity::Debug,
        _ => return None,
    };
    let (module, text) = text.split_once(": ")?;
    Some((severity, module, text))
}

/// Digits, and what stands between those of a time.
fn is_number(text: &str) -> bool {
    let digits = |c: char| c.is_ascii_digit() || matches!(c, ':' | '.' | ',');
    !text.is_empty() && text.chars().all(digits)
}

impl Line {
    /// A line by its text; `None` for one that is not known, or has words of its own in it.
    #[must_use]
    pub fn read(text: &str) -> Option<Self> {
        let line = Self::guess(text)?;
        // What it was taken for says the same.
        let mut same = Same(text);
        (write!(same, "{line}").is_ok() && same.0.is_empty()).then_some(line)
    }

    fn guess(text: &str) -> Option<Self> {
        const WORDS: [Line; 14] = [
            Line::Initialized,
            Line::AdvertisingOpen,
            Line::AdvertisingWithAcceptList,
            Line::AdvertisingStarted,
            Line::AcceptListCleared,
            Line::Connected,
            Line::BondDeleted,
            Line::PairingMode(true),
            Line::PairingMode(false),
            Line::ConnectionObjectAvailable,
            Line::SmpTimeout,
            Line::AttTimeout,
            Line::StaticPasskeyWarning,
            Line::FailedToEstablish,
        ];
        let says = |line: &&Self| {
            let mut same = Same(text);
            write!(same, "{line}").is_ok() && same.0.is_empty()
        };
        if let Some(line) = WORDS.iter().find(says) {
            return Some(line.clone());
        }
        let mut words = Words(text);
        let after = |prefix: &str| text.strip_prefix(prefix).map(Words);
        if let Some(rest) = after("Disconnected (reason ") {
            return Some(Self::Disconnected(ErrorCode(rest.last()?)));
        }
        if let Some(rest) = after("Connection failed (err ") {
            return Some(Self::ConnectionFailed(ErrorCode(rest.last()?)));
        }
        if let Some(rest) = after("Acceptlist setup number  = ") {
            return Some(Self::AcceptListSize(rest.last()?));
        }
        if let Some(mut rest) = after("Security changed: ") {
            return Some(Self::SecurityChanged { peer: rest.peer()?, level: rest.last()? });
        }
        if let Some(mut rest) = after("Security failed: ") {
            let peer = rest.peer()?;
            let (level, error) = rest.0.strip_prefix("level ")?.split_once(" err ")?;
            let error = SecurityError::of(error.parse().ok()?)?;
            return Some(Self::SecurityFailed { peer, level: level.parse().ok()?, error });
        }
        if let Some(mut rest) = after("Passkey for ") {
            return Some(Self::Passkey { peer: rest.peer()?, passkey: rest.last()? });
        }
        if let Some(mut rest) = after("Confirm passkey for ") {
            return Some(Self::ConfirmPasskey { peer: rest.peer()?, passkey: rest.last()? });
        }
        if let Some(mut rest) = after("Pairing cancelled: ") {
            return rest.peer().map(Self::PairingCancelled);
        }
        if let Some(mut rest) = after("Pairing completed: ") {
            let peer = rest.peer()?;
            return Some(Self::PairingComplete { peer, bonded: rest.last::<u8>()? == 1 });
        }
        if let Some(mut rest) = after("Pairing failed: ") {
            let peer = rest.peer()?;
            let reason = u8::from_str_radix(rest.0.strip_prefix("reason 0x")?, 16).ok()?;
            return Some(Self::PairingFailed { peer, reason });
        }
        if let Some(mut rest) = after("Advertising directed to ") {
            return rest.peer().map(Self::AdvertisingDirected);
        }
        if let Some(mut rest) = after("Oldest bond dropped to make room: ") {
            return rest.peer().map(|peer| Self::OldestBondDropped { peer });
        }
        if let Some(mut rest) = after("No room for a bond with ") {
            let peer = rest.peer()?;
            let bonds = rest.0.strip_prefix("all ")?.split(' ').next()?.parse().ok()?;
            return Some(Self::BondTableFull { peer, bonds });
        }
        if text.starts_with("PHY updated: ") {
            let [tx, rx] = words.numbers()?;
            return Some(Self::PhyUpdated { tx: small(tx)?, rx: small(rx)? });
        }
        if text.starts_with("Data length updated: ") {
            let [tx, rx] = words.numbers()?;
            return Some(Self::DataLengthUpdated { tx, rx });
        }
        if text.starts_with("Connection parameters updated: ") {
            let [interval, latency, timeout] = words.numbers()?;
            return Some(Self::ParametersUpdated { interval, latency, timeout });
        }
        None
    }
}

fn small(number: u16) -> Option<u8> {
    u8::try_from(number).ok()
}

impl SecurityError {
    /// By its number.
    const fn of(number: u8) -> Option<Self> {
        Some(match number {
            0 => Self::Success,
            1 => Self::AuthFail,
            2 => Self::PinOrKeyMissing,
            3 => Self::OobNotAvailable,
            4 => Self::AuthRequirement,
            5 => Self::PairNotSupported,
            6 => Self::PairNotAllowed,
            7 => Self::InvalidParam,
            8 => Self::KeyRejected,
            9 => Self::Unspecified,
            _ => return None,
        })
    }
}

/// What of a text has not been written yet: writing anything else is an error.
struct Same<'a>(&'a str);

impl fmt::Write for Same<'_> {
    fn write_str(&mut self, part: &str) -> fmt::Result {
        self.0 = self.0.strip_prefix(part).ok_or(fmt::Error)?;
        Ok(())
    }
}

/// What is left of a text.
struct Words<'a>(&'a str);

impl Words<'_> {
    /// An address as it is printed, and what separates it from the rest.
    fn peer(&mut self) -> Option<Address> {
        let (address, rest) = self.0.split_once(')')?;
        let (octets, kind) = address.split_once(" (")?;
        let kind = match kind {
            "public" => AddressKind::Public,
            "random" => AddressKind::Random,
            _ => return None,
        };
        let mut values = octets.split(':').map(|octet| u8::from_str_radix(octet, 16).ok());
        let mut reversed = [0; 6];
        for octet in reversed.iter_mut().rev() {
            *octet = values.next()??;
        }
        self.0 = rest.trim_start_matches([',', ':', ' ']);
        values.next().is_none().then(|| Address::new(kind, reversed))
    }

    /// The number at the end.
    fn last<T: core::str::FromStr>(&self) -> Option<T> {
        let text = self.0.trim_end_matches(')');
        text.rsplit(' ').next()?.parse().ok()
    }

    /// The numbers that are words.
    fn numbers<const N: usize>(&mut self) -> Option<[u16; N]> {
        let mut found = self.0.split([' ', ',']).filter_map(|word| word.parse().ok());
        let mut numbers = [0; N];
        for number in &mut numbers {
            *number = found.next()?;
        }
        Some(numbers)
    }
}

#[cfg(test)]
mod tests {
    extern crate std;

    use std::format;
    use std::string::String;

    use proptest::prelude::*;

    use super::*;

    const PEER: Address = Address::static_random([0xC0, 0x1D, 0xB0, 0x0B, 0x1E, 0x55]);

    fn lines() -> [Line; 20] {
        let peer = Address::public([1, 2, 3, 4, 5, 0xFF]);
        [
            Line::Initialized,
            Line::PairingMode(false),
            Line::StaticPasskeyWarning,
            Line::Disconnected(ErrorCode::CONNECTION_TIMEOUT),
            Line::ConnectionFailed(ErrorCode(2)),
            Line::AcceptListSize(3),
            Line::SecurityChanged { peer, level: 4 },
            Line::SecurityFailed { peer: PEER, level: 1, error: SecurityError::Unspecified },
            Line::Passkey { peer, passkey: 42 },
            Line::ConfirmPasskey { peer: PEER, passkey: 999_999 },
            Line::PairingCancelled(peer),
            Line::PairingComplete { peer, bonded: true },
            Line::PairingComplete { peer, bonded: false },
            Line::PairingFailed { peer: PEER, reason: 0x0B },
            Line::AdvertisingDirected(peer),
            Line::OldestBondDropped { peer },
            Line::BondTableFull { peer, bonds: 3 },
            Line::PhyUpdated { tx: 2, rx: 1 },
            Line::DataLengthUpdated { tx: 251, rx: 27 },
            Line::ParametersUpdated { interval: 24, latency: 0, timeout: 42 },
        ]
    }

    #[test]
    fn a_line_is_read_as_it_was_printed() {
        for line in lines() {
            let log = Log { severity: Severity::Warning, module: "bt_smp", line };
            for text in [
                format!("<wrn> {log}"),
                format!("[00:00:15.123,456] <wrn> {log}\r"),
                format!("WARN {log}"),
                format!("15.123456 WARN {log}"),
            ] {
                assert_eq!(Log::read(&text).as_ref(), Some(&log), "{text}");
            }
        }
    }

    #[test]
    fn what_says_anything_else_is_not_read() {
        for text in [
            "",
            "Connected",
            "<inf> Connected",
            "<inf> mine: Connected",
            "<inf> BLE_Main: Connected!",
            "<xyz> BLE_Main: Connected",
            "<inf> BLE_Main: Disconnected (reason 008)",
            "<inf> BLE_Main: Disconnected (reason 256)",
            "<inf> BLE_Main: Passkey for 01:02:03:04:05:06 (public): 0000042",
            "<inf> BLE_Main: Passkey for 01:02:03:04:05 (public): 000042",
            "<inf> BLE_Main: Pairing completed: 01:02:03:04:05:06 (public), bonded: 2",
            "<inf> BLE_Main: PHY updated: tx 2, rx 300",
        ] {
            assert_eq!(Log::read(text), None, "{text}");
        }
    }

    proptest! {
        /// Whatever a program prints.
        #[test]
        fn any_text_is_read_or_not(text in ".*", cut in 0_usize..40, number in 0_usize..20) {
            let _ = Log::read(&text);
            let known = format!("<inf> BLE_Main: {}", lines()[number]);
            let cut: String = known.chars().take(cut).chain(text.chars()).collect();
            let _ = Log::read(&cut);
        }
    }
}
