//! Procedures that a controller starts by itself.

use ble::hci::ConnectionParameters;
use bletwin_schema::{Shape, ValueKind, Written};

use crate::controller::{AutomaticProcedure, OwnProcedure};
use crate::host::ParameterRules;

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

/// A procedure and the event in which it starts.
#[derive(Debug)]
pub(in crate::profile) enum Procedures {}

impl ValueKind for Procedures {
    type Value = OwnProcedure;

    fn shape() -> Shape {
        let how = "PROCEDURE@EVENT with PROCEDURE features, version, length, phy, ping, \
                   channel-map[:MAP] (MAP in hexadecimal, bit n for data channel n: 0x1fffffffff \
                   is all), parameters[:INTERVAL_US:LATENCY:TIMEOUT_MS] or, for `press`, \
                   min-used-channels and raw[:OPCODE] (an LL Control PDU of this opcode, in \
                   hexadecimal, and nothing else)";
        let words = AutomaticProcedure::NAMES.map(|(word, _)| word);
        let examples = words.map(|word| format!("{word}@50"));
        let with = ["channel-map:0x1ffffff@50", "parameters:30000:0:4000@50", "raw:0x1a@50"];
        let examples = examples.into_iter().chain(with.map(str::to_owned)).collect();
        Shape::Form { how: how.into(), words: words.to_vec(), examples }
    }

    fn parse(text: &str) -> Option<OwnProcedure> {
        let (what, event) = text.split_once('@')?;
        let (word, argument) = what.split_once(':').unwrap_or((what, ""));
        let procedure = match (word, argument) {
            ("channel-map", map) if !map.is_empty() => {
                AutomaticProcedure::ChannelMap(channel_map(map)?)
            }
            ("parameters", asked) if !asked.is_empty() => {
                AutomaticProcedure::Parameters(parameters(asked)?)
            }
            ("raw", opcode) if !opcode.is_empty() => {
                let digits = opcode.strip_prefix("0x").unwrap_or(opcode);
                AutomaticProcedure::Raw(u8::from_str_radix(digits, 16).ok()?)
            }
            (word, "") => AutomaticProcedure::by_name(word)?,
            _ => return None,
        };
        Some(OwnProcedure { procedure, at_event: event.parse().ok()? })
    }

    fn write(own: &OwnProcedure) -> Written {
        let with = match own.procedure {
            AutomaticProcedure::ChannelMap(map) => format!(":{map:#x}"),
            AutomaticProcedure::Raw(opcode) => format!(":{opcode:#04x}"),
            AutomaticProcedure::Parameters(p) => format!(
                ":{}:{}:{}",
                u32::from(p.interval_max) * 1_250,
                p.latency,
                u32::from(p.timeout) * 10
            ),
            _ => String::new(),
        };
        Written::Text(format!("{}{with}@{}", own.procedure.name(), own.at_event))
    }
}

/// At least two of the 37 data channels, in hexadecimal, as the ladder prints them or after `0x`.
fn channel_map(text: &str) -> Option<u64> {
    let map = u64::from_str_radix(text.strip_prefix("0x").unwrap_or(text), 16).ok()?;
    (map < 1 << 37 && map.count_ones() >= 2).then_some(map)
}
