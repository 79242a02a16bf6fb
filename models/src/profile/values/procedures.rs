//! Procedures that a controller starts by itself.

use ble::hci::ConnectionParameters;
use ble::phy::PhySet;
use bletwin_schema::{Shape, ValueKind, Written};

use crate::controller::{AutomaticProcedure, OwnProcedure, Span, StartMoment};
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

const PHYS: [(&str, PhySet); 3] =
    [("1m", PhySet::LE_1M), ("2m", PhySet::LE_2M), ("coded", PhySet::CODED)];

/// PHYs written `1m+2m`.
fn phys(text: &str) -> Option<PhySet> {
    let named = |word| PHYS.iter().find(|(name, _)| *name == word).map(|(_, phy)| *phy);
    text.split('+').try_fold(PhySet::NONE, |all, word| Some(all.union(named(word)?)))
}

fn written_phys(set: PhySet) -> String {
    let in_it = PHYS.iter().filter(|(_, phy)| set.0 & phy.0 != 0);
    in_it.map(|(name, _)| *name).collect::<Vec<_>>().join("+")
}

/// Events, or milliseconds.
fn span(text: &str) -> Option<Span> {
    match text.strip_suffix("ms") {
        Some(ms) => ms.parse().ok().filter(|ms| *ms <= 600_000).map(Span::Ms),
        None => text.parse().ok().map(Span::Events),
    }
}

fn written_span(span: Span) -> String {
    match span {
        Span::Events(events) => events.to_string(),
        Span::Ms(ms) => format!("{ms}ms"),
    }
}

/// A procedure and when it is started.
#[derive(Debug)]
pub(in crate::profile) enum Procedures {}

impl ValueKind for Procedures {
    type Value = OwnProcedure;

    fn shape() -> Shape {
        let moments = StartMoment::NAMED.map(|(name, _)| name);
        let how = format!(
            "PROCEDURE@MOMENT[+DELAY][/PERIOD][~EVENTS][?] with PROCEDURE features, version, \
             length, phy[:PHYS[:PHYS]] (to send and to receive on: 1m, 2m, coded, with + between \
             them), ping, channel-map[:MAP] (MAP in hexadecimal, bit n for data channel n: \
             0x1fffffffff is all), parameters[:INTERVAL_US:LATENCY:TIMEOUT_MS] or, for `press`, \
             min-used-channels and raw[:OPCODE] (an LL Control PDU of this opcode, in hexadecimal, \
             and nothing else); MOMENT a connection event or {}; DELAY and PERIOD connection \
             events, or milliseconds as 120ms; ~EVENTS from the last PDU to its instant; ? unless \
             the peripheral has asked for the same",
            moments.join(", ")
        );
        let words = AutomaticProcedure::NAMES.map(|(word, _)| word);
        let examples = words.map(|word| format!("{word}@50"));
        let with = [
            "channel-map:0x1ffffff@50",
            "parameters:30000:0:4000@50",
            "raw:0x1a@50",
            "phy:1m@50",
            "phy:1m+2m:2m@50",
            "phy@50~4",
            "phy@50~-4",
            "length@60?",
            "ping@50+100ms",
            "ping@50/20",
        ];
        let asked = |name: &&str| if *name == "asked" { "phy" } else { "ping" };
        let when = moments.iter().map(|name| format!("{}@{name}", asked(name)));
        let examples = examples.into_iter().chain(with.map(str::to_owned)).chain(when).collect();
        Shape::Form { how, words: [&words[..], &moments].concat(), examples }
    }

    fn parse(text: &str) -> Option<OwnProcedure> {
        let (what, when) = text.split_once('@')?;
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
            ("phy", wished) if !wished.is_empty() => {
                let (tx, rx) = wished.split_once(':').unwrap_or((wished, wished));
                AutomaticProcedure::Phy { tx: phys(tx)?, rx: phys(rx)? }
            }
            (word, "") => AutomaticProcedure::by_name(word)?,
            _ => return None,
        };
        let (when, unless_asked) = match when.strip_suffix('?') {
            Some(when) => (when, true),
            None => (when, false),
        };
        let (when, ahead) = split(when, '~');
        let (when, period) = split(when, '/');
        let (moment, delay) = split(when, '+');
        let ahead = match ahead {
            Some(events) => Some(events.parse().ok()?),
            None => None,
        };
        let period = match period {
            Some(period) => Some(span(period)?),
            None => None,
        };
        let delay = delay.map_or(Some(Span::NONE), span)?;
        let named = StartMoment::NAMED.iter().find(|(name, _)| *name == moment);
        let moment = match named {
            Some((_, moment)) => *moment,
            None => StartMoment::Event(moment.parse().ok()?),
        };
        let recurs = !matches!(period, Some(Span::Events(0) | Span::Ms(0)));
        recurs.then_some(OwnProcedure { procedure, moment, delay, period, ahead, unless_asked })
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
            AutomaticProcedure::Phy { tx, rx } if tx == rx && tx != PhySet::NONE => {
                format!(":{}", written_phys(tx))
            }
            AutomaticProcedure::Phy { tx, rx } if tx != PhySet::NONE => {
                format!(":{}:{}", written_phys(tx), written_phys(rx))
            }
            _ => String::new(),
        };
        let moment = match own.moment {
            StartMoment::Event(event) => event.to_string(),
            named => {
                let known = StartMoment::NAMED.iter().find(|(_, moment)| *moment == named);
                known.map_or("", |(name, _)| *name).to_owned()
            }
        };
        let mut text = format!("{}{with}@{moment}", own.procedure.name());
        if own.delay != Span::NONE {
            text += &format!("+{}", written_span(own.delay));
        }
        if let Some(period) = own.period {
            text += &format!("/{}", written_span(period));
        }
        if let Some(events) = own.ahead {
            text += &format!("~{events}");
        }
        if own.unless_asked {
            text += "?";
        }
        Written::Text(text)
    }
}

/// What stands before a sign, and behind it where it is there.
fn split(text: &str, sign: char) -> (&str, Option<&str>) {
    text.split_once(sign).map_or((text, None), |(before, behind)| (before, Some(behind)))
}

/// At least two of the 37 data channels, in hexadecimal, as the ladder prints them or after `0x`.
fn channel_map(text: &str) -> Option<u64> {
    let map = u64::from_str_radix(text.strip_prefix("0x").unwrap_or(text), 16).ok()?;
    (map < 1 << 37 && map.count_ones() >= 2).then_some(map)
}
