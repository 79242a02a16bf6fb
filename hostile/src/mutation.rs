//! Structured changes of an input: pieces of a dialogue, or lines of a text. A fuzzer that flips
//! octets finds a command's opcode, its length and its handle one after the other, if at all; here
//! it is given whole ones, in any order and any number.

use crate::dialogue::Form;
use crate::packets::Layer;
use crate::rng::Rng;
use crate::{captures, configure, debugger, dialogue, packets, text};

/// The kind of inputs of an entrance.
enum Kind {
    Dialogue(Form),
    Packets(Layer),
    Text,
    Capture,
    Debugger,
    Configure,
}

fn kind(target: &str) -> Kind {
    match target {
        "hci" => Kind::Dialogue(Form::Bare),
        "h4" => Kind::Dialogue(Form::Framed),
        "air" => Kind::Packets(Layer::Air),
        "l2cap" => Kind::Packets(Layer::L2cap),
        "evidence" => Kind::Capture,
        "debugger" => Kind::Debugger,
        "configure" => Kind::Configure,
        _ => Kind::Text,
    }
}

/// The input with a few changes, drawn from `seed`; `None` for an entrance whose inputs have no
/// such structure.
#[must_use]
pub fn changed(target: &str, input: &[u8], seed: u32) -> Option<Vec<u8>> {
    let mut rng = Rng(seed.into());
    match kind(target) {
        Kind::Dialogue(form) => Some(dialogue::changed(input, &mut rng, form)),
        Kind::Packets(layer) => Some(packets::changed(input, &mut rng, layer)),
        Kind::Text => text::changed(target, input, &mut rng),
        Kind::Capture => Some(captures::changed(input, &mut rng)),
        Kind::Debugger => Some(debugger::changed(input, &mut rng)),
        Kind::Configure => Some(configure::changed(input, &mut rng)),
    }
}

/// What two inputs make together, drawn from `seed`; `None` as for [`changed`].
#[must_use]
pub fn crossed(target: &str, one: &[u8], other: &[u8], seed: u32) -> Option<Vec<u8>> {
    let mut rng = Rng(seed.into());
    match kind(target) {
        Kind::Dialogue(_) => Some(dialogue::crossed(one, other, &mut rng)),
        Kind::Packets(_) => Some(packets::crossed(one, other, &mut rng)),
        Kind::Text => text::crossed(target, one, other, &mut rng),
        Kind::Capture => Some(captures::crossed(one, other, &mut rng)),
        Kind::Debugger => Some(debugger::crossed(one, other, &mut rng)),
        Kind::Configure => Some(configure::crossed(one, other, &mut rng)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{TARGETS, tables};

    /// A change is one: the same for the same seed, another for others, and never too much.
    #[test]
    fn changes_follow_from_the_seed_and_keep_the_structure() {
        for (target, run) in TARGETS {
            let inputs = tables::inputs(target);
            let Some(input) = inputs.last() else { continue };
            let mut different = std::collections::BTreeSet::new();
            let mut last = input.clone();
            for seed in 0..200 {
                let Some(next) = changed(target, &last, seed) else { break };
                assert_eq!(Some(&next), changed(target, &last, seed).as_ref(), "{target} {seed}");
                let both = crossed(target, &next, input, seed);
                assert_eq!(both, crossed(target, &next, input, seed), "{target} {seed}");
                run(&next);
                run(&both.unwrap_or_default());
                last = if next.len() < 2_000 { next.clone() } else { input.clone() };
                different.insert(next);
            }
            assert!(different.len() > 150, "{target}: {}", different.len());
        }
    }

    #[test]
    fn nothing_at_all_can_be_changed() {
        for (target, run) in TARGETS {
            for seed in 0..50 {
                run(&changed(target, &[], seed).unwrap_or_default());
                run(&crossed(target, &[], &[], seed).unwrap_or_default());
            }
        }
    }
}
