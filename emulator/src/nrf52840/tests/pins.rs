//! SENSE, LATCH and DETECT of pins, and the PORT event.

use super::*;

const GPIOTE: u32 = 0x4000_6000;
const PORT: u32 = GPIOTE + 0x17C;
const LATCH: u32 = P0 + 0x520;
const DETECT_MODE: u32 = P0 + 0x524;

/// Pulled up, waiting for low.
const BUTTON: u32 = 3 << 2 | 3 << 16;

fn with_buttons(latched: bool) -> Chip {
    let mut chip = Chip::new();
    chip.write(DETECT_MODE, latched.into());
    for pin in [11, 12] {
        chip.write(P0 + 0x700 + 4 * pin, BUTTON);
    }
    assert_eq!((chip.read(PORT), chip.read(LATCH)), (0, 0));
    chip
}

/// Drives a pin low, or lets it go, and says whether PORT came, which is then cleared.
fn press(chip: &mut Chip, pin: u8, pressed: bool) -> bool {
    chip.bus.drive(0, pin, pressed.then_some(false));
    chip.pass(MICROSECOND);
    came(chip)
}

fn came(chip: &mut Chip) -> bool {
    let came = chip.read(PORT) == 1;
    chip.write(PORT, 0);
    chip.pass(MICROSECOND);
    came
}

#[test]
fn port_comes_when_the_first_pin_is_sensed() {
    let mut chip = with_buttons(false);
    assert!(press(&mut chip, 11, true));
    assert!(!press(&mut chip, 12, true), "DETECT is high already");
    assert_eq!(chip.read(LATCH), 1 << 11 | 1 << 12);
    assert!(!press(&mut chip, 11, false));
    assert!(!press(&mut chip, 12, false));
    assert_eq!(chip.read(LATCH), 1 << 11 | 1 << 12, "until they are cleared");
    assert!(press(&mut chip, 12, true), "it was low in between");
}

#[test]
fn a_pin_that_is_latched_makes_port_come_again() {
    let mut chip = with_buttons(true);
    assert!(press(&mut chip, 11, true));
    assert!(!press(&mut chip, 11, false));
    assert!(!press(&mut chip, 11, true), "it is still latched");
    chip.write(LATCH, 1 << 11);
    assert!(came(&mut chip), "it is still low");
    assert_eq!(chip.read(LATCH), 1 << 11);
    press(&mut chip, 12, true);
    press(&mut chip, 11, false);
    chip.write(LATCH, 1 << 11);
    assert!(came(&mut chip), "the other is left");
    press(&mut chip, 12, false);
    chip.write(LATCH, 1 << 12);
    assert_eq!((came(&mut chip), chip.read(LATCH)), (false, 0));
    assert!(press(&mut chip, 11, true));
}

#[test]
fn a_pin_that_has_its_level_already_is_sensed_at_once() {
    let mut chip = with_buttons(true);
    chip.write(P0 + 0x700 + 4 * 11, 3 << 2);
    assert!(!press(&mut chip, 11, true));
    chip.write(P0 + 0x700 + 4 * 11, BUTTON);
    assert!(came(&mut chip));
    assert_eq!((chip.read(LATCH), chip.read(DETECT_MODE)), (1 << 11, 1));
}
