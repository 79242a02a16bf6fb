//! What can be changed of a profile from the command line.

use firmware_core::address::{Address, AddressKind};
use firmware_core::config::IoCapability;
use firmware_core::pdu::control::FeatureSet;
use firmware_core::time::Duration;
use thiserror::Error;

use super::{Profile, quirks};
use crate::controller::quirk::PeripheralRequest;
use crate::host::{DebugKey, KeyMissing, ParameterRules, Target};

/// Something of a central that can be set.
#[derive(Debug)]
pub struct Key {
    /// Name.
    pub name: &'static str,
    /// What it is and which values it takes.
    pub help: &'static str,
    set: fn(&mut Profile, &str) -> Option<()>,
}

/// Why a setting was not taken.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum SetError {
    /// There is no such key.
    #[error("a central has no key `{key}`; keys are {}", KEYS.map(|key| key.name).join(", "))]
    UnknownKey {
        /// As given.
        key: String,
    },
    /// The value makes no sense for the key.
    #[error("`{value}` is no value for `{key}`: {help}")]
    BadValue {
        /// As given.
        key: String,
        /// As given.
        value: String,
        /// What would be right.
        help: &'static str,
    },
}

macro_rules! keys {
    ($($name:literal, $help:expr, $set:expr;)*) => {
        /// Everything that [`Profile::set`] takes.
        pub const KEYS: [Key; [$($name),*].len()] =
            [$(Key { name: $name, help: $help, set: $set }),*];
    };
}

keys! {
    "address", "public address, as printed: 58:A0:23:A6:35:0A",
        |p, v| address(v).map(|octets| p.controller.public_address = octets);
    "features", "FeatureSet in hexadecimal: 59ff",
        |p, v| u64::from_str_radix(v, 16).ok().map(|bits| p.controller.features = FeatureSet(bits));
    "clock-ppm", "announced sleep clock accuracy, 0 to 500 ppm",
        |p, v| number(v, 0, 500).map(|ppm| p.controller.sleep_clock_ppm = ppm);
    "encryption-patience", "events to wait for each answer while encryption starts, or never",
        |p, v| optional(v, 1, u16::MAX).map(|n| p.controller.quirks.encryption_patience_events = n);
    "phy-req", quirks::SYNTAX, |p, v| quirks::set(p, PeripheralRequest::Phy, v);
    "length-req", quirks::SYNTAX, |p, v| quirks::set(p, PeripheralRequest::DataLength, v);
    "param-req", quirks::SYNTAX,
        |p, v| quirks::set(p, PeripheralRequest::ConnectionParameters, v);
    "feature-req", quirks::SYNTAX, |p, v| quirks::set(p, PeripheralRequest::Features, v);
    "version-ind", quirks::SYNTAX, |p, v| quirks::set(p, PeripheralRequest::Version, v);
    "press", quirks::PRESS_SYNTAX, quirks::press;
    "target", "name of the peripheral to connect to",
        |p, v| { p.host.target = Target::Name(v.into()); Some(()) };
    "interval-us", "connection interval, 7500 to 4000000 in steps of 1250", interval;
    "latency", "peripheral latency, 0 to 499",
        |p, v| number(v, 0, 499).map(|n| p.host.parameters.latency = n);
    "timeout-ms", "supervision timeout, 100 to 32000 in steps of 10",
        |p, v| stepped(v, 10, 100, 32_000).map(|n| p.host.parameters.timeout = n);
    "mtu", "ATT MTU to ask for, 23 to 527", |p, v| number(v, 23, 527).map(|n| p.host.mtu = n);
    "io", "display-only, display-yes-no, keyboard-only, none or keyboard-display",
        |p, v| io(v).map(|io| p.host.pairing.io = io);
    "mitm", "true or false", |p, v| v.parse().ok().map(|on| p.host.pairing.mitm = on);
    "require-mitm", "true or false",
        |p, v| v.parse().ok().map(|on| p.host.pairing.require_mitm = on);
    "pair-on-att-error", "true or false",
        |p, v| v.parse().ok().map(|on| p.host.pair_on.att_error = on);
    "pair-on-security-request", "true or false",
        |p, v| v.parse().ok().map(|on| p.host.pair_on.security_request = on);
    "debug-key", "accept or reject", |p, v| debug_key(v).map(|k| p.host.pairing.debug_key = k);
    "key-missing", "disconnect, pair-again or ignore",
        |p, v| key_missing(v).map(|k| p.host.key_missing = k);
    "parameter-rules", "all, apple or reject",
        |p, v| parameter_rules(v).map(|r| p.host.parameter_rules = r);
    "give-up-ms", "the host gives up after so much silence while pairing, 1 to 65535, or never",
        |p, v| optional(v, 1, u16::MAX).map(|ms| p.host.give_up = ms.map(millis));
    "reconnect-ms", "connect again so long after a disconnection, 1 to 65535, or never",
        |p, v| optional(v, 1, u16::MAX).map(|ms| p.host.reconnect = ms.map(millis));
    "connections", "most connections, 1 to 1000",
        |p, v| number(v, 1, 1000).map(|n| p.host.max_connections = n.into());
    "p256-ms", "time of one P-256 operation, 0 to 10000",
        |p, v| number(v, 0, 10_000).map(|ms| p.host.p256_time = millis(ms));
}

