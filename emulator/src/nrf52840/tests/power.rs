//! POWER: the supply, resets, System OFF.

use super::*;
use crate::memory::UICR_BASE;

const POWER: u32 = 0x4000_0000;
const REASONS: u32 = POWER + 0x400;
const SYSTEM_OFF: u32 = POWER + 0x500;
const COMPARATOR: u32 = POWER + 0x510;
const RETAINED: u32 = POWER + 0x51C;
const WARNING: u32 = POWER + 0x108;
const NVMC: u32 = 0x4001_E000;
const WDT: u32 = 0x4001_0000;

/// POFCON: on, with a threshold of 2.6 V.
const AT_2600: u32 = 1 | 13 << 1;
/// A pin with a pull-up that waits for low.
const BUTTON: u32 = 3 << 2 | 3 << 16;

fn warned(chip: &mut Chip) -> bool {
    let warned = chip.read(WARNING) == 1;
    chip.write(WARNING, 0);
    chip.pass(MICROSECOND);
    warned
}

#[test]
fn a_falling_supply_is_warned_of() {
    let mut chip = Chip::new();
    chip.supply(2000);
    assert!(!warned(&mut chip), "the comparator is off");
    chip.write(COMPARATOR, AT_2600);
    assert!(warned(&mut chip), "it is too low already");
    chip.supply(3000);
    chip.write(POWER + 0x304, 1 << 2);
    chip.supply(2600);
    assert!(!warned(&mut chip), "not below");
    chip.supply(2599);
    assert_eq!(chip.bus.interrupts(), 1);
    assert!(warned(&mut chip));
    for (millivolts, again) in [(2500, false), (2649, false), (2599, false), (2650, false)] {
        chip.supply(millivolts);
        assert_eq!(warned(&mut chip), again, "{millivolts} mV");
    }
    chip.supply(2599);
    assert!(warned(&mut chip), "it was well in between");
    chip.write(COMPARATOR, 1 | 4 << 1);
    chip.supply(1699);
    assert!(warned(&mut chip), "1.7 V");
}

/// It has no clock then, unless the crystal runs.
#[test]
fn the_comparator_rests_while_the_processor_sleeps() {
    for crystal in [false, true] {
        let mut chip = Chip::new();
        chip.write(COMPARATOR, AT_2600);
        chip.write(CLOCK, crystal.into());
        let told = chip.context(|bus, context| bus.sleeps(true, context));
        assert!(told && !chip.context(|bus, context| bus.sleeps(true, context)));
        chip.supply(2000);
        assert_eq!(warned(&mut chip), crystal);
        chip.context(|bus, context| bus.sleeps(false, context));
        assert_eq!(warned(&mut chip), !crystal, "as soon as it wakes");
        let (entered, left) = (chip.read(POWER + 0x114), chip.read(POWER + 0x118));
        assert_eq!((entered, left), (1, 1), "SLEEPENTER, SLEEPEXIT");
    }
}

/// Erratum 242: the processor hangs. The product specification has it that nothing happens.
#[test]
fn flash_is_not_changed_during_a_warning() {
    let store = |chip: &mut Chip| {
        chip.write(NVMC + 0x504, 1);
        chip.context(|bus, context| bus.write_flash(0x40, 0, context))
    };
    let erase = |chip: &mut Chip| {
        chip.write(NVMC + 0x504, 2);
        chip.write(NVMC + 0x508, 0);
        Ok(())
    };
    for (operation, changed) in [(store as fn(&mut Chip) -> _, 0), (erase, u32::MAX)] {
        let mut chip = Chip::new();
        assert!(chip.memory.write_flash(0x40, 0xFF_u32.to_le_bytes()));
        chip.write(COMPARATOR, AT_2600);
        chip.supply(2500);
        assert_eq!(operation(&mut chip), Ok(()));
        let word = |chip: &Chip| chip.memory.read(0x40).map(u32::from_le_bytes);
        assert_eq!(word(&chip), Some(0xFF));
        assert!(chip.bus.halts() && !chip.bus.resets());
        chip.bus.reset(false, &mut chip.memory);
        assert!(!chip.bus.halts());
        assert_eq!(operation(&mut chip), Ok(()), "the comparator is off now");
        assert!(!chip.bus.halts());
        assert_eq!(word(&chip), Some(changed));
    }
}

