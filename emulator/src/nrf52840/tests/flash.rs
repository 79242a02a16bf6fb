//! NVMC, and what a power failure leaves of flash.

use super::super::NOMINAL;
use super::*;
use crate::{Cpu, Model, Outcome};

const NVMC: u32 = 0x4001_E000;

#[test]
fn flash_is_erased_and_written_in_its_time() {
    let mut chip = Chip::new();
    let store =
        |chip: &mut Chip, word| chip.context(|bus, context| bus.write_flash(0x40, word, context));
    assert_eq!(store(&mut chip, 0), Err(BusError::Nobody), "read only");
    chip.write(NVMC + 0x504, 1);
    assert_eq!(store(&mut chip, 0xFFFF_FF0F), Ok(()));
    assert_eq!((chip.read(NVMC + 0x400), chip.bus.flash_busy_until()), (0, 41 * MICROSECOND));
    chip.pass(41 * MICROSECOND);
    assert_eq!(chip.read(NVMC + 0x400), 1);
    assert_eq!(store(&mut chip, 0xFFFF_FFF0), Ok(()));
    assert_eq!(chip.memory.read(0x40), Some([0, 0xFF, 0xFF, 0xFF]), "bits go from 1 to 0 only");
    chip.write(NVMC + 0x508, 0);
    assert_eq!(chip.memory.read(0x40), Some([0, 0xFF, 0xFF, 0xFF]), "CONFIG does not say erase");
    chip.write(NVMC + 0x504, 2);
    chip.write(NVMC + 0x508, 0);
    assert_eq!(chip.memory.read(0x40), Some([0xFF; 4]));
    assert_eq!(chip.bus.flash_busy_until() - chip.now, (85_000 + 41) * MICROSECOND);
}

#[test]
fn partial_erasures_add_up() {
    let mut chip = Chip::new();
    assert!(chip.memory.write_flash(0x40, [0; 4]));
    chip.write(NVMC + 0x504, 2);
    chip.write(NVMC + 0x51C, 30);
    for erased in [false, false, true] {
        chip.write(NVMC + 0x518, 0);
        chip.pass(30_000 * MICROSECOND);
        assert_eq!(chip.read(NVMC + 0x400), 1);
        assert_eq!(chip.memory.read(0x40) == Some([0xFF; 4]), erased);
    }
}

#[test]
fn the_cache_works_while_flash_cannot_change() {
    let mut chip = Chip::new();
    assert_eq!(chip.bus.flash_cache(), Some(false));
    chip.write(NVMC + 0x540, 1);
    assert_eq!(chip.bus.flash_cache(), Some(true));
    chip.write(NVMC + 0x504, 1);
    assert_eq!(chip.bus.flash_cache(), Some(false));
}

/// An erasure of a page of zeros, cut off after so much of it.
fn cut(after: Ticks) -> (Chip, Unstable) {
    let mut chip = Chip::new();
    for word in 0..1024 {
        assert!(chip.memory.write_flash(4 * word, [0; 4]));
    }
    chip.write(NVMC + 0x504, 2);
    chip.write(NVMC + 0x508, 0);
    let unstable = chip.bus.power_fails(after, &mut chip.memory);
    (chip, unstable)
}

fn page(chip: &Chip) -> Vec<u32> {
    (0..1024).map(|n| chip.memory.read(4 * n).map_or(0, u32::from_le_bytes)).collect()
}

fn ones(words: &[u32]) -> u32 {
    words.iter().map(|word| word.count_ones()).sum()
}

