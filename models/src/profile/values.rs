//! The kinds of values that describe a central.

mod answers;
mod procedures;
mod steps;

use ble::address::{Address, AddressKind};
use ble::error::ErrorCode;
use ble::pdu::control::FeatureSet;
use ble::phy::PhySet;
use ble::security::IoCapability;
use ble::time::Duration;
use bletwin_schema::{Number, Shape, ValueKind, Word, Written, words};

pub(super) use answers::{AnswerWhen, Stalls, WrittenAnswer};
pub(super) use procedures::Procedures;
pub(super) use steps::Steps;

use crate::controller::quirk::Condition;
use crate::host::{
    BondedStart, Caching, DebugKey, Grant, HostProcedure, KeyMissing, OwnAddress, ParameterRules,
    Target,
};

words! {
    /// What a device can show and ask while pairing; a firmware has the same words.
    pub Io: IoCapability {
        "display-only" => IoCapability::DisplayOnly,
        "display-yes-no" => IoCapability::DisplayYesNo,
        "keyboard-only" => IoCapability::KeyboardOnly,
        "none" => IoCapability::NoInputNoOutput,
        "keyboard-display" => IoCapability::KeyboardDisplay,
    }
    /// What is thought of the debug key.
    pub(super) DebugKeys: DebugKey {
        "accept" => DebugKey::Accept,
        "trust" => DebugKey::Trust,
        "reject" => DebugKey::Reject,
    }
    /// What happens without the key of a bond.
    pub(super) MissingKey: KeyMissing {
        "disconnect" => KeyMissing::Disconnect,
        "pair-again" => KeyMissing::PairAgain,
        "ignore" => KeyMissing::Ignore,
    }
    /// How a bonded reconnection begins.
    pub(super) Start: BondedStart {
        "encrypt-first" => BondedStart::EncryptFirst,
        "encrypt-alongside" => BondedStart::EncryptAlongside,
        "on-demand" => BondedStart::OnDemand,
    }
    /// What is kept of attributes.
    pub(super) Kept: Caching {
        "none" => Caching::None,
        "handles" => Caching::Handles,
        "service-changed" => Caching::ServiceChanged,
        "hash" => Caching::Hash,
        "robust" => Caching::Robust,
    }
    /// What the host asks of its controller.
    pub(super) OnConnect: HostProcedure {
        "features" => HostProcedure::Features,
        "version" => HostProcedure::Version,
        "data-length" => HostProcedure::DataLength,
        "phy" => HostProcedure::Phy(PhySet::LE_2M),
    }
    /// ChSel of CONNECT_IND.
    pub(super) ChSel: Option<bool> {
        "as-features" => None,
        "on" => Some(true),
        "off" => Some(false),
    }
    /// Reasons that Disconnect may have.
    pub(super) Reasons: ErrorCode {
        "0x05" => ErrorCode::AUTHENTICATION_FAILURE,
        "0x13" => ErrorCode::REMOTE_USER_TERMINATED,
        "0x14" => ErrorCode::REMOTE_LOW_RESOURCES,
        "0x15" => ErrorCode::REMOTE_POWER_OFF,
        "0x1a" => ErrorCode::UNSUPPORTED_REMOTE_FEATURE,
        "0x29" => ErrorCode::UNIT_KEY_NOT_SUPPORTED,
        "0x3b" => ErrorCode::UNACCEPTABLE_CONNECTION_PARAMETERS,
    }
    /// When an answer is given.
    pub(super) When: Condition {
        "always" => Condition::Always,
        "pairing" => Condition::WhileSmpOrEncryptionPending,
        "encrypting" => Condition::WhileEncryptionStarting,
        "plain" => Condition::WhileNotEncrypted,
        "cached" => Condition::IfFeaturesCached,
        "first" => Condition::FirstConnection,
    }
}

