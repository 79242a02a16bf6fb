//! How long the chip did what its current depends on.

use ble::phy::Phy;
use bletwin_sim::charge::{Draw, Regulator, Times};

use super::*;

const NVMC: u32 = 0x4001_E000;
const POWER: u32 = 0x4000_0000;

/// Sleeps until so many µs, or is awake.
fn until(chip: &mut Chip, us: u64, asleep: bool) {
    chip.context(|bus, context| bus.sleeps(asleep, context));
    let passes = us * MICROSECOND - chip.now;
    chip.pass(passes);
}

fn is(times: &Times, expected: &[(Draw, u64)]) {
    for draw in Draw::ALL {
        let us = expected.iter().find(|(what, _)| *what == draw).map_or(0, |(_, us)| *us);
        assert_eq!(times.of(draw).as_us(), us, "{draw:?} in {times:?}");
    }
}

/// 100 µs awake; the crystal needs 616 µs to start; the receiver ramps up for 40 µs, stands ready
/// until 1,100 µs and listens until 1,300 µs, where the processor is awake for its last 50 µs; the
/// transmitter is called off after 60 µs, which takes it 6 µs.
#[test]
fn it_does_one_thing_at_a_time() {
    let mut chip = Chip::new();
    chip.write(RADIO + 0x510, 3);
    chip.write(RADIO + 0x650, 1);
    chip.write(CLOCK, 1);
    until(&mut chip, 100, false);
    until(&mut chip, 1_000, true);
    chip.write(RADIO + 4, 1);
    until(&mut chip, 1_100, true);
    chip.write(RADIO + 8, 1);
    until(&mut chip, 1_250, true);
    until(&mut chip, 1_300, false);
    chip.write(RADIO + 0x10, 1);
    chip.write(RADIO, 1);
    until(&mut chip, 1_360, true);
    chip.write(RADIO + 0x10, 1);
    until(&mut chip, 1_500, true);
    chip.write(CLOCK + 4, 1);
    until(&mut chip, 2_000, true);
    let spent = chip.bus.spent(chip.now);
    let first = [(Draw::Works, 100), (Draw::CrystalStarts, 516), (Draw::CrystalRuns, 384)];
    is(&spent.advertising, &first);
    let then = [
        (Draw::ListensSoon, 100),
        (Draw::Listens(Phy::Le1M), 200),
        (Draw::WorksBesideListening, 50),
        (Draw::SendsSoon, 60),
        (Draw::Sends(Phy::Le1M), 6),
        (Draw::CrystalRuns, 134),
        (Draw::Sleeps, 500),
    ];
    is(&spent.connected, &then);
}

/// A word is 41 µs, a slice of an erasure what ERASEPAGEPARTIALCFG says; beside a receiver it is
/// the receiver's time.
#[test]
fn flash_is_told_while_it_is_busy() {
    let mut chip = Chip::new();
    chip.write(NVMC + 0x504, 1);
    chip.context(|bus, context| bus.write_flash(0x40, 0, context)).expect("it may be written");
    chip.pass(100 * MICROSECOND);
    chip.write(NVMC + 0x504, 2);
    chip.write(NVMC + 0x51C, 1);
    chip.write(NVMC + 0x518, 0);
    chip.pass(1_500 * MICROSECOND);
    let spent = chip.bus.spent(chip.now);
    let expected = [(Draw::Writes, 41), (Draw::Erases, 1_000), (Draw::Works, 559)];
    is(&spent.advertising, &expected);
}

/// The regulator is what DCDCEN says, and a reset forgets neither times nor power.
#[test]
fn times_outlast_a_reset() {
    let mut chip = Chip::new();
    assert_eq!(chip.bus.regulator(), Regulator::Ldo);
    chip.write(POWER + 0x578, 1);
    assert_eq!(chip.bus.regulator(), Regulator::DcDc);
    until(&mut chip, 300, true);
    let Chip { bus, memory, .. } = &mut chip;
    bus.reset(false, memory);
    assert_eq!(bus.regulator(), Regulator::Ldo);
    until(&mut chip, 500, false);
    let spent = chip.bus.spent(chip.now);
    is(&spent.advertising, &[(Draw::Sleeps, 300), (Draw::Works, 200)]);
}

/// Two chips that differ in nothing else are the same.
#[test]
fn times_are_no_part_of_the_state() {
    let mut one = Chip::new();
    until(&mut one, 1_000, true);
    until(&mut one, 2_000, false);
    let mut other = Chip::new();
    until(&mut other, 500, true);
    until(&mut other, 2_000, false);
    assert_ne!(one.bus.spent(one.now), other.bus.spent(other.now));
    assert!(one.bus == other.bus);
}
