//! Inputs that the tables give: every class of values of every key, every command and PDU in every
//! length, two hosts at cross purposes, findings of runs that were drawn. They begin where a fuzzer
//! would arrive in hours.

use ble::pdu::control::Opcode;
use bletwin_bridge::endpoint::Endpoint;
use bletwin_explore::random::{Space, draw};
use bletwin_explore::saved::Saved;
use bletwin_explore::{Case, PANIC};
use bletwin_models::profile::{KEYS, Profile, catalogue};
use bletwin_schema::{Keys, Shape, Written};
use bletwin_setup::keys::{AIR, CENTRAL_PREFIX, PERIPHERAL};
use bletwin_setup::{PRESETS, preset};

use crate::{sessions, text};

/// Octets that parameters are filled with.
const FILLS: [u8; 4] = [0, 1, 6, 0xFF];
/// Findings that are drawn.
const FINDINGS: u64 = 300;
/// Pieces that one input holds, whatever the entrance.
const PIECES: usize = 24;

/// The inputs of an entrance, by its name; none if there is no such entrance.
#[must_use]
pub fn inputs(target: &str) -> Vec<Vec<u8>> {
    match target {
        "air" => air(),
        "l2cap" => l2cap(),
        "hci" => [hosts(bare), events()].concat(),
        "h4" => hosts(sessions::command),
        "central" => centrals(),
        "firmware" => firmwares(),
        "finding" => findings(),
        "evidence" => crate::captures::inputs(),
        "debugger" => crate::debugger::inputs(),
        "configure" => crate::configure::inputs(),
        _ => Vec::new(),
    }
}

/// A command without its frame.
pub(super) fn bare(opcode: u16, parameters: &[u8]) -> Vec<u8> {
    [&opcode.to_le_bytes()[..], parameters].concat()
}

/// Pieces as [`crate::pieces`] cuts them: an octet for the entrance, one for the length.
fn joined(pieces: &[(u8, Vec<u8>)]) -> Vec<Vec<u8>> {
    let input = |pieces: &[(u8, Vec<u8>)]| {
        pieces
            .iter()
            .flat_map(|(kind, octets)| [&[*kind, octets.len() as u8][..], octets].concat())
            .collect()
    };
    pieces.chunks(PIECES).map(input).collect()
}

/// Every control PDU in its length, one octet less and one more.
fn air() -> Vec<Vec<u8>> {
    /// LLID of control PDUs.
    const CONTROL: u8 = 3;
    let mut inputs = Vec::new();
    for opcode in 0..=0x30 {
        let right = Opcode(opcode).ctr_data_len().unwrap_or(4);
        for length in [right, right + 1, right.saturating_sub(1)] {
            for fill in FILLS {
                let pdu = [vec![opcode], vec![fill; length]].concat();
                inputs.extend(joined(&[(CONTROL, pdu.clone()), (0, Vec::new()), (CONTROL, pdu)]));
            }
        }
    }
    inputs
}

/// Every code of ATT, of signalling and of SMP, in many lengths.
fn l2cap() -> Vec<Vec<u8>> {
    let channels = [(0, 0..=0x26, 0..=12), (0, 0xD0..=0xD4, 0..=20), (1, 1..=0x1A, 3..=13)];
    let smp = [(2, 1..=0x10, 0..=16), (2, 0x0C..=0x0C, 64..=64)];
    let mut inputs = Vec::new();
    for (channel, codes, lengths) in channels.into_iter().chain(smp) {
        for code in codes {
            for fill in FILLS {
                let frame = |length| (channel, [vec![code], vec![fill; length]].concat());
                inputs.extend(joined(&lengths.clone().map(frame).collect::<Vec<_>>()));
            }
        }
    }
    inputs
}

/// Every command alone, and sessions of two hosts.
fn hosts(packet: impl Fn(u16, &[u8]) -> Vec<u8> + Copy) -> Vec<Vec<u8>> {
    [commands(packet), sessions::sessions(packet)].concat()
}

/// Every event in many lengths, for the codec that reads them.
fn events() -> Vec<Vec<u8>> {
    const COMPLETE: u8 = 0x0E;
    const LE: u8 = 0x3E;
    let event = |code: u8, parameters: &[u8]| {
        (0, [&[code, parameters.len() as u8][..], parameters].concat())
    };
    let mut pieces = Vec::new();
    for fill in [0, 1, 2, 3, 0xFF] {
        for code in (1..=0x5F).chain([0xFF]).filter(|code| ![COMPLETE, LE].contains(code)) {
            pieces.extend((0..=12).map(|length| event(code, &vec![fill; length])));
        }
        for subevent in 1..=0x20 {
            let lengths = (0..=34).map(|length| [vec![subevent], vec![fill; length]].concat());
            pieces.extend(lengths.map(|parameters| event(LE, &parameters)));
        }
        for opcode in Endpoint::opcodes() {
            let head = [&[1][..], &opcode.to_le_bytes()].concat();
            for status in [0, 1] {
                let lengths = (0..=12).chain([64]);
                let rests = lengths.map(|length| [vec![status], vec![fill; length]].concat());
                pieces.extend(rests.map(|rest| event(COMPLETE, &[&head[..], &rest].concat())));
            }
            pieces.push(event(COMPLETE, &head));
        }
    }
    // Connections with every type of address, private ones and none.
    for (kind, private) in (0..=4).flat_map(|kind| [0, 1, 2, 3].map(|own| (kind, own))) {
        for role in 0..=2 {
            let head = [0, 1, 0, role, kind];
            let privates = [[private & 1; 6], [private >> 1; 6]].concat();
            let link = [6, 0, 0, 0, 100, 0, 1];
            pieces.push(event(LE, &[&[0x0A][..], &head, &[5; 6], &privates, &link].concat()));
            pieces.push(event(LE, &[&[0x01][..], &head, &[5; 6], &link].concat()));
            // A report of five octets of advertising data.
            let report = [&[1, role, kind][..], &[5; 6], &[5], &[2, 1, 6, 1, 0], &[0xC0]].concat();
            pieces.push(event(LE, &[&[0x02][..], &report].concat()));
        }
    }
    joined(&pieces)
}

