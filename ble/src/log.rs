//! What firmware logs, as values whose texts are those of the course application.

mod read;

use core::fmt;

use crate::address::Address;
use crate::error::ErrorCode;
use crate::time::Duration;

pub use read::{MODULES, split};

/// Severity as Zephyr's log prints it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// Zephyr's `LOG_ERR`, printed as `<err>`.
    Error,
    /// Zephyr's `LOG_WRN`, printed as `<wrn>`.
    Warning,
    /// Zephyr's `LOG_INF`, printed as `<inf>`.
    Info,
    /// Zephyr's `LOG_DBG`, printed as `<dbg>`.
    Debug,
}

impl Severity {
    /// As Zephyr's log prints it: `err`, `wrn`, `inf`, `dbg`.
    #[must_use]
    pub const fn short(self) -> &'static str {
        match self {
            Self::Error => "err",
            Self::Warning => "wrn",
            Self::Info => "inf",
            Self::Debug => "dbg",
        }
    }
}

/// Time since the device was switched on, as Zephyr's log prints it: `00:00:15.123,456` are hours,
/// minutes, seconds, milliseconds, microseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stamp(pub Duration);

impl fmt::Display for Stamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Numbers of 32 bits: a firmware needs no others printed.
        let us = self.0.as_us();
        let (s, us) = ((us / 1_000_000) as u32, (us % 1_000_000) as u32);
        let (ms, rest) = (us / 1_000, us % 1_000);
        let (hours, minutes) = (s / 3_600, s / 60 % 60);
        write!(f, "{hours:02}:{minutes:02}:{:02}.{ms:03},{rest:03}", s % 60)
    }
}

/// A log line: where it comes from and what it says. [`Log::read`] undoes its `Display`, which
/// leaves out the severity: `BLE_Main: Connected`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Log {
    /// `<inf>` and the like.
    pub severity: Severity,
    /// `BLE_Main`, `bt_smp` and the like.
    pub module: &'static str,
    /// What happened; its text is printed after the module.
    pub line: Line,
}

impl fmt::Display for Log {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Without padding, which a firmware has no other use for; likewise below.
        f.write_str(self.module)?;
        f.write_str(": ")?;
        fmt::Display::fmt(&self.line, f)
    }
}

/// Everything the application and the host log, as values. The texts are those of the course
/// application (its `LOG_INF` lines) so that a log of the twin reads like a log of the device.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "the Display text says what each is")]
pub enum Line {
    Initialized,
    AdvertisingOpen,
    AdvertisingWithAcceptList,
    /// To the bonded central that has left.
    AdvertisingDirected(Address),
    AcceptListSize(u8),
    AdvertisingStarted,
    AcceptListCleared,
    Connected,
    ConnectionFailed(ErrorCode),
    Disconnected(ErrorCode),
    SecurityChanged {
        peer: Address,
        level: u8,
    },
    SecurityFailed {
        peer: Address,
        level: u8,
        error: SecurityError,
    },
    Passkey {
        peer: Address,
        passkey: u32,
    },
    ConfirmPasskey {
        peer: Address,
        passkey: u32,
    },
    PairingCancelled(Address),
    PairingComplete {
        peer: Address,
        bonded: bool,
    },
    PairingFailed {
        peer: Address,
        reason: u8,
    },
    BondDeleted,
    /// Pairing mode has begun or is over.
    PairingMode(bool),
    BondRefused {
        identity: Address,
        why: &'static str,
    },
    BondTableFull {
        peer: Address,
        bonds: u8,
    },
    OldestBondDropped {
        peer: Address,
    },
    ConnectionObjectAvailable,
    SmpTimeout,
    /// A request or an indication was not answered within 30 s.
    AttTimeout,
    StaticPasskeyWarning,
    FailedToEstablish,
    PhyUpdated {
        tx: u8,
        rx: u8,
    },
    DataLengthUpdated {
        tx: u16,
        rx: u16,
    },
    ParametersUpdated {
        interval: u16,
        latency: u16,
        timeout: u16,
    },
    ProcedureFailed {
        what: &'static str,
        error: ErrorCode,
    },
}

