//! Measures what the firmware's work costs a chip: the emulated one runs a file that was built with
//! the feature `trial` (`targets/nrf52840/src/costs.rs`), beside centrals that bond and stay. The
//! cycles that each call of the core takes are its program's own count.

use std::fmt::Write as _;

use ble::time::Duration;
use ble::work::Level;
use bletwin_emulator::node::ChipNode;
use bletwin_firmware_node::costs::Costs;
use bletwin_setup::Setup;
use bletwin_setup::error::BadInput;

use crate::catalogue;
use crate::stage::Stage;

/// Symbol of the entries in RAM.
const SYMBOL: &str = "BLETWIN_WORK";
/// Entries that its ring has room for.
const ENTRIES: u32 = 64;
/// How often they are read.
const PERIOD: Duration = Duration::from_ms(1);

/// The runs that are measured: scenario, central, seed.
const RUNS: [(&str, &str, u64); 3] =
    [("stay", "phone", 1), ("stay", "honest", 2), ("pairing", "android-16", 3)];

/// One call of the core.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Call {
    items: u64,
    aes_blocks: u64,
    cycles: u64,
}

/// The calls of one level, summed up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sum {
    /// How many calls did something.
    pub calls: u64,
    /// The items of these calls.
    pub items: u64,
    /// The AES blocks of these calls.
    pub aes_blocks: u64,
    /// The cycles of these calls.
    pub cycles: u64,
    /// Cycles of the longest.
    pub longest: u64,
    /// Cycles of calls that had no item, which are not charged.
    pub uncharged: u64,
}

/// What was measured.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Measured {
    /// Radio, control, host.
    pub levels: [Sum; 3],
    /// What follows from that.
    pub costs: Costs,
    /// Percent of all charged cycles by which a level is charged too much or too little, call by
    /// call.
    pub off_percent: [u64; 3],
}

/// Runs a file built with the feature `trial`, and measures.
///
/// # Errors
/// [`BadInput`] if the file cannot be flashed, counts nothing, or does not get far enough.
pub fn measure(elf: &str) -> Result<Measured, BadInput> {
    let mut calls: [Vec<Call>; 3] = Default::default();
    let mut slow = [Vec::new(), Vec::new()];
    for (scenario, central, seed) in RUNS {
        let mut setup = Setup::open(&format!("elf={elf}"), central, seed)?;
        setup.set("passkey=123456")?;
        let mut stage = Stage::new(catalogue::by_name(scenario)?, &setup).unjudged();
        play(&mut stage, &mut calls, &mut slow);
    }
    let [pairs, secrets] = slow;
    let least = |all: &[u64]| all.iter().min().and_then(|cycles| u32::try_from(*cycles).ok());
    let (Some(key_pair), Some(shared_secret)) = (least(&pairs), least(&secrets)) else {
        return Err(BadInput {
            what: format!("{elf} has not counted what its work costs"),
            help: "give the file that `bletwin chip build --trial` builds".into(),
        });
    };
    let items = [0, 1, 2].map(|level| per_item(&calls[level]));
    let aes_block = per_block(&calls[1], items[1]);
    let costs = Costs { items, aes_block, key_pair, shared_secret };
    let off = |level: usize| off_percent(&calls[level], items[level], aes_block);
    Ok(Measured {
        levels: [0, 1, 2].map(|level| sum(&calls[level])),
        costs,
        off_percent: [0, 1, 2].map(off),
    })
}

/// Plays to the end, and reads the entries often enough to miss none.
fn play(stage: &mut Stage, calls: &mut [Vec<Call>; 3], slow: &mut [Vec<u64>; 2]) {
    let mut next = stage.world.now();
    let mut read = 0;
    loop {
        let goes_on = stage.step();
        if stage.world.now() < next && goes_on {
            continue;
        }
        next = stage.world.now() + PERIOD;
        if let Some(chip) = stage.chip() {
            read = take(chip, read, calls, slow);
        }
        if !goes_on {
            return;
        }
    }
}

/// Takes the entries from `read` on; how many there have been by now.
fn take(chip: &ChipNode, read: u32, calls: &mut [Vec<Call>; 3], slow: &mut [Vec<u64>; 2]) -> u32 {
    let Some(written) = chip.word(SYMBOL, 0).filter(|written| *written != read) else {
        return read;
    };
    // After a start anew it counts from zero; what the ring has lost is lost.
    let from = if written < read { 0 } else { read };
    for number in from.max(written.saturating_sub(ENTRIES))..written {
        let word = |n| chip.word(SYMBOL, 1 + 2 * (number % ENTRIES) + n).unwrap_or(0);
        let (what, cycles) = (word(0), u64::from(word(1)));
        let items = u64::from(what & 0xFFFF);
        match (what >> 30, items) {
            (3, 1) => slow[0].push(cycles),
            (3, _) => slow[1].push(cycles),
            (level, items) => {
                let aes_blocks = u64::from(what >> 16 & 0x3FFF);
                calls[level as usize].push(Call { items, aes_blocks, cycles });
            }
        }
    }
    written
}

fn rounded(sum: u64, count: u64) -> u32 {
    u32::try_from((sum + count / 2) / count.max(1)).unwrap_or(u32::MAX)
}