/// Every command behind a Reset, in many lengths.
fn commands(packet: impl Fn(u16, &[u8]) -> Vec<u8>) -> Vec<Vec<u8>> {
    const RESET: u16 = 0x0C03;
    let mut inputs = Vec::new();
    for opcode in Endpoint::opcodes() {
        for fill in FILLS {
            let lengths = (0..=22).chain([25, 26, 29, 31, 32, 33, 35, 64, 66, 255]);
            let pieces: Vec<_> =
                lengths.map(|length| (1, packet(opcode, &vec![fill; length]))).collect();
            for few in pieces.chunks(PIECES - 1) {
                inputs.extend(joined(&[&[(1, packet(RESET, &[]))][..], few].concat()));
            }
        }
    }
    inputs
}

/// A line for every class of values of every key.
fn lines<T: Clone>(keys: Keys<T>, of: &T) -> Vec<String> {
    let written = |key: &bletwin_schema::Key<T>, sample: &str| -> Option<Written> {
        let mut changed = of.clone();
        keys.set(&mut changed, key.name, sample).ok()?;
        Some(key.get(&changed))
    };
    let of_key = |key: &'static bletwin_schema::Key<T>| {
        let classes = key.shape().classes().into_iter();
        let line = move |written: Written| format!("{} = {}\n", key.name, written.toml());
        classes.filter_map(move |class| written(key, &class.sample)).map(line)
    };
    keys.iter().flat_map(of_key).collect()
}

/// Every key with a value that hardly any takes, one after the other such value: a reader looks at
/// all keys of a file before it says what is wrong.
fn odd<T>(keys: Keys<T>, head: &str) -> Vec<Vec<u8>> {
    let long = Written::List(vec![Written::Text("x".into()); 65]).toml();
    let words = text::ODD_WORDS.iter().map(ToString::to_string).chain(text::long_words());
    let words = words.map(|word| Written::Text(word).toml());
    let values = text::ODD.iter().map(ToString::to_string).chain(words).chain([long]);
    // Numbers of every length, as words that are compared by length meet them.
    let lengths = (1..=19).flat_map(|length| {
        let digits = &"1234567891234567891"[..length];
        [digits.to_owned(), format!("-{digits}"), format!("{digits:?}")]
    });
    let file = |lines: String| format!("{head}{lines}").into_bytes();
    let same = |value: String| {
        keys.iter().map(|key| format!("{} = {value}\n", key.name)).collect::<String>()
    };
    // Then each with nearly valid values.
    let of_key = |key: &bletwin_schema::Key<T>| {
        let shape = key.shape();
        (key.name, [text::variants(&shape), text::beside(&shape)].concat())
    };
    let all: Vec<(&str, Vec<String>)> = keys.iter().map(of_key).collect();
    let most = all.iter().map(|(_, variants)| variants.len()).max().unwrap_or_default();
    let nearly = (0..most).map(|number| {
        let line = |(name, variants): &(&str, Vec<String>)| {
            let word = variants.get(number)?.clone();
            Some(format!("{name} = {}\n", Written::Text(word).toml()))
        };
        all.iter().filter_map(line).collect::<String>()
    });
    values.chain(lengths).map(same).chain(nearly).map(file).collect()
}