pub(super) fn set(profile: &mut Profile, key: &str, value: &str) -> Result<(), SetError> {
    let Some(known) = KEYS.iter().find(|known| known.name == key) else {
        return Err(SetError::UnknownKey { key: key.into() });
    };
    (known.set)(profile, value).ok_or_else(|| SetError::BadValue {
        key: key.into(),
        value: value.into(),
        help: known.help,
    })
}

fn millis(ms: u16) -> Duration {
    Duration::from_ms(ms.into())
}

fn number(text: &str, least: u16, most: u16) -> Option<u16> {
    text.parse().ok().filter(|n| (least..=most).contains(n))
}

fn optional(text: &str, least: u16, most: u16) -> Option<Option<u16>> {
    if text == "never" { Some(None) } else { number(text, least, most).map(Some) }
}

fn stepped(text: &str, step: u32, least: u32, most: u32) -> Option<u16> {
    let value: u32 = text.parse().ok()?;
    let fits = (least..=most).contains(&value) && value.is_multiple_of(step);
    fits.then(|| u16::try_from(value / step).ok()).flatten()
}

fn interval(profile: &mut Profile, text: &str) -> Option<()> {
    let units = stepped(text, 1_250, 7_500, 4_000_000)?;
    profile.host.parameters.interval_min = units;
    profile.host.parameters.interval_max = units;
    Some(())
}

fn address(text: &str) -> Option<[u8; 6]> {
    let octets = text.split(':').map(|octet| match octet.len() {
        2 => u8::from_str_radix(octet, 16).ok(),
        _ => None,
    });
    let printed: [u8; 6] = octets.collect::<Option<Vec<u8>>>()?.try_into().ok()?;
    let Address { kind: AddressKind::Public, octets } = Address::public(printed) else {
        return None;
    };
    Some(octets)
}

fn io(text: &str) -> Option<IoCapability> {
    Some(match text {
        "display-only" => IoCapability::DisplayOnly,
        "display-yes-no" => IoCapability::DisplayYesNo,
        "keyboard-only" => IoCapability::KeyboardOnly,
        "none" => IoCapability::NoInputNoOutput,
        "keyboard-display" => IoCapability::KeyboardDisplay,
        _ => return None,
    })
}

fn debug_key(text: &str) -> Option<DebugKey> {
    match text {
        "accept" => Some(DebugKey::Accept),
        "reject" => Some(DebugKey::Reject),
        _ => None,
    }
}

fn key_missing(text: &str) -> Option<KeyMissing> {
    match text {
        "disconnect" => Some(KeyMissing::Disconnect),
        "pair-again" => Some(KeyMissing::PairAgain),
        "ignore" => Some(KeyMissing::Ignore),
        _ => None,
    }
}

fn parameter_rules(text: &str) -> Option<ParameterRules> {
    match text {
        "all" => Some(ParameterRules::All),
        "apple" => Some(ParameterRules::Apple),
        "reject" => Some(ParameterRules::Reject),
        _ => None,
    }
}
