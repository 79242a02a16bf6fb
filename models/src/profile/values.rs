//! The words of profile files: what each kind of value may be.

use firmware_core::address::{Address, AddressKind};
use firmware_core::config::IoCapability;
use firmware_core::error::ErrorCode;
use firmware_core::hci::ConnectionParameters;
use firmware_core::pdu::control::FeatureSet;
use firmware_core::phy::PhySet;
use firmware_core::time::Duration;

use super::text::{Text, words};
use crate::controller::quirk::{Answer, Condition, Stall};
use crate::controller::{AutomaticProcedure, OwnProcedure};
use crate::host::{
    BondedStart, DebugKey, HostProcedure, KeyMissing, OwnAddress, ParameterRules, Step, Uuid,
};

words!(IoCapability {
    "display-only" => Self::DisplayOnly,
    "display-yes-no" => Self::DisplayYesNo,
    "keyboard-only" => Self::KeyboardOnly,
    "none" => Self::NoInputNoOutput,
    "keyboard-display" => Self::KeyboardDisplay,
});
words!(DebugKey {
    "accept" => Self::Accept,
    "trust" => Self::Trust,
    "reject" => Self::Reject,
});
words!(KeyMissing {
    "disconnect" => Self::Disconnect,
    "pair-again" => Self::PairAgain,
    "ignore" => Self::Ignore,
});
words!(ParameterRules { "all" => Self::All, "apple" => Self::Apple, "reject" => Self::Reject });
words!(BondedStart {
    "encrypt-first" => Self::EncryptFirst,
    "encrypt-alongside" => Self::EncryptAlongside,
    "on-demand" => Self::OnDemand,
});
words!(HostProcedure {
    "features" => Self::Features,
    "version" => Self::Version,
    "data-length" => Self::DataLength,
    "phy" => Self::Phy(PhySet::LE_2M),
});
words!(Condition {
    "always" => Self::Always,
    "pairing" => Self::WhileSmpOrEncryptionPending,
    "encrypting" => Self::WhileEncryptionStarting,
    "plain" => Self::WhileNotEncrypted,
    "cached" => Self::IfFeaturesCached,
    "first" => Self::FirstConnection,
});

/// Six octets as printed.
fn octets(text: &str) -> Option<[u8; 6]> {
    let octets = text.split(':').map(|octet| match octet.len() {
        2 if octet.bytes().all(|b| b.is_ascii_hexdigit()) => u8::from_str_radix(octet, 16).ok(),
        _ => None,
    });
    octets.collect::<Option<Vec<u8>>>()?.try_into().ok()
}

/// A public device address, least significant octet first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct PublicAddress(pub(super) [u8; 6]);

impl Text for PublicAddress {
    fn expects() -> String {
        "as printed: 58:A0:23:A6:35:0A".into()
    }

    fn parse(text: &str) -> Option<Self> {
        match Address::public(octets(text)?) {
            Address { kind: AddressKind::Public, octets } => Some(Self(octets)),
            _ => None,
        }
    }
}

impl Text for OwnAddress {
    fn expects() -> String {
        "public, resolvable, or static:F0:0D:CA:FE:12:34".into()
    }

    fn parse(text: &str) -> Option<Self> {
        Some(match text.split_once(':') {
            None if text == "public" => Self::Public,
            None if text == "resolvable" => Self::Resolvable,
            Some(("static", printed)) => {
                let printed = octets(printed)?;
                (printed[0] >= 0xC0).then_some(Self::StaticRandom(printed))?
            }
            _ => return None,
        })
    }
}

impl Text for FeatureSet {
    fn expects() -> String {
        "the FeatureSet as a number, 0x59ff (as text, hexadecimal: 59ff)".into()
    }

    fn parse(text: &str) -> Option<Self> {
        u64::from_str_radix(text.strip_prefix("0x").unwrap_or(text), 16).ok().map(Self)
    }

    fn number(number: i64) -> Option<Self> {
        u64::try_from(number).ok().map(Self)
    }
}

/// An error code: decimal, or hexadecimal after `0x`.
pub(super) fn error_code(text: &str) -> Option<ErrorCode> {
    let code = match text.strip_prefix("0x") {
        Some(hex) => u8::from_str_radix(hex, 16).ok()?,
        None => text.parse().ok()?,
    };
    (code != 0).then_some(ErrorCode(code))
}

/// One answer to a request of the peripheral; without one, honesty.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Rule {
    pub(super) condition: Condition,
    pub(super) answer: Option<Answer>,
    pub(super) delay_events: u16,
}

impl Text for Rule {
    fn expects() -> String {
        format!(
            "ANSWER[@CONDITION][+EVENTS] with ANSWER honest, now, overlap, after-encryption, \
             never, block, silent:EVENTS, unknown, reject:CODE, reject-ext:CODE, then-phy-req, \
             then-param-req or no-switch, and CONDITION {}",
            Condition::expects()
        )
    }

    fn parse(text: &str) -> Option<Self> {
        let (text, delay) = text.split_once('+').unwrap_or((text, "0"));
        let (word, when) = text.split_once('@').unwrap_or((text, "always"));
        Some(Self {
            condition: Condition::parse(when)?,
            answer: if word == "honest" { None } else { Some(answer(word)?) },
            delay_events: delay.parse().ok()?,
        })
    }
}

impl Text for Stall {
    fn expects() -> String {
        "block, silent:EVENTS".into()
    }