/// Cycles of an item, by the calls that compute nothing.
fn per_item(calls: &[Call]) -> u32 {
    let plain = calls.iter().filter(|call| call.aes_blocks == 0 && call.items > 0);
    let (cycles, items) =
        plain.fold((0, 0), |(cycles, items), call| (cycles + call.cycles, items + call.items));
    rounded(cycles, items)
}

/// Cycles of an AES block: what is left of the others.
fn per_block(calls: &[Call], item: u32) -> u32 {
    let computing = calls.iter().filter(|call| call.aes_blocks > 0);
    let (cycles, blocks) = computing.fold((0_u64, 0), |(cycles, blocks), call| {
        let rest = call.cycles.saturating_sub(u64::from(item) * call.items);
        (cycles + rest, blocks + call.aes_blocks)
    });
    rounded(cycles, blocks)
}

fn off_percent(calls: &[Call], item: u32, block: u32) -> u64 {
    let charged = |call: &Call| u64::from(item) * call.items + u64::from(block) * call.aes_blocks;
    let calls = || calls.iter().filter(|call| call.items > 0);
    let all: u64 = calls().map(charged).sum();
    let off: u64 = calls().map(|call| call.cycles.abs_diff(charged(call))).sum();
    off * 100 / all.max(1)
}

fn sum(calls: &[Call]) -> Sum {
    let mut sum = Sum::default();
    for call in calls {
        if call.items == 0 {
            sum.uncharged += call.cycles;
            continue;
        }
        sum.calls += 1;
        sum.items += call.items;
        sum.aes_blocks += call.aes_blocks;
        sum.cycles += call.cycles;
        sum.longest = sum.longest.max(call.cycles);
    }
    sum
}

/// The file of the table, as the native core has it.
#[must_use]
pub fn file(costs: &Costs) -> String {
    let Costs { items, aes_block, key_pair, shared_secret } = *costs;
    let [radio, control, host] = items.map(grouped);
    format!(
        "//! Written by `bletwin chip costs --write`: measured, not chosen.\n\n\
         use super::Costs;\n\n\
         /// The nRF52840 at 64 MHz, with the firmware of `targets/nrf52840`.\n\
         pub const NRF52840: Costs = Costs {{\n    \
             items: [{radio}, {control}, {host}],\n    \
             aes_block: {},\n    \
             key_pair: {},\n    \
             shared_secret: {},\n\
         }};\n",
        grouped(aes_block),
        grouped(key_pair),
        grouped(shared_secret)
    )
}

/// A number with its digits in groups of three.
fn grouped(number: u32) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (n, digit) in digits.chars().enumerate() {
        if n > 0 && (digits.len() - n).is_multiple_of(3) {
            text.push('_');
        }
        text.push(digit);
    }
    text
}

/// What was measured, as a table to read.
#[must_use]
pub fn table(measured: &Measured) -> String {
    let Measured { levels, costs, off_percent } = measured;
    let mut text = String::from(
        "level      calls    items  AES blocks  cycles an item  longest call  off  not charged\n",
    );
    let names = [Level::Radio, Level::Control, Level::Host].map(|level| format!("{level:?}"));
    for (((name, sum), item), off) in names.iter().zip(levels).zip(costs.items).zip(off_percent) {
        let microseconds = sum.longest as f64 / 64.0;
        let missing = sum.uncharged * 100 / (sum.cycles + sum.uncharged).max(1);
        let _ = writeln!(
            text,
            "{:<8} {:>7} {:>8} {:>11} {item:>15} {microseconds:>10.0} µs {off:>3}% {missing:>11}%",
            name.to_lowercase(),
            sum.calls,
            sum.items,
            sum.aes_blocks
        );
    }
    let Costs { aes_block, key_pair, shared_secret, .. } = costs;
    let _ = writeln!(text, "an AES block of control: {aes_block} cycles");
    let _ = writeln!(text, "P-256: a key pair {key_pair}, a shared secret {shared_secret} cycles");
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn call(items: u64, aes_blocks: u64, cycles: u64) -> Call {
        Call { items, aes_blocks, cycles }
    }

    #[test]
    fn items_and_blocks_are_told_apart() {
        let calls = [call(1, 0, 900), call(3, 0, 3_100), call(0, 0, 70), call(1, 4, 9_001)];
        let item = per_item(&calls);
        assert_eq!((item, per_block(&calls, item)), (1_000, 2_000));
        assert_eq!(off_percent(&calls, 1_000, 2_000), 201 * 100 / 13_000);
        let sum = sum(&calls);
        assert_eq!((sum.calls, sum.items, sum.aes_blocks), (3, 5, 4));
        assert_eq!((sum.cycles, sum.longest, sum.uncharged), (13_001, 9_001, 70));
        assert_eq!((per_item(&[]), per_block(&[], 1)), (0, 0), "nothing is no reason to panic");
    }

    #[test]
    fn a_table_is_a_file_of_rust() {
        let costs =
            Costs { items: [12, 1_234, 1_234_567], aes_block: 1, key_pair: 2, shared_secret: 3 };
        let file = file(&costs);
        assert!(file.contains("items: [12, 1_234, 1_234_567],"), "{file}");
    }
}
