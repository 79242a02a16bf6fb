//! CCM, AAR, GPIOTE, UARTE, WDT.

use super::*;

const UARTE0: u32 = 0x4000_2000;
const GPIOTE: u32 = 0x4000_6000;
pub(super) const CCM: u32 = 0x4000_F000;
const WDT: u32 = 0x4001_0000;

const CONFIGURATION: u32 = RAM_BASE;
pub(super) const INPUT: u32 = RAM_BASE + 0x100;
pub(super) const OUTPUT: u32 = RAM_BASE + 0x300;

pub(super) fn put(chip: &mut Chip, address: u32, octets: &[u8]) {
    for (n, octet) in octets.iter().enumerate() {
        assert!(chip.memory.write_ram(address + n as u32, [*octet]));
    }
}

/// The session of Vol 6, Part C, 1: key, counter 0, direction of the central, IV.
fn session(decrypts: bool) -> Chip {
    session_on(Chip::new(), decrypts)
}

pub(super) fn session_on(mut chip: Chip, decrypts: bool) -> Chip {
    const KEY: [u8; 16] = [
        0x99, 0xAD, 0x1B, 0x52, 0x26, 0xA3, 0x7E, 0x3E, 0x05, 0x8E, 0x3B, 0x8E, 0x27, 0xC2, 0xC6,
        0x66,
    ];
    put(&mut chip, CONFIGURATION, &KEY);
    put(&mut chip, CONFIGURATION + 24, &[1]);
    put(&mut chip, CONFIGURATION + 25, &[0x24, 0xAB, 0xDC, 0xBA, 0xBE, 0xBA, 0xAF, 0xDE]);
    chip.write(CCM + 0x500, 2);
    chip.write(CCM + 0x504, 1 << 24 | u32::from(decrypts));
    chip.write(CCM + 0x508, CONFIGURATION);
    chip.write(CCM + 0x50C, INPUT);
    chip.write(CCM + 0x510, OUTPUT);
    chip.write(CCM + 0x200, 1);
    chip
}

/// LL_START_ENC_RSP of the central in the same sample, header and length before and after.
pub(super) const PLAIN: [u8; 4] = [0x0F, 1, 0, 0x06];
pub(super) const SECRET: [u8; 8] = [0x0F, 5, 0, 0x9F, 0xCD, 0xA7, 0xF4, 0x48];

#[test]
fn packets_are_encrypted_as_the_sample_is() {
    let mut chip = session(false);
    put(&mut chip, INPUT, &PLAIN);
    chip.write(CCM, 1);
    assert_eq!(chip.when(CCM + 0x100), 50 * MICROSECOND, "the key stream");
    chip.when(CCM + 0x104);
    assert_eq!(chip.memory.octets(OUTPUT, 8).as_deref(), Some(&SECRET[..]));
}

#[test]
fn packets_are_decrypted_and_their_mic_is_checked() {
    for (wrong, ok) in [(0, 1), (1, 0)] {
        let mut chip = session(true);
        put(&mut chip, INPUT, &SECRET);
        put(&mut chip, INPUT + 7, &[SECRET[7] ^ wrong]);
        chip.write(CCM, 1);
        chip.when(CCM + 0x104);
        assert_eq!(chip.read(CCM + 0x400), ok);
        if ok == 1 {
            assert_eq!(chip.memory.octets(OUTPUT, 4).as_deref(), Some(&PLAIN[..]));
        }
    }
}

#[test]
fn ecb_is_aborted_by_ccm() {
    let mut chip = session(false);
    put(&mut chip, INPUT, &PLAIN);
    chip.write(ECB + 0x504, RAM_BASE + 0x200);
    chip.write(ECB, 1);
    chip.pass(3 * MICROSECOND);
    chip.write(CCM, 1);
    assert_eq!((chip.read(ECB + 0x100), chip.read(ECB + 0x104)), (0, 1), "ERRORECB");
    chip.write(ECB + 0x104, 0);
    chip.write(ECB, 1);
    assert_eq!(chip.read(ECB + 0x104), 1, "nor does it begin while CCM has the core");
    assert_eq!(chip.when(CCM + 0x100), 53 * MICROSECOND, "CCM is not disturbed");
}

