//! Lines of a finding.

use bletwin_models::profile::{KEYS, catalogue};
use bletwin_setup::PRESETS;
use bletwin_setup::keys::{AIR, CENTRAL_PREFIX, PERIPHERAL};

use super::Lines;
use super::values::{assignment, quoted, typo};
use crate::rng::Rng;

const CASE: &str = "[case]";
const SIDES: [&str; 4] = ["\"peripheral\"", "\"central\"", "\"nobody\"", "1"];
/// Procedures without parameters, and an invalid one.
const PLAIN: [&str; 8] =
    ["features", "version", "ping", "encryption", "terminate", "data", "dance", "phy"];
/// Numbers at the edges of all that a case counts.
const NUMBERS: [&str; 22] = [
    "0", "1", "2", "5", "6", "-1", "37", "38", "251", "255", "256", "499", "500", "999", "1000",
    "3200", "3201", "10000", "10001", "65535", "65536", "1000001",
];

/// A line that is drawn.
pub(super) fn lines(rng: &mut Rng) -> Lines<'static> {
    match rng.below(28) {
        0 => head(rng),
        1 => {
            let name = name(rng, &PRESETS);
            case("peripheral", &name)
        }
        2 | 3 => {
            let names: Vec<&str> = catalogue::names().collect();
            let name = name(rng, &names);
            case("central", &name)
        }
        4..=8 => {
            let set = list(rng, set);
            case("set", &set)
        }
        9..=13 => {
            let quirks = list(rng, |rng| assignment(rng, KEYS));
            case("quirks", &quirks)
        }
        14 => case("seed", rng.pick(&NUMBERS)),
        15 => case("csa", rng.pick(&["1", "2", "3", "\"2\"", "256"])),
        16 => case("encryption", rng.pick(&["\"on\"", "\"off\"", "\"perhaps\"", "true"])),
        17 => {
            let starts =
                ["\"fresh\"", "\"near-wrap\"", "\"latency-4\"", "\"2m\"", "\"coded\"", "\"late\""];
            case("start", rng.pick(&starts))
        }
        18 => case(rng.pick(&["interval", "loss-ppm", "until"]), rng.pick(&NUMBERS)),
        19 => {
            let refusals = list(rng, |rng| {
                rng.pick(&["central-parameters", "peripheral-key", "everything"]).into()
            });
            case("refuse", &refusals)
        }
        20 => {
            let rules = list(rng, |rng| rng.pick(&["LL-VERS-1", "LL-PHY-1", "x", ""]).into());
            case("suppress", &rules)
        }
        21 => {
            let number = rng.pick(&["0", "500", "-500", "501", "-501", "40000", "1.5"]);
            let who = rng.pick(&["peripheral", "central", "other"]);
            Lines::new("[case.clocks]", format!("{who} = {number}"))
        }
        22 => loss(rng),
        23 => Lines::new(CASE, typo(rng, "interval = 6")),
        _ => procedure(rng),
    }
}

fn case(key: &str, value: &str) -> Lines<'static> {
    Lines::new(CASE, format!("{key} = {value}"))
}

fn head(rng: &mut Rng) -> Lines<'static> {
    let text = quoted(rng.pick(&["LL-VERS-1", "two\nlines", "\r\u{1}", "", "# end of finding"]));
    let line = match rng.below(8) {
        0 => format!("schema = {}", rng.pick(&["1", "2", "-1", "\"1\""])),
        1 => format!("bletwin = {}", rng.pick(&["\"0.1.0\"", "\"9.9.9\"", "0.1"])),
        2 => format!("rule = {text}"),
        3 => format!("culprit = {}", rng.pick(&SIDES)),
        4 => format!("text = {text}"),
        5 => format!("trace = {text}"),
        6 => format!("control-pdus = {}", rng.pick(&NUMBERS)),
        _ => format!("other = {text}"),
    };
    Lines::new("", line)
}

/// One of these, a file, or nothing that is there.
fn name(rng: &mut Rng, names: &[&'static str]) -> String {
    let name = rng.pick(names);
    match rng.below(10) {
        0 => quoted(rng.pick(&["not-there.toml", "", "elf=x", "x/y"])),
        1 => quoted(&typo(rng, name)),
        2 => name.into(),
        _ => quoted(name),
    }
}

fn list(rng: &mut Rng, word: impl Fn(&mut Rng) -> String) -> String {
    let items: Vec<String> = (0..rng.few(6)).map(|_| quoted(&word(rng))).collect();
    match rng.below(16) {
        0 => items.join(", "),
        1 => "[]".into(),
        _ => format!("[{}]", items.join(", ")),
    }
}

fn set(rng: &mut Rng) -> String {
    let told = match rng.below(5) {
        0 => assignment(rng, AIR),
        1 | 2 => assignment(rng, PERIPHERAL),
        _ => format!("{CENTRAL_PREFIX}{}", assignment(rng, KEYS)),
    };
    match rng.below(12) {
        0 => typo(rng, &told),
        1 => told.replace('=', " = "),
        _ => told,
    }
}

fn procedure(rng: &mut Rng) -> Lines<'static> {
    let number = |rng: &mut Rng| rng.pick(&NUMBERS);
    let mut told = |key: &str, parts: &[&str]| {
        let parts: Vec<String> =
            parts.iter().map(|part| format!("{part} = {}", number(rng))).collect();
        format!("{{ {key} = {{ {} }} }}", parts.join(", "))
    };
    let link = ["interval", "latency", "timeout"];
    let with = [
        told("data-length", &["octets", "time"]),
        told("phy", &["tx", "rx"]),
        told("connection-update", &link),
        told("parameter-request", &link),
        told("channel-map", &["map"]),
        told("min-used-channels", &["channels"]),
        told("data-length", &["octets"]),
        told("ping", &["x"]),
    ];
    let what = match rng.below(2) {
        0 => quoted(rng.pick(&PLAIN)),
        _ => rng.pick(&with),
    };
    let sides = if rng.one_in(8) { &SIDES[..] } else { &SIDES[..2] };
    let who = rng.pick(sides);
    let event = rng.pick(&["0", "3", "10000", "10001", "-1"]);
    let mut text = format!("who = {who}\nwhat = {what}\nevent = {event}");
    if rng.one_in(2) {
        text += &format!("\nposition = {}", rng.pick(&["0", "999", "1000"]));
    }
    if rng.one_in(3) {
        text += rng.pick(&["\nforced = true", "\nforced = false", "\nforced = 1"]);
    }
    Lines::new("[[case.procedures]]", text)
}

fn loss(rng: &mut Rng) -> Lines<'static> {
    let (of, packet) = (rng.pick(&SIDES), rng.pick(&NUMBERS));
    let how = rng.pick(&["", "\nhow = \"lost\"", "\nhow = \"corrupted\"", "\nhow = \"seen\""]);
    Lines::new("[[case.losses]]", format!("of = {of}\npacket = {packet}{how}"))
}