fn centrals() -> Vec<Vec<u8>> {
    let head = "version = 1\nextends = \"honest\"\n";
    let line = |line: &String| format!("{head}{line}").into_bytes();
    // What stands in one list may not go together.
    let pair = |key: &bletwin_schema::Key<Profile>| -> Vec<String> {
        let Shape::List(of) = key.shape() else { return Vec::new() };
        let all: Vec<String> = of.classes().into_iter().map(|class| class.sample).collect();
        let list = |one: &String, other: &String| {
            let items = vec![Written::Text(one.clone()), Written::Text(other.clone())];
            format!("{} = {}\n", key.name, Written::List(items).toml())
        };
        all.iter().flat_map(|one| all.iter().map(move |other| list(one, other))).collect()
    };
    let pairs: Vec<String> = KEYS.iter().flat_map(pair).collect();
    // Each line beside features that lack one of those that a key may ask for, or all.
    let lacks = [1_u64, 1 << 1, 1 << 3, 1 << 4, 1 << 5, 1 << 8, 1 << 11, 1 << 8 | 1 << 11, !0];
    let full = Endpoint::full().features.0;
    let with = |line: &String| {
        lacks.map(|lacks| format!("{head}features = {}\n{line}", full & !lacks).into_bytes())
    };
    let built_in = catalogue::names().filter_map(catalogue::text).map(|text| text.into());
    let right = lines(KEYS, &Profile::honest());
    let lacking = right.iter().filter(|line| !line.starts_with("features ")).flat_map(with);
    // Invalid TOML, in lines with characters of every length.
    let broken = ["word", "w\u{f6}rd", "\u{20ac}", "\u{1f600}", "a b", "\u{e9}", "", "#", "\"x"];
    let keys = ["mtu", "cl\u{e9}", "\u{20ac}", "\u{1f600}", "\"\u{20ac}\"", "a.b", "[x", ""];
    let broken = keys.iter().flat_map(|key| {
        broken.map(|value| [format!("{head}{key} = {value}\nmtu = 23"), format!("{key}{value}")])
    });
    let many = |name: &str| format!("{head}quirks = {:?}", vec![name; 70]);
    let many = catalogue::names().chain(["hostile.toml"]).map(many);
    let broken = broken.flatten().chain(many).map(String::into_bytes);
    right
        .iter()
        .chain(&pairs)
        .map(line)
        .chain(broken)
        .chain(built_in)
        .chain(odd(KEYS, head))
        .chain(lacking)
        .collect()
}

fn firmwares() -> Vec<Vec<u8>> {
    let of = |name: &&str| {
        let lines = preset(name).map(|build| lines(PERIPHERAL, &build)).unwrap_or_default();
        let head = format!("preset = {name:?}\n");
        lines.into_iter().map(move |line| format!("{head}{line}").into_bytes())
    };
    PRESETS.iter().flat_map(of).chain(odd(PERIPHERAL, "")).collect()
}

/// `KEY=WORD` for every key, and every word that is odd or nearly right.
fn words<T>(prefix: &str, keys: Keys<T>) -> Vec<String> {
    let long = vec!["x"; 65].join(",");
    let of_key = |key: &bletwin_schema::Key<T>| -> Vec<String> {
        let odd = text::ODD_WORDS.iter().map(ToString::to_string).chain([long.clone()]);
        let long = text::long_words().into_iter().filter(|_| key.values().contains("write:"));
        let all = odd.chain(text::variants(&key.shape())).chain(long);
        all.map(|word| format!("{prefix}{}={word}", key.name)).collect()
    };
    keys.iter().flat_map(of_key).collect()
}

fn findings() -> Vec<Vec<u8>> {
    let saved = |case: Case| Saved {
        schema: bletwin_explore::saved::SCHEMA,
        bletwin: Saved::version().into(),
        rule: PANIC.into(),
        culprit: None,
        text: "what was found".into(),
        trace: "00".repeat(32),
        control_pdus: 1,
        case,
    };
    let space = Space::default();
    let drawn = (0..FINDINGS).map(|seed| draw(&space, seed));
    // As after `--set`, every key with all that is odd or nearly right; a reader stops at the first
    // that is wrong.
    let odd = [words("", AIR), words("", PERIPHERAL), words(CENTRAL_PREFIX, KEYS)].concat();
    let odd = odd.into_iter().map(|set| Case { set: vec![set], ..Case::default() });
    drawn.chain(odd).map(|case| saved(case).to_file("title").into_bytes()).collect()
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::path::Path;

    use bletwin_models::profile;
    use bletwin_setup::Firmware;

    use super::*;
    use crate::TARGETS;

    fn texts(target: &str) -> Vec<String> {
        inputs(target).into_iter().map(|input| String::from_utf8(input).expect("a text")).collect()
    }

    #[test]
    fn each_entrance_has_some() {
        for (target, _) in TARGETS {
            assert!(inputs(target).len() > 100, "{target}");
        }
    }

    /// An input that is refused at its first line is useless to a fuzzer.
    #[test]
    fn many_profiles_and_firmwares_and_all_drawn_findings_are_taken() {
        let path = Path::new("table.toml");
        let taken = |text: &String| {
            let read = |wanted: &Path| match wanted == path {
                true => Ok(text.clone()),
                false => Err(io::Error::from(io::ErrorKind::NotFound)),
            };
            profile::load(path, &read).is_ok()
        };
        let many = |name: &str, taken: &dyn Fn(&String) -> bool| {
            let texts: Vec<String> = texts(name).into_iter().take(500).collect();
            let count = texts.iter().filter(|text| taken(text)).count();
            assert!(count > 100, "{count} of {} {name}", texts.len());
        };
        many("central", &taken);
        many("firmware", &|text| Firmware::parse("", text).is_ok());
        let drawn = texts("finding").into_iter().take(FINDINGS as usize);
        assert!(drawn.map(|text| Saved::from_file(&text)).all(|read| read.is_ok()));
    }
}