    fn parse(text: &str) -> Option<Self> {
        match text.split_once(':') {
            None if text == "block" => Some(Self::Block),
            Some(("silent", events)) => Some(Self::SilentAfterEvents(events.parse().ok()?)),
            _ => None,
        }
    }
}

fn answer(text: &str) -> Option<Answer> {
    let (word, argument) = text.split_once(':').unwrap_or((text, ""));
    Some(match (word, argument) {
        ("now", "") => Answer::Now,
        ("overlap", "") => Answer::Overlap,
        ("after-encryption", "") => Answer::AfterEncryption,
        ("never", "") => Answer::Never,
        ("block", "") => Answer::BlockControl,
        ("silent", events) => Answer::SilentAfterEvents(events.parse().ok()?),
        ("unknown", "") => Answer::Unknown,
        ("reject", code) => Answer::RejectInd(error_code(code)?),
        ("reject-ext", code) => Answer::RejectExt(error_code(code)?),
        ("then-phy-req", "") => Answer::UpdateThenOwnPhyReq,
        ("then-param-req", "") => Answer::UpdateThenParamReq,
        ("no-switch", "") => Answer::UpdateNoSwitch,
        _ => return None,
    })
}

/// Connection parameters written `INTERVAL_US:LATENCY:TIMEOUT_MS`.
fn parameters(text: &str) -> Option<ConnectionParameters> {
    let mut parts = text.split(':').map(|part| part.parse::<u32>().ok());
    let (interval, latency, timeout) = (parts.next()??, parts.next()??, parts.next()??);
    let whole = interval.is_multiple_of(1250) && timeout.is_multiple_of(10);
    let interval = u16::try_from(interval / 1250).ok()?;
    let asked = ConnectionParameters {
        interval_min: interval,
        interval_max: interval,
        latency: u16::try_from(latency).ok()?,
        timeout: u16::try_from(timeout / 10).ok()?,
    };
    let fits = crate::host::acceptable(&asked, ParameterRules::All);
    (whole && fits && parts.next().is_none()).then_some(asked)
}

impl Text for OwnProcedure {
    fn expects() -> String {
        "PROCEDURE@EVENT with PROCEDURE features, version, length, phy, ping, channel-map[:MAP], \
         parameters[:INTERVAL_US:LATENCY:TIMEOUT_MS] or, for `press`, min-used-channels"
            .into()
    }

    fn parse(text: &str) -> Option<Self> {
        let (what, event) = text.split_once('@')?;
        let (word, argument) = what.split_once(':').unwrap_or((what, ""));
        let procedure = match (word, argument) {
            ("channel-map", map) if !map.is_empty() => {
                AutomaticProcedure::ChannelMap(channel_map(map)?)
            }
            ("parameters", asked) if !asked.is_empty() => {
                AutomaticProcedure::Parameters(parameters(asked)?)
            }
            (word, "") => AutomaticProcedure::by_name(word)?,
            _ => return None,
        };
        Some(Self { procedure, at_event: event.parse().ok()? })
    }
}

/// At least two of the 37 data channels.
fn channel_map(text: &str) -> Option<u64> {
    let map = u64::from_str_radix(text.strip_prefix("0x")?, 16).ok()?;
    (map < 1 << 37 && map.count_ones() >= 2).then_some(map)
}

fn uuid(text: &str) -> Option<Uuid> {
    let digits: String = text.chars().filter(|c| *c != '-').collect();
    Some(match (text, text.strip_prefix("0x")) {
        ("led", _) => Uuid::LED,
        ("button", _) => Uuid::BUTTON,
        (_, Some(short)) => Uuid::Short(u16::from_str_radix(short, 16).ok()?),
        _ if digits.len() == 32 => Uuid::printed(u128::from_str_radix(&digits, 16).ok()?),
        _ => return None,
    })
}

/// Octets as pairs of hexadecimal digits; at most as many as one write takes.
fn value(text: &str) -> Option<Vec<u8>> {
    let fits = text.is_ascii() && text.len().is_multiple_of(2) && text.len() <= 2 * 512;
    let pairs = text.as_bytes().chunks(2).map(|pair| {
        let pair = std::str::from_utf8(pair).ok()?;
        u8::from_str_radix(pair, 16).ok()
    });
    fits.then(|| pairs.collect())?
}

impl Text for Step {
    fn expects() -> String {
        "mtu, secure, discover, read:CHARACTERISTIC, write:CHARACTERISTIC:HEX, \
         subscribe:CHARACTERISTIC, stay:MILLISECONDS (at most 600000) or disconnect, with \
         CHARACTERISTIC led, button, 0x2a00 or a UUID of 128 bits"
            .into()
    }

    fn parse(text: &str) -> Option<Self> {
        let (word, argument) = text.split_once(':').unwrap_or((text, ""));
        Some(match (word, argument) {
            ("mtu", "") => Self::ExchangeMtu,
            ("secure", "") => Self::Secure,
            ("discover", "") => Self::Discover,
            ("disconnect", "") => Self::Disconnect,
            ("read", of) => Self::Read(uuid(of)?),
            ("subscribe", to) => Self::Subscribe(uuid(to)?),
            ("stay", ms) => {
                let ms = ms.parse().ok().filter(|ms| *ms <= 600_000)?;
                Self::Stay(Duration::from_ms(ms))
            }
            ("write", rest) => {
                let (to, octets) = rest.split_once(':')?;
                Self::Write(uuid(to)?, value(octets)?)
            }
            _ => return None,
        })
    }
}
