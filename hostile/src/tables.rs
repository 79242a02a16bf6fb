//! Inputs that the tables give: every class of values of every key, every command and PDU in every
//! length, two hosts at cross purposes, findings of runs that were drawn. They begin where a fuzzer
//! would arrive in hours.

use ble::pdu::control::Opcode;
use bletwin_bridge::endpoint::Endpoint;
use bletwin_explore::random::{Space, draw};
use bletwin_explore::saved::Saved;
use bletwin_explore::{Case, PANIC};
use bletwin_models::profile::{KEYS, Profile, catalogue};
use bletwin_schema::{Keys, Written};
use bletwin_setup::keys::PERIPHERAL;
use bletwin_setup::{PRESETS, preset};

use crate::sessions;

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
        "hci" => hosts(bare),
        "h4" => hosts(sessions::command),
        "central" => centrals(),
        "firmware" => firmwares(),
        "finding" => findings(),
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

fn centrals() -> Vec<Vec<u8>> {
    let line = |line: &String| format!("version = 1\nextends = \"honest\"\n{line}").into_bytes();
    let built_in = catalogue::names().filter_map(catalogue::text).map(|text| text.into());
    lines(KEYS, &Profile::honest()).iter().map(line).chain(built_in).collect()
}

fn firmwares() -> Vec<Vec<u8>> {
    let of = |name: &&str| {
        let lines = preset(name).map(|build| lines(PERIPHERAL, &build)).unwrap_or_default();
        let head = format!("preset = {name:?}\n");
        lines.into_iter().map(move |line| format!("{head}{line}").into_bytes())
    };
    PRESETS.iter().flat_map(of).collect()
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
    (0..FINDINGS).map(|seed| saved(draw(&space, seed)).to_file("title").into_bytes()).collect()
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

    /// What a reader refuses at its first line leads a fuzzer nowhere.
    #[test]
    fn most_profiles_firmwares_and_all_findings_are_taken() {
        let path = Path::new("table.toml");
        let taken = |text: &String| {
            let read = |wanted: &Path| match wanted == path {
                true => Ok(text.clone()),
                false => Err(io::Error::from(io::ErrorKind::NotFound)),
            };
            profile::load(path, &read).is_ok()
        };
        let centrals = texts("central");
        let count = centrals.iter().filter(|text| taken(text)).count();
        assert!(count * 10 > centrals.len() * 8, "{count} of {}", centrals.len());
        let firmwares = texts("firmware");
        let count = firmwares.iter().filter(|text| Firmware::parse("", text).is_ok()).count();
        assert!(count * 10 > firmwares.len() * 8, "{count} of {}", firmwares.len());
        assert!(texts("finding").iter().all(|text| Saved::from_file(text).is_ok()));
    }
}
