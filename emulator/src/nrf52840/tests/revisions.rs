//! The differences between the revisions.

use super::super::{ERRATA, Revision};
use super::*;

/// FICR.INFO.VARIANT after the build codes, and the words that Nordic's MDK looks at.
#[test]
fn a_revision_says_which_it_is() {
    let known = [
        (Revision::Rev1, *b"AAC0", 2),
        (Revision::Rev2, *b"AAD0", 3),
        (Revision::Rev3, *b"AAF0", 5),
    ];
    for (revision, variant, word) in known {
        let mut chip = Chip::of(revision);
        assert_eq!(chip.read(0x1000_0104).to_be_bytes(), variant);
        assert_eq!((chip.read(0x1000_0130), chip.read(0x1000_0134)), (8, word));
    }
    assert_eq!(Revision::default(), Revision::Rev3, "the newest");
}

#[test]
fn errata_are_listed_once_and_by_number() {
    assert!(ERRATA.is_sorted_by(|one, next| one.number < next.number));
    let has = |number| Revision::ALL.map(|revision| revision.has(number));
    assert_eq!(has(243), [true; 3]);
    assert_eq!(has(201), [true, false, false]);
    assert_eq!(has(249), [false, false, true]);
    assert_eq!(has(1), [false; 3]);
}

/// Erratum 201.
#[test]
fn a_crystal_of_revision_1_says_twice_that_it_runs() {
    for (revision, twice) in [(Revision::Rev1, 1), (Revision::Rev2, 0), (Revision::Rev3, 0)] {
        let mut chip = Chip::of(revision);
        chip.write(CLOCK, 1);
        chip.when(CLOCK + 0x100);
        chip.write(CLOCK + 0x100, 0);
        chip.pass(1000 * MICROSECOND);
        assert_eq!(chip.read(CLOCK + 0x100), twice, "{revision:?}");
    }
}

/// APPROTECT.DISABLE, which start-up code writes where there is something to be opened.
#[test]
fn only_the_newest_has_to_be_opened_by_software() {
    for revision in Revision::ALL {
        let mut chip = Chip::of(revision);
        let written = chip.context(|bus, context| bus.write(CLOCK + 0x558, 0x5A, context));
        assert_eq!(written.is_ok(), revision == Revision::Rev3, "{revision:?}");
        if revision == Revision::Rev3 {
            assert_eq!((chip.read(CLOCK + 0x550), chip.read(CLOCK + 0x558)), (0, 0x5A));
        }
    }
}

/// What start-up code of the vendor's MDK (nrfx 4.2.1) touches on these revisions: for errata 36,
/// 66 and 136, for the debug port, and to make pin 18 the reset pin.
#[test]
fn the_vendors_start_up_code_runs() {
    const NVMC: u32 = 0x4001_E000;
    const TEMP: u32 = 0x4000_C000;
    for revision in Revision::ALL {
        let mut chip = Chip::of(revision);
        for register in [0x10C, 0x110, 0x538] {
            chip.write(CLOCK + register, 0);
        }
        for (n, register) in (0x520..0x538).chain(0x540..0x558).step_by(4).enumerate() {
            let value = chip.read(0x1000_0404 + 4 * n as u32);
            chip.write(TEMP + register, value);
        }
        assert_eq!(chip.read(CLOCK + 0x400) & 1, 0, "RESETPIN");
        if revision.has(249) {
            chip.write(CLOCK + 0x558, u32::MAX);
        }
        chip.write(NVMC + 0x504, 1);
        for register in [0x1000_1200, 0x1000_1204] {
            let stored = chip.context(|bus, context| bus.write_flash(register, 18, context));
            assert_eq!(stored, Ok(()));
            chip.pass(41 * MICROSECOND);
            assert_eq!(chip.read(NVMC + 0x400), 1);
        }
        chip.write(NVMC + 0x504, 0);
        chip.bus.reset(false, &mut chip.memory);
        chip.bus.drive(0, 18, Some(false));
        chip.bus.drive(0, 18, None);
        chip.bus.reset(false, &mut chip.memory);
        assert_eq!(chip.read(CLOCK + 0x400), 0b101, "by software, then by the pin");
    }
}