/// What happens to a chip, in the order of [`RESETS`].
type Do = fn(&mut Chip);

fn request(chip: &mut Chip) {
    chip.bus.reset(false, &mut chip.memory);
}

fn lock_up(chip: &mut Chip) {
    chip.bus.reset(true, &mut chip.memory);
}

fn let_watchdog_bite(chip: &mut Chip) {
    chip.pass(2_000_000 * MICROSECOND);
    assert!(chip.bus.resets());
    request(chip);
}

fn push_reset_pin(chip: &mut Chip) {
    chip.bus.drive(0, 18, Some(false));
    assert!(chip.bus.halts() && !chip.bus.resets(), "while it is low");
    chip.bus.drive(0, 18, None);
    assert!(chip.bus.resets());
    request(chip);
}

fn leave_system_off(chip: &mut Chip) {
    chip.write(SYSTEM_OFF, 1);
    assert!(chip.bus.halts() && !chip.bus.resets());
    assert_eq!((chip.bus.next_event(), chip.bus.interrupts()), (None, 0));
    chip.bus.drive(0, 11, Some(false));
    assert!(chip.bus.resets());
    request(chip);
}

fn brown_out(chip: &mut Chip) {
    chip.supply(1599);
    assert!(chip.bus.halts());
    chip.supply(1749);
    assert!(!chip.bus.resets());
    chip.supply(1750);
    assert!(chip.bus.resets());
    request(chip);
}

/// RESETREAS, and what stays: GPREGRET, WDT, the configuration of pins, all of RAM.
const RESETS: [(Do, u32, [bool; 4]); 6] = [
    (request, 1 << 2, [true, true, false, true]),
    (lock_up, 1 << 3, [true, true, false, true]),
    (let_watchdog_bite, 1 << 1, [false, false, false, true]),
    (push_reset_pin, 1, [false, false, false, true]),
    (leave_system_off, 1 << 16, [true, false, true, false]),
    (brown_out, 0, [false, false, false, false]),
];

/// The table of the product specification (4413_417 v1.7, 5.3).
#[test]
fn each_reset_leaves_what_it_spares() {
    for (n, (reset, reason, [retained, watchdog, pins, ram])) in RESETS.into_iter().enumerate() {
        let mut chip = Chip::new();
        for register in [UICR_BASE + 0x200, UICR_BASE + 0x204] {
            assert!(chip.memory.write_flash(register, 18_u32.to_le_bytes()));
        }
        request(&mut chip);
        chip.write(REASONS, u32::MAX);
        chip.write(RETAINED, 0xA5);
        chip.write(P0 + 0x700 + 4 * 11, BUTTON);
        chip.write(WDT + 0x504, 32_767);
        chip.write(WDT, 1);
        for octet in 0..4096 {
            assert!(chip.memory.write_ram(RAM_BASE + octet, [0x5A]));
        }
        reset(&mut chip);
        assert!(!chip.bus.halts() && !chip.bus.resets(), "{n}");
        assert_eq!(chip.read(REASONS), reason, "{n}");
        assert_eq!(chip.read(RETAINED), if retained { 0xA5 } else { 0 }, "{n}");
        assert_eq!(chip.read(WDT + 0x400), u32::from(watchdog), "{n}");
        assert_eq!(chip.read(P0 + 0x700 + 4 * 11) == BUTTON, pins, "{n}");
        let octets = chip.memory.octets(RAM_BASE, 4096).expect("there is RAM");
        let same = octets.iter().filter(|octet| **octet == 0x5A).count();
        assert!(if ram { same == 4096 } else { same < 100 }, "{n}: {same}");
    }
}

#[test]
fn reasons_add_up_until_they_are_cleared() {
    let mut chip = Chip::new();
    request(&mut chip);
    lock_up(&mut chip);
    assert_eq!(chip.read(REASONS), 0b1100);
    chip.write(REASONS, 0b0100);
    assert_eq!(chip.read(REASONS), 0b1000);
    brown_out(&mut chip);
    assert_eq!(chip.read(REASONS), 0);
}

