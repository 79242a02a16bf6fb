//! RTC0.

use super::*;

fn running_rtc() -> Chip {
    let mut chip = Chip::new();
    chip.write(CLOCK + 0x518, 1);
    chip.write(CLOCK + 8, 1);
    chip.write(RTC0, 1);
    chip.when(CLOCK + 0x104);
    chip
}

#[test]
fn an_rtc_waits_for_its_clock_and_counts() {
    let mut chip = running_rtc();
    let start = chip.now;
    chip.pass(11 * TICK_32K);
    assert_eq!(chip.read(RTC0 + 0x504), 10, "from the first edge on");
    chip.write(RTC0 + 0x540, 20);
    chip.write(RTC0 + 0x304, 1 << 16);
    assert_eq!(chip.when(RTC0 + 0x140), start + 21 * TICK_32K);
    assert_eq!(chip.bus.interrupts(), 1 << 11);
}

/// The old value counts up to the next tick, so that the present count plus one is missed.
#[test]
fn a_compare_register_takes_effect_after_the_next_tick() {
    let mut chip = running_rtc();
    chip.write(RTC0 + 0x344, 1 << 16);
    let begin = chip.now;
    let count = |chip: &mut Chip, ticks| {
        chip.pass(begin + ticks * TICK_32K + TICK_32K / 2 - chip.now);
        chip.read(RTC0 + 0x504)
    };
    assert_eq!(count(&mut chip, 11), 10);
    chip.write(RTC0 + 0x540, 11);
    assert_eq!((count(&mut chip, 20), chip.read(RTC0 + 0x140)), (19, 0), "missed");
    chip.write(RTC0 + 0x540, 21);
    assert_eq!(chip.when(RTC0 + 0x140), begin + 22 * TICK_32K);
    chip.write(RTC0 + 0x140, 0);
    assert_eq!(count(&mut chip, 30), 29);
    chip.write(RTC0 + 0x540, 31);
    assert_eq!(count(&mut chip, 31), 30);
    chip.write(RTC0 + 0x540, 40);
    assert_eq!(chip.when(RTC0 + 0x140), begin + 32 * TICK_32K, "the old value");
    chip.write(RTC0 + 0x140, 0);
    assert_eq!(chip.when(RTC0 + 0x140), begin + 41 * TICK_32K, "and the new one");
}

#[test]
fn an_rtc_overflows() {
    let mut chip = running_rtc();
    chip.write(RTC0 + 0x344, 1 << 1);
    chip.write(RTC0 + 0xC, 1);
    let from = chip.now;
    let at = chip.when(RTC0 + 0x104);
    assert_eq!((at - from) / TICK_32K, 17, "sixteen ticks after the next edge");
    assert_eq!(chip.read(RTC0 + 0x504), 0);
}
