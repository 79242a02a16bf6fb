//! What the user and the application do.

use ble::time::Duration;
use bletwin_schema::{Shape, ValueKind, Written};

use super::form;
use crate::host::{Step, Uuid};

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

/// What the user and the application do.
#[derive(Debug)]
pub(in crate::profile) enum Steps {}

impl ValueKind for Steps {
    type Value = Step;

    fn shape() -> Shape {
        let how = "mtu, secure, discover, read:CHARACTERISTIC, write:CHARACTERISTIC:HEX, \
                   subscribe:CHARACTERISTIC, stay:MILLISECONDS (at most 600000) or disconnect, \
                   with CHARACTERISTIC led, button, 0x2a00 or a UUID of 128 bits";
        let words = [
            "mtu",
            "secure",
            "discover",
            "read",
            "write",
            "subscribe",
            "stay",
            "disconnect",
            "led",
            "button",
        ];
        let examples = [
            "mtu",
            "secure",
            "discover",
            "read:0x2a00",
            "write:led:01",
            "subscribe:button",
            "stay:1000",
            "disconnect",
        ];
        form(how, &words, &examples)
    }

    fn parse(text: &str) -> Option<Step> {
        let (word, argument) = text.split_once(':').unwrap_or((text, ""));
        Some(match (word, argument) {
            ("mtu", "") => Step::ExchangeMtu,
            ("secure", "") => Step::Secure,
            ("discover", "") => Step::Discover,
            ("disconnect", "") => Step::Disconnect,
            ("read", of) => Step::Read(uuid(of)?),
            ("subscribe", to) => Step::Subscribe(uuid(to)?),
            ("stay", ms) => {
                let ms = ms.parse().ok().filter(|ms| *ms <= 600_000)?;
                Step::Stay(Duration::from_ms(ms))
            }
            ("write", rest) => {
                let (to, octets) = rest.split_once(':')?;
                Step::Write(uuid(to)?, value(octets)?)
            }
            _ => return None,
        })
    }

    fn write(step: &Step) -> Written {
        Written::Text(match step {
            Step::ExchangeMtu => "mtu".into(),
            Step::Secure => "secure".into(),
            Step::Discover => "discover".into(),
            Step::Disconnect => "disconnect".into(),
            Step::Read(of) => format!("read:{}", named(of)),
            Step::Subscribe(to) => format!("subscribe:{}", named(to)),
            Step::Stay(time) => format!("stay:{}", time.as_us() / 1_000),
            Step::Write(to, octets) => {
                let octets: String = octets.iter().map(|octet| format!("{octet:02x}")).collect();
                format!("write:{}:{octets}", named(to))
            }
        })
    }
}

fn named(uuid: &Uuid) -> String {
    match uuid {
        known if *known == Uuid::LED => "led".into(),
        known if *known == Uuid::BUTTON => "button".into(),
        Uuid::Short(short) => format!("{short:#06x}"),
        Uuid::Long(octets) => format!("{:032x}", u128::from_le_bytes(*octets)),
    }
}