#[test]
fn ram_that_is_retained_outlives_system_off() {
    let mut chip = Chip { memory: Memory::new(4096, 256 << 10), ..Chip::new() };
    // Sections 1 of block 0, at 4 KiB, and 5 of block 8, at 224 KiB.
    let places = [0, 4 << 10, 192 << 10, 224 << 10].map(|offset| RAM_BASE + offset);
    for place in places {
        assert!(chip.memory.write_ram(place, [0; 4]));
    }
    chip.write(POWER + 0x904, 1 << 17);
    chip.write(POWER + 0x984, 1 << 21);
    chip.write(P0 + 0x700 + 4 * 11, BUTTON);
    leave_system_off(&mut chip);
    let kept = places.map(|place| chip.memory.read(place) == Some([0; 4]));
    assert_eq!(kept, [false, true, false, true]);
    assert_eq!(chip.read(POWER + 0x900), 0xFFFF, "nothing is retained by default");
    chip.write(POWER + 0x908, 1 << 1);
    assert_ne!(chip.memory.read(places[1]), Some([0; 4]), "switched off");
}

/// DETECT is a level, not an edge.
#[test]
fn a_pin_that_is_sensed_already_ends_system_off_at_once() {
    let mut chip = Chip::new();
    chip.write(P0 + 0x700 + 4 * 11, BUTTON);
    chip.bus.drive(0, 11, Some(false));
    chip.write(SYSTEM_OFF, 1);
    assert!(chip.bus.resets());
}

#[test]
fn a_pin_resets_only_if_both_registers_of_uicr_name_it() {
    for (one, other, resets) in [(18, 18, true), (18, u32::MAX, false), (18, 17, false)] {
        let mut chip = Chip::new();
        for (register, value) in [(0x200, one), (0x204, other)] {
            assert!(chip.memory.write_flash(UICR_BASE + register, value.to_le_bytes()));
        }
        chip.bus.drive(0, 18, Some(false));
        assert!(!chip.bus.halts(), "UICR applies from the next reset on");
        chip.bus.drive(0, 18, None);
        request(&mut chip);
        chip.bus.drive(0, 18, Some(false));
        assert_eq!(chip.bus.halts(), resets, "{one:#x} and {other:#x}");
    }
}

#[test]
fn a_brown_out_tears_flash() {
    let mut chip = Chip::new();
    assert!(chip.memory.write_flash(0x40, [0; 64]));
    chip.write(NVMC + 0x504, 2);
    chip.write(NVMC + 0x508, 0);
    chip.pass(40_000 * MICROSECOND);
    chip.supply(1000);
    let octets = chip.memory.octets(0x40, 64).expect("there is flash");
    assert!(octets != [0; 64] && octets != [0xFF; 64]);
    chip.supply(3000);
    request(&mut chip);
    assert_eq!(chip.read(NVMC + 0x400), 1, "nothing goes on");
}

#[test]
fn a_watchdog_may_pause_in_sleep() {
    for (runs, left) in [(0, true), (1, false)] {
        let mut chip = Chip::new();
        chip.write(WDT + 0x504, 32_767);
        chip.write(WDT + 0x50C, runs);
        chip.write(WDT, 1);
        chip.context(|bus, context| bus.sleeps(true, context));
        chip.pass(5_000_000 * MICROSECOND);
        assert_eq!(chip.bus.resets(), !left);
        chip.context(|bus, context| bus.sleeps(false, context));
        chip.pass(1_100_000 * MICROSECOND);
        assert!(chip.bus.resets());
    }
}

/// A button that is held stays held when the chip resets itself.
#[test]
fn the_world_outlives_a_reset() {
    let mut chip = Chip::new();
    chip.bus.drive(0, 11, Some(false));
    request(&mut chip);
    chip.write(P0 + 0x700 + 4 * 11, 3 << 2);
    assert_eq!(chip.read(P0 + 0x510), 0);
}
