//! UICR: a page of flash for configuration.

use super::*;
use crate::memory::UICR_BASE;

const NVMC: u32 = 0x4001_E000;
const CUSTOMER: u32 = UICR_BASE + 0x80;

fn store(chip: &mut Chip, address: u32, word: u32) -> Result<(), BusError> {
    chip.context(|bus, context| bus.write_flash(address, word, context))
}

fn word(chip: &Chip, address: u32) -> u32 {
    chip.memory.read(address).map_or(0, u32::from_le_bytes)
}

#[test]
fn uicr_is_written_and_erased_as_flash_is() {
    let mut chip = Chip::new();
    assert_eq!(store(&mut chip, CUSTOMER, 0), Err(BusError::Nobody), "read only");
    chip.write(NVMC + 0x504, 1);
    assert_eq!(store(&mut chip, CUSTOMER, 0xFFFF_0000), Ok(()));
    assert_eq!((chip.read(NVMC + 0x400), chip.bus.flash_busy_until()), (0, 41 * MICROSECOND));
    chip.pass(41 * MICROSECOND);
    assert_eq!(store(&mut chip, CUSTOMER, 0x00FF_FFFF), Ok(()));
    assert_eq!(store(&mut chip, 0x40, 0), Ok(()));
    assert_eq!(word(&chip, CUSTOMER), 0x00FF_0000, "bits go from 1 to 0 only");
    chip.pass(1000 * MICROSECOND);
    chip.write(NVMC + 0x514, 1);
    assert_eq!(word(&chip, CUSTOMER), 0x00FF_0000, "CONFIG does not say erase");
    chip.write(NVMC + 0x504, 2);
    chip.write(NVMC + 0x514, 0);
    assert_eq!(word(&chip, CUSTOMER), 0x00FF_0000, "no operation");
    chip.write(NVMC + 0x514, 1);
    assert_eq!((word(&chip, CUSTOMER), word(&chip, 0x40)), (u32::MAX, 0), "flash stays");
    assert_eq!(chip.bus.flash_busy_until() - chip.now, 85_000 * MICROSECOND);
}

#[test]
fn erasing_all_erases_uicr_as_well() {
    let mut chip = Chip::new();
    for address in [CUSTOMER, 0x40] {
        assert!(chip.memory.write_flash(address, [0; 4]));
    }
    chip.write(NVMC + 0x504, 2);
    chip.write(NVMC + 0x508, UICR_BASE);
    assert_eq!(word(&chip, CUSTOMER), 0, "it is no page");
    chip.write(NVMC + 0x50C, 1);
    assert_eq!((word(&chip, CUSTOMER), word(&chip, 0x40)), (u32::MAX, u32::MAX));
}

#[test]
fn a_cut_erasure_tears_uicr() {
    let torn = |after: Ticks| {
        let mut chip = Chip::new();
        for n in 0..32 {
            assert!(chip.memory.write_flash(CUSTOMER + 4 * n, [0; 4]));
        }
        chip.write(NVMC + 0x504, 2);
        chip.write(NVMC + 0x514, 1);
        let unstable = chip.bus.power_fails(after, &mut chip.memory);
        let words: Vec<u32> = (0..32).map(|n| word(&chip, CUSTOMER + 4 * n)).collect();
        (words, unstable)
    };
    assert_eq!(torn(85_000 * MICROSECOND), (vec![u32::MAX; 32], Unstable::default()));
    let (words, unstable) = torn(40_000 * MICROSECOND);
    assert!(words.iter().all(|word| !matches!(*word, 0 | u32::MAX)), "{words:x?}");
    assert_ne!(unstable, Unstable::default());
}