/// The address of Vol 3, Part H, D.7, among other keys.
#[test]
fn addresses_are_resolved() {
    const IRK: [u8; 16] = [
        0xEC, 0x02, 0x34, 0xA3, 0x57, 0xC8, 0xAD, 0x05, 0x34, 0x10, 0x10, 0xA6, 0x0A, 0x39, 0x7D,
        0x9B,
    ];
    for keys in [3, 2] {
        let mut chip = Chip::new();
        put(&mut chip, RAM_BASE + 32, &IRK);
        put(&mut chip, INPUT + 3, &[0xAA, 0xFB, 0x0D, 0x94, 0x81, 0x70]);
        chip.write(CCM + 0x500, 3);
        chip.write(CCM + 0x504, keys);
        chip.write(CCM + 0x508, RAM_BASE);
        chip.write(CCM + 0x510, INPUT);
        chip.write(CCM, 1);
        chip.when(CCM + 0x100);
        let found = u32::from(keys == 3);
        assert_eq!((chip.read(CCM + 0x104), chip.read(CCM + 0x108)), (found, 1 - found));
        assert_eq!(chip.read(CCM + 0x400), 2 * found, "the third key");
    }
}

#[test]
fn pins_make_events_and_tasks_move_pins() {
    let mut chip = Chip::new();
    // Channel 0: P0.11 falls. Channel 1: task, toggles P0.13, which begins high.
    chip.write(P0 + 0x700 + 4 * 11, 3 << 2);
    chip.write(GPIOTE + 0x510, 1 | 11 << 8 | 2 << 16);
    chip.write(GPIOTE + 0x514, 3 | 13 << 8 | 3 << 16 | 1 << 20);
    assert_eq!(chip.bus.outputs(0), 1 << 13);
    // The event toggles the pin through PPI.
    chip.write(PPI + 0x510, GPIOTE + 0x100);
    chip.write(PPI + 0x514, GPIOTE + 4);
    chip.write(PPI + 0x504, 1);
    chip.write(GPIOTE + 0x304, 1);
    chip.bus.drive(0, 11, Some(false));
    chip.pass(MICROSECOND);
    assert_eq!((chip.read(GPIOTE + 0x100), chip.bus.interrupts()), (1, 1 << 6));
    assert_eq!(chip.bus.outputs(0), 0);
    chip.write(GPIOTE + 0x100, 0);
    chip.bus.drive(0, 11, None);
    chip.pass(MICROSECOND);
    assert_eq!(chip.read(GPIOTE + 0x100), 0, "it rises");
}

#[test]
fn a_serial_port_sends_at_its_rate() {
    let mut chip = Chip::new();
    put(&mut chip, INPUT, b"hello");
    chip.write(UARTE0 + 0x500, 8);
    // The vendor's value for 115,200 Bd; it gives 114,746.
    chip.write(UARTE0 + 0x524, 0x01D6_0000);
    chip.write(UARTE0 + 0x544, INPUT);
    chip.write(UARTE0 + 0x548, 5);
    chip.write(UARTE0 + 8, 1);
    let ended = chip.when(UARTE0 + 0x120);
    assert!((434..437).contains(&(ended / MICROSECOND)), "{} µs", ended / MICROSECOND);
    assert_eq!((chip.read(UARTE0 + 0x54C), chip.bus.serial(0)), (5, b"hello".to_vec()));
}