/// A form that a sentence describes.
fn form(how: impl Into<String>, words: &[&'static str], examples: &[&str]) -> Shape {
    Shape::Form {
        how: how.into(),
        words: words.to_vec(),
        examples: examples.iter().map(ToString::to_string).collect(),
    }
}

/// A time that is written in whole milliseconds, from MIN to MAX.
#[derive(Debug)]
pub enum Millis<const MIN: i64, const MAX: i64> {}

impl<const MIN: i64, const MAX: i64> ValueKind for Millis<MIN, MAX> {
    type Value = Duration;

    fn shape() -> Shape {
        Number::<u32, MIN, MAX>::shape()
    }

    fn parse(text: &str) -> Option<Duration> {
        Number::<u32, MIN, MAX>::parse(text).map(|ms| Duration::from_ms(ms.into()))
    }

    fn write(value: &Duration) -> Written {
        Written::Number(i64::try_from(value.as_us() / 1_000).unwrap_or(i64::MAX))
    }
}

/// Six octets as printed.
fn octets(text: &str) -> Option<[u8; 6]> {
    let octets = text.split(':').map(|octet| match octet.len() {
        2 if octet.bytes().all(|b| b.is_ascii_hexdigit()) => u8::from_str_radix(octet, 16).ok(),
        _ => None,
    });
    octets.collect::<Option<Vec<u8>>>()?.try_into().ok()
}

/// Six octets, as [`octets`] reads them.
fn printed(octets: impl IntoIterator<Item = u8>) -> String {
    octets.into_iter().map(|octet| format!("{octet:02X}")).collect::<Vec<_>>().join(":")
}

/// A public device address, least significant octet first.
#[derive(Debug)]
pub(super) enum PublicAddress {}

impl ValueKind for PublicAddress {
    type Value = [u8; 6];

    fn shape() -> Shape {
        form("as printed: 58:A0:23:A6:35:0A", &[], &["58:A0:23:A6:35:0A"])
    }

    fn parse(text: &str) -> Option<[u8; 6]> {
        match Address::public(octets(text)?) {
            Address { kind: AddressKind::Public, octets } => Some(octets),
            _ => None,
        }
    }

    fn write(value: &[u8; 6]) -> Written {
        Written::Text(printed(value.iter().rev().copied()))
    }
}

/// Which parameters a peripheral gets.
#[derive(Debug)]
pub(super) enum Allowed {}

impl ValueKind for Allowed {
    type Value = ParameterRules;

    fn shape() -> Shape {
        form(
            "all, apple, apple-2019, at-most:MICROSECONDS (in steps of 1250), accept-only or \
             reject",
            &["all", "apple", "apple-2019", "at-most", "accept-only", "reject"],
            &["all", "apple", "apple-2019", "at-most:50000", "accept-only", "reject"],
        )
    }

    fn parse(text: &str) -> Option<ParameterRules> {
        Some(match text.split_once(':') {
            None if text == "all" => ParameterRules::All,
            None if text == "apple" => ParameterRules::Apple,
            None if text == "apple-2019" => ParameterRules::Apple2019,
            None if text == "accept-only" => ParameterRules::AcceptOnly,
            None if text == "reject" => ParameterRules::Reject,
            Some(("at-most", us)) => {
                ParameterRules::AtMost(Number::<u16, 7_500, 4_000_000, 1_250>::parse(us)?)
            }
            _ => return None,
        })
    }

    fn write(value: &ParameterRules) -> Written {
        Written::Text(match value {
            ParameterRules::All => "all".into(),
            ParameterRules::Apple => "apple".into(),
            ParameterRules::Apple2019 => "apple-2019".into(),
            ParameterRules::AtMost(longest) => format!("at-most:{}", u32::from(*longest) * 1_250),
            ParameterRules::AcceptOnly => "accept-only".into(),
            ParameterRules::Reject => "reject".into(),
        })
    }
}

/// What is made of parameters that are granted.
#[derive(Debug)]
pub(super) enum Grants {}

type IntervalUs = Number<u16, 7_500, 4_000_000, 1_250>;
type TimeoutMs = Number<u16, 100, 32_000, 10>;

impl ValueKind for Grants {
    type Value = Grant;

    fn shape() -> Shape {
        form(
            "interval:MICROSECONDS, at-least:MICROSECONDS, multiple-of:MICROSECONDS (in steps of \
             1250), shortest, latency:EVENTS, timeout:MILLISECONDS (in steps of 10) or \
             response-first (by L2CAP: the change begins when the response has arrived)",
            &[
                "interval",
                "at-least",
                "multiple-of",
                "shortest",
                "latency",
                "timeout",
                "response-first",
            ],
            &[
                "interval:100000",
                "at-least:60000",
                "multiple-of:40000",
                "shortest",
                "latency:2",
                "timeout:3000",
                "response-first",
            ],
        )
    }

    fn parse(text: &str) -> Option<Grant> {
        Some(match text.split_once(':') {
            None if text == "shortest" => Grant::Shortest,
            None if text == "response-first" => Grant::ResponseFirst,
            Some(("interval", us)) => Grant::Interval(IntervalUs::parse(us)?),
            Some(("at-least", us)) => Grant::AtLeast(IntervalUs::parse(us)?),
            Some(("multiple-of", us)) => Grant::MultipleOf(IntervalUs::parse(us)?),
            Some(("latency", events)) => Grant::Latency(Number::<u16, 0, 499>::parse(events)?),
            Some(("timeout", ms)) => Grant::Timeout(TimeoutMs::parse(ms)?),
            _ => return None,
        })
    }

    fn write(value: &Grant) -> Written {
        let us = |word: &str, units: u16| format!("{word}:{}", u32::from(units) * 1_250);
        Written::Text(match *value {
            Grant::Interval(units) => us("interval", units),
            Grant::AtLeast(units) => us("at-least", units),
            Grant::MultipleOf(units) => us("multiple-of", units),
            Grant::Shortest => "shortest".into(),
            Grant::Latency(events) => format!("latency:{events}"),
            Grant::Timeout(units) => format!("timeout:{}", u32::from(units) * 10),
            Grant::ResponseFirst => "response-first".into(),
        })
    }
}

/// The address that the central shows.
#[derive(Debug)]
pub(super) enum Shown {}

impl ValueKind for Shown {
    type Value = OwnAddress;

    fn shape() -> Shape {
        let example = "static:F0:0D:CA:FE:12:34";
        let words = ["public", "resolvable", "static"];
        form(
            format!("public, resolvable, or {example}"),
            &words,
            &["public", "resolvable", example],
        )
    }

    fn parse(text: &str) -> Option<OwnAddress> {
        Some(match text.split_once(':') {
            None if text == "public" => OwnAddress::Public,
            None if text == "resolvable" => OwnAddress::Resolvable,
            Some(("static", printed)) => {
                let printed = octets(printed)?;
                (printed[0] >= 0xC0).then_some(OwnAddress::StaticRandom(printed))?
            }
            _ => return None,
        })
    }

    fn write(value: &OwnAddress) -> Written {
        Written::Text(match value {
            OwnAddress::Public => "public".into(),
            OwnAddress::Resolvable => "resolvable".into(),
            OwnAddress::StaticRandom(octets) => format!("static:{}", printed(*octets)),
        })
    }
}

/// Whom the user picks.
#[derive(Debug)]
pub(super) enum Picked {}

impl ValueKind for Picked {
    type Value = Target;

    fn shape() -> Shape {
        Word::shape()
    }

    fn parse(text: &str) -> Option<Target> {
        Some(Target::Name(text.to_owned()))
    }

    fn write(value: &Target) -> Written {
        Written::Text(match value {
            Target::Name(name) => name.clone(),
            // Files name peripherals; only programs pick otherwise.
            Target::Address(address) => address.to_string(),
            Target::Any => String::new(),
        })
    }
}

/// A FeatureSet; as text it is hexadecimal, with or without 0x.
#[derive(Debug)]
pub(super) enum Features {}

impl ValueKind for Features {
    type Value = FeatureSet;

    fn shape() -> Shape {
        let how = "the FeatureSet as a number, 0x59ff (as text, hexadecimal: 59ff)";
        form(how, &[], &["0x59ff"])
    }

    fn parse(text: &str) -> Option<FeatureSet> {
        u64::from_str_radix(text.strip_prefix("0x").unwrap_or(text), 16).ok().map(FeatureSet)
    }

    fn number(number: i64) -> Option<FeatureSet> {
        u64::try_from(number).ok().map(FeatureSet)
    }

    fn write(value: &FeatureSet) -> Written {
        Written::Bits(value.0)
    }
}