/// `enum bt_security_err` of current Zephyr.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[allow(missing_docs, reason = "named as Zephyr names them")]
pub enum SecurityError {
    Success = 0,
    AuthFail = 1,
    PinOrKeyMissing = 2,
    OobNotAvailable = 3,
    AuthRequirement = 4,
    PairNotSupported = 5,
    PairNotAllowed = 6,
    InvalidParam = 7,
    KeyRejected = 8,
    Unspecified = 9,
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Initialized => f.write_str("Bluetooth initialized"),
            Self::AdvertisingOpen => f.write_str("Advertising with no Accept list"),
            Self::AdvertisingWithAcceptList => f.write_str("Advertising with Accept list"),
            Self::AdvertisingDirected(peer) => write!(f, "Advertising directed to {peer}"),
            Self::AcceptListSize(n) => write!(f, "Acceptlist setup number  = {n}"),
            Self::AdvertisingStarted => f.write_str("Advertising successfully started"),
            Self::AcceptListCleared => f.write_str("Accept list cleared succesfully"),
            Self::Connected => f.write_str("Connected"),
            Self::ConnectionFailed(e) => write!(f, "Connection failed (err {})", e.0),
            Self::Disconnected(e) => write!(f, "Disconnected (reason {})", e.0),
            Self::SecurityChanged { peer, level } => {
                write!(f, "Security changed: {peer} level {level}")
            }
            Self::SecurityFailed { peer, level, error } => {
                write!(f, "Security failed: {peer} level {level} err {}", *error as u8)
            }
            Self::Passkey { peer, passkey } => write!(f, "Passkey for {peer}: {passkey:06}"),
            Self::ConfirmPasskey { peer, passkey } => {
                write!(f, "Confirm passkey for {peer}: {passkey:06}")
            }
            Self::PairingCancelled(peer) => write!(f, "Pairing cancelled: {peer}"),
            Self::PairingComplete { peer, bonded } => {
                write!(f, "Pairing completed: {peer}, bonded: {}", u8::from(*bonded))
            }
            Self::PairingFailed { peer, reason } => {
                write!(f, "Pairing failed: {peer}, reason 0x{reason:02x}")
            }
            Self::BondDeleted => f.write_str("Bond deleted succesfully"),
            Self::PairingMode(true) => f.write_str("Pairing mode on"),
            Self::PairingMode(false) => f.write_str("Pairing mode off"),
            Self::BondRefused { identity, why } => {
                write!(f, "Bond with {identity} refused: ")?;
                f.write_str(why)
            }
            Self::BondTableFull { peer, bonds } => {
                write!(f, "No room for a bond with {peer}: all {bonds} places are taken")
            }
            Self::OldestBondDropped { peer } => {
                write!(f, "Oldest bond dropped to make room: {peer}")
            }
            Self::ConnectionObjectAvailable => f.write_str(
                "Connection object available from previous conn. \
                 Disconnect/stop advertising is completed!",
            ),
            Self::SmpTimeout => f.write_str("SMP Timeout"),
            Self::AttTimeout => f.write_str("ATT Timeout"),
            Self::StaticPasskeyWarning => f.write_str(
                "Static passkey in use: each pairing attempt discloses one bit; \
                 20 attempts or one sniffed pairing reveal it",
            ),
            Self::FailedToEstablish => f.write_str("failed to establish. RF noise?"),
            Self::PhyUpdated { tx, rx } => write!(f, "PHY updated: tx {tx}, rx {rx}"),
            Self::DataLengthUpdated { tx, rx } => {
                write!(f, "Data length updated: tx {tx}, rx {rx}")
            }
            Self::ParametersUpdated { interval, latency, timeout } => write!(
                f,
                "Connection parameters updated: interval {interval}, latency {latency}, \
                 timeout {timeout}"
            ),
            Self::ProcedureFailed { what, error } => {
                f.write_str(what)?;
                write!(f, " failed (err 0x{:02x})", error.0)
            }
        }
    }
}