/// Two octets more than the buffer has room for, then more than wait for the next.
#[test]
fn a_serial_port_receives_at_its_rate() {
    let mut chip = Chip::new();
    chip.write(UARTE0 + 0x500, 8);
    chip.write(UARTE0 + 0x524, 0x01D6_0000);
    chip.write(UARTE0 + 0x534, OUTPUT);
    chip.write(UARTE0 + 0x538, 5);
    chip.write(UARTE0, 1);
    chip.bus.receive(0, b"welcome");
    let ended = chip.when(UARTE0 + 0x110);
    assert!((434..437).contains(&(ended / MICROSECOND)), "{} µs", ended / MICROSECOND);
    assert_eq!(chip.read(UARTE0 + 0x53C), 5);
    assert_eq!(chip.memory.octets(OUTPUT, 5).as_deref(), Some(&b"welco"[..]));
    chip.pass(1000 * MICROSECOND);
    chip.write(UARTE0 + 0x110, 0);
    chip.write(UARTE0 + 0x2C, 1);
    assert_eq!((chip.read(UARTE0 + 0x110), chip.read(UARTE0 + 0x53C)), (1, 2), "flushed");
    assert_eq!(chip.memory.octets(OUTPUT, 2).as_deref(), Some(&b"me"[..]));
    assert_eq!(chip.read(UARTE0 + 0x480), 0);
    chip.bus.receive(0, b"abcdefg");
    chip.pass(1000 * MICROSECOND);
    assert_eq!((chip.read(UARTE0 + 0x124), chip.read(UARTE0 + 0x480)), (1, 1), "an overrun");
    chip.write(UARTE0 + 0x538, 3);
    chip.write(UARTE0, 1);
    assert_eq!(chip.memory.octets(OUTPUT, 3).as_deref(), Some(&b"abc"[..]), "it waited");
}

#[test]
fn a_watchdog_wants_all_its_reload_registers() {
    let mut chip = Chip::new();
    chip.write(WDT + 0x504, 32_767);
    chip.write(WDT + 0x508, 0b11);
    chip.write(WDT, 1);
    chip.pass(900_000 * MICROSECOND);
    chip.write(WDT + 0x600, 0x6E52_4635);
    assert_eq!(chip.read(WDT + 0x404), 0b10);
    chip.write(WDT + 0x604, 0x6E52_4635);
    let since = chip.now;
    chip.pass(990_000 * MICROSECOND);
    assert_eq!(chip.read(WDT + 0x100), 0, "reloaded");
    chip.write(WDT + 0x600, 0x6E52_4635);
    assert!(chip.when(WDT + 0x100) - since <= 1_000_000 * MICROSECOND);
    assert!(!chip.bus.resets());
    chip.pass(2 * TICK_32K);
    assert!(chip.bus.resets());
}

/// embassy-nrf copies FICR's values there at start (erratum 66).
#[test]
fn the_calibration_of_temp_is_kept() {
    const TEMP: u32 = 0x4000_C000;
    let mut chip = Chip::new();
    for offset in [0x520, 0x534, 0x540, 0x554, 0x560, 0x570] {
        chip.write(TEMP + offset, offset);
    }
    for offset in [0x520, 0x534, 0x540, 0x554, 0x560, 0x570] {
        assert_eq!(chip.read(TEMP + offset), offset);
    }
    let refused = chip.context(|bus, context| bus.read(TEMP + 0x538, context));
    assert!(refused.is_err(), "there is none");
    chip.write(TEMP, 1);
    chip.when(TEMP + 0x100);
    assert_eq!(chip.read(TEMP + 0x508), 100, "quarters of a degree");
}

/// CAL wants the crystal; the timer runs once.
#[test]
fn the_rc_oscillator_is_calibrated() {
    let mut chip = Chip::new();
    chip.write(CLOCK + 0x10, 1);
    assert_eq!(chip.bus.next_event(), None);
    chip.write(CLOCK, 1);
    chip.when(CLOCK + 0x100);
    chip.write(CLOCK + 0x538, 3);
    chip.write(CLOCK + 0x14, 1);
    let begin = chip.now;
    chip.write(CLOCK + 0x10, 1);
    assert_eq!((chip.when(CLOCK + 0x10C) - begin) / MICROSECOND, 16_000, "DONE");
    assert_eq!((chip.when(CLOCK + 0x110) - begin) / MICROSECOND, 750_000, "CTTO");
    assert_eq!((chip.read(CLOCK + 0x128), chip.read(CLOCK + 0x538)), (1, 3), "CTSTARTED");
    chip.write(CLOCK + 0x18, 1);
    assert_eq!((chip.read(CLOCK + 0x12C), chip.bus.next_event()), (1, None), "CTSTOPPED");
}