/// Each bit is what it was, or erased, or unstable until it is erased again.
#[test]
fn a_cut_erasure_leaves_bits_old_new_or_unstable() {
    let (chip, unstable) = cut(40_000 * MICROSECOND);
    // The erased ones, and half of those that are unstable.
    let half = 1024 * 32 / 2;
    assert!(ones(&page(&chip)).abs_diff(half) < half / 10, "{}", ones(&page(&chip)));
    let mut seen = Vec::new();
    for seed in 1..20 {
        let identity =
            Identity { device_address: 1, device_id: 1, entropy: [seed; 32], ..chip_identity() };
        let mut next = Chip { bus: Nrf52840::new(&identity), memory: chip.memory.clone(), now: 0 };
        next.bus.power_up(unstable.clone(), NOMINAL, &mut next.memory);
        seen.push(page(&next));
    }
    let bits = |fold: fn(u32, u32) -> u32| -> u32 {
        let folded = (0..1024).map(|n| seen.iter().map(|page| page[n]).reduce(fold).unwrap_or(0));
        ones(&folded.collect::<Vec<_>>())
    };
    let (always, ever) = (bits(|a, b| a & b), bits(|a, b| a | b));
    let sixteenth = 1024 * 32 / 16;
    assert!(always.abs_diff(5 * sixteenth) < sixteenth / 4, "{always} are always 1");
    assert!((ever - always).abs_diff(6 * sixteenth) < sixteenth / 4, "{ever} are 1 at times");
    let mut chip = chip;
    chip.bus.power_up(unstable, NOMINAL, &mut chip.memory);
    for _ in 0..3 {
        chip.write(NVMC + 0x508, 0);
        chip.pass(85_000 * MICROSECOND);
        assert_eq!(ones(&page(&chip)), 1024 * 32, "erased again it holds");
        let left = chip.bus.power_fails(chip.now, &mut chip.memory);
        assert_eq!(left, Unstable::default());
    }
}

fn chip_identity() -> Identity {
    let revision = Revision::default();
    Identity { device_address: 1, device_id: 1, entropy: [0; 32], revision }
}

#[test]
fn before_and_after_an_erasure_nothing_is_torn() {
    let (before, unstable) = cut(0);
    assert_eq!((ones(&page(&before)), unstable), (0, Unstable::default()));
    let (after, unstable) = cut(85_000 * MICROSECOND);
    assert_eq!((ones(&page(&after)), unstable), (1024 * 32, Unstable::default()));
}

#[test]
fn the_same_entropy_tears_in_the_same_way() {
    let torn = || page(&cut(40_000 * MICROSECOND).0);
    assert_eq!(torn(), torn());
}

/// Bits that stay, and those that are 0 already, are not touched by a cut write.
#[test]
fn a_cut_write_leaves_other_bits_alone() {
    let mut chip = Chip::new();
    assert!(chip.memory.write_flash(0x40, 0x00FF_FFFF_u32.to_le_bytes()));
    chip.write(NVMC + 0x504, 1);
    let written = chip.context(|bus, context| bus.write_flash(0x40, 0xFFFF_0000, context));
    assert_eq!(written, Ok(()));
    let unstable = chip.bus.power_fails(20 * MICROSECOND, &mut chip.memory);
    let word = chip.memory.read(0x40).map(u32::from_le_bytes).expect("it is flash");
    assert_eq!(word & 0xFFFF_0000, 0x00FF_0000);
    assert!(!matches!(word & 0xFFFF, 0 | 0xFFFF), "{word:#x}");
    assert_ne!(unstable, Unstable::default());
}

/// What runs from flash waits until a page is erased; what runs from RAM goes on.
#[test]
fn erasing_a_page_stops_what_runs_from_flash() {
    const CODE: [u16; 4] = [
        0x6001, // STR R1, [R0]
        0x1C52, // ADDS R2, R2, #1
        0x1C52, // ADDS R2, R2, #1
        0xE7FE, // B .
    ];
    for (place, runs) in [(0x100, 0), (RAM_BASE + 0x100, 2)] {
        let mut memory = Memory::new(8192, 4096);
        let octets: Vec<u8> = CODE.iter().flat_map(|half| half.to_le_bytes()).collect();
        assert!(memory.program(place, &octets));
        assert!(memory.program(4, &(place | 1).to_le_bytes()));
        let mut chip = Chip::new();
        chip.write(NVMC + 0x504, 2);
        let mut cpu = Cpu::new(Model::NRF52840, memory, chip.bus);
        cpu.set_register(0, NVMC + 0x508);
        cpu.set_register(1, 0x1000);
        assert_eq!(cpu.run(80_000 * MICROSECOND), Outcome::Reached);
        assert_eq!(cpu.register(2), runs, "from {place:#x}");
        assert_eq!(cpu.run(90_000 * MICROSECOND), Outcome::Reached);
        assert_eq!(cpu.register(2), 2, "from {place:#x}");
    }
}
