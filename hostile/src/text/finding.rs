//! Lines of a finding.

use bletwin_models::profile::{KEYS, catalogue};
use bletwin_setup::PRESETS;
use bletwin_setup::keys::{AIR, CENTRAL_PREFIX, PERIPHERAL};

use super::Lines;
use super::values::{assignment, quoted, typo};
use crate::luck::Luck;

const CASE: &str = "[case]";
const SIDES: [&str; 4] = ["\"peripheral\"", "\"central\"", "\"nobody\"", "1"];
/// Procedures without parameters, and one that is none.
const PLAIN: [&str; 8] =
    ["features", "version", "ping", "encryption", "terminate", "data", "dance", "phy"];
/// Numbers at the edges of all that a case counts.
const NUMBERS: [&str; 22] = [
    "0", "1", "2", "5", "6", "-1", "37", "38", "251", "255", "256", "499", "500", "999", "1000",
    "3200", "3201", "10000", "10001", "65535", "65536", "1000001",
];

/// A line that is drawn.
pub(super) fn lines(luck: &mut Luck) -> Lines<'static> {
    match luck.below(28) {
        0 => head(luck),
        1 => {
            let name = name(luck, &PRESETS);
            case("peripheral", &name)
        }
        2 | 3 => {
            let names: Vec<&str> = catalogue::names().collect();
            let name = name(luck, &names);
            case("central", &name)
        }
        4..=8 => {
            let set = list(luck, set);
            case("set", &set)
        }
        9..=13 => {
            let quirks = list(luck, |luck| assignment(luck, KEYS));
            case("quirks", &quirks)
        }
        14 => case("seed", luck.pick(&NUMBERS)),
        15 => case("csa", luck.pick(&["1", "2", "3", "\"2\"", "256"])),
        16 => case("encryption", luck.pick(&["\"on\"", "\"off\"", "\"perhaps\"", "true"])),
        17 => {
            let starts =
                ["\"fresh\"", "\"near-wrap\"", "\"latency-4\"", "\"2m\"", "\"coded\"", "\"late\""];
            case("start", luck.pick(&starts))
        }
        18 => case(luck.pick(&["interval", "loss-ppm", "until"]), luck.pick(&NUMBERS)),
        19 => {
            let refusals = list(luck, |luck| {
                luck.pick(&["central-parameters", "peripheral-key", "everything"]).into()
            });
            case("refuse", &refusals)
        }
        20 => {
            let rules = list(luck, |luck| luck.pick(&["LL-VERS-1", "LL-PHY-1", "x", ""]).into());
            case("suppress", &rules)
        }
        21 => {
            let number = luck.pick(&["0", "500", "-500", "501", "-501", "40000", "1.5"]);
            let who = luck.pick(&["peripheral", "central", "other"]);
            Lines::new("[case.clocks]", format!("{who} = {number}"))
        }
        22 => loss(luck),
        23 => Lines::new(CASE, typo(luck, "interval = 6")),
        _ => procedure(luck),
    }
}

fn case(key: &str, value: &str) -> Lines<'static> {
    Lines::new(CASE, format!("{key} = {value}"))
}

fn head(luck: &mut Luck) -> Lines<'static> {
    let text = quoted(luck.pick(&["LL-VERS-1", "two\nlines", "\r\u{1}", "", "# end of finding"]));
    let line = match luck.below(8) {
        0 => format!("schema = {}", luck.pick(&["1", "2", "-1", "\"1\""])),
        1 => format!("bletwin = {}", luck.pick(&["\"0.1.0\"", "\"9.9.9\"", "0.1"])),
        2 => format!("rule = {text}"),
        3 => format!("culprit = {}", luck.pick(&SIDES)),
        4 => format!("text = {text}"),
        5 => format!("trace = {text}"),
        6 => format!("control-pdus = {}", luck.pick(&NUMBERS)),
        _ => format!("other = {text}"),
    };
    Lines::new("", line)
}

/// One of these, a file, or nothing that is there.
fn name(luck: &mut Luck, names: &[&'static str]) -> String {
    let name = luck.pick(names);
    match luck.below(10) {
        0 => quoted(luck.pick(&["not-there.toml", "", "elf=x", "x/y"])),
        1 => quoted(&typo(luck, name)),
        2 => name.into(),
        _ => quoted(name),
    }
}

fn list(luck: &mut Luck, word: impl Fn(&mut Luck) -> String) -> String {
    let items: Vec<String> = (0..luck.few(6)).map(|_| quoted(&word(luck))).collect();
    match luck.below(16) {
        0 => items.join(", "),
        1 => "[]".into(),
        _ => format!("[{}]", items.join(", ")),
    }
}

fn set(luck: &mut Luck) -> String {
    let told = match luck.below(5) {
        0 => assignment(luck, AIR),
        1 | 2 => assignment(luck, PERIPHERAL),
        _ => format!("{CENTRAL_PREFIX}{}", assignment(luck, KEYS)),
    };
    match luck.below(12) {
        0 => typo(luck, &told),
        1 => told.replace('=', " = "),
        _ => told,
    }
}

fn procedure(luck: &mut Luck) -> Lines<'static> {
    let number = |luck: &mut Luck| luck.pick(&NUMBERS);
    let mut told = |key: &str, parts: &[&str]| {
        let parts: Vec<String> =
            parts.iter().map(|part| format!("{part} = {}", number(luck))).collect();
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
    let what = match luck.below(2) {
        0 => quoted(luck.pick(&PLAIN)),
        _ => luck.pick(&with),
    };
    let sides = if luck.one_in(8) { &SIDES[..] } else { &SIDES[..2] };
    let who = luck.pick(sides);
    let event = luck.pick(&["0", "3", "10000", "10001", "-1"]);
    let mut text = format!("who = {who}\nwhat = {what}\nevent = {event}");
    if luck.one_in(2) {
        text += &format!("\nposition = {}", luck.pick(&["0", "999", "1000"]));
    }
    if luck.one_in(3) {
        text += luck.pick(&["\nforced = true", "\nforced = false", "\nforced = 1"]);
    }
    Lines::new("[[case.procedures]]", text)
}

fn loss(luck: &mut Luck) -> Lines<'static> {
    let (of, packet) = (luck.pick(&SIDES), luck.pick(&NUMBERS));
    let how = luck.pick(&["", "\nhow = \"lost\"", "\nhow = \"corrupted\"", "\nhow = \"seen\""]);
    Lines::new("[[case.losses]]", format!("of = {of}\npacket = {packet}{how}"))
}
