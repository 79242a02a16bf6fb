//! RADIO on LE Coded.

use super::*;

const S8: u32 = 5;
const S2: u32 = 6;

/// Preamble, access address, coding indicator and TERM1; then 2 + 8 octets; CRC; TERM2, in µs
/// (Vol 6, Part B, 2.2).
fn microseconds(mode: Mode) -> [u64; 4] {
    let bit = if mode == Mode::CodedS8 { 8 } else { 2 };
    let (address, body) = (80 + 256, 80 + 256 + 16 + 24);
    let crc = body + 13 * 8 * bit;
    [address, body + 10 * 8 * bit, crc, crc + 3 * bit]
}

fn coded(mode: u32) -> Chip {
    let mut chip = tuned();
    chip.write(RADIO + 0x510, mode);
    chip.write(RADIO + 0x514, 0x108 | 2 << 22 | 3 << 24 | 3 << 29);
    // READY to START, PHYEND to DISABLE.
    chip.write(RADIO + 0x200, 1 | 1 << 20);
    chip
}

#[test]
fn a_coded_packet_is_sent_and_its_end_is_not_the_end_on_air() {
    for (register, mode) in [(S8, Mode::CodedS8), (S2, Mode::CodedS2)] {
        let mut chip = coded(register);
        chip.write(RADIO, 1);
        let start = 40 * MICROSECOND;
        let [address, payload, end, air] = microseconds(mode).map(|us| start + us * MICROSECOND);
        assert_eq!(chip.when(RADIO + 0x104), address);
        assert_eq!(chip.when(RADIO + 0x108), payload);
        assert_eq!(chip.when(RADIO + 0x10C), end);
        assert_eq!(chip.read(RADIO + 0x16C), 0, "TERM2 follows");
        assert_eq!(chip.when(RADIO + 0x16C), air);
        assert_eq!(chip.when(RADIO + 0x110), air + 6 * MICROSECOND);
        let sent = sent(&mut chip);
        assert_eq!((sent[0].mode, sent[0].end()), (mode, air + TRANSMITTER));
    }
}

fn coded_burst(start: Ticks, mode: Mode) -> Burst {
    Burst { mode, ..burst(start) }
}

/// The receiver finds out by itself which coding it is; delays as Zephyr's controller has them.
#[test]
fn a_receiver_takes_both_codings_and_reports_which() {
    let known = [(Mode::CodedS8, 29_600, 0), (Mode::CodedS2, 24_600, 1)];
    for (mode, delay, indicator) in known {
        let mut chip = coded(S8);
        chip.write(RADIO + 0x504, RAM_BASE + 0x100);
        chip.write(RADIO + 4, 1);
        chip.when(RADIO + 0x100);
        let start = 100 * MICROSECOND;
        chip.bus.hear(coded_burst(start, mode), 61);
        let [_, payload, end, air] =
            microseconds(mode).map(|us| start + us * MICROSECOND + delay * MICROSECOND / 1000);
        assert_eq!(chip.when(RADIO + 0x104), start + (376_000 + 19_600) * MICROSECOND / 1000);
        assert_eq!(chip.read(RADIO + 0x150), indicator, "RATEBOOST");
        chip.pass(MICROSECOND);
        assert_eq!(chip.read(RADIO + 0x414) >> 1, indicator, "CISTAT");
        assert_eq!(chip.when(RADIO + 0x108), payload);
        assert_eq!(chip.when(RADIO + 0x10C), end);
        assert_eq!((chip.read(RADIO + 0x400), chip.read(RADIO + 0x16C)), (1, 0));
        assert_eq!(chip.memory.octets(RAM_BASE + 0x100, 10).as_deref(), Some(&PDU[..]));
        assert_eq!(chip.when(RADIO + 0x16C), air);
        assert_eq!(chip.when(RADIO + 0x110), air);
    }
}

/// The gap on air after a packet, with TIFS and the shorts that it wants.
fn gap(received: Mode, sends: u32, spacing: u32) -> i64 {
    let mut chip = coded(sends);
    chip.write(RADIO + 0x650, 0x200);
    chip.write(RADIO + 0x200, 1 | 1 << 20 | 1 << 2);
    chip.write(RADIO + 0x544, spacing);
    chip.write(RADIO + 4, 1);
    chip.when(RADIO + 0x100);
    let first = coded_burst(chip.now + 10 * MICROSECOND, received);
    let end = first.end();
    chip.bus.hear(first, 61);
    chip.when(RADIO + 0x110);
    chip.write(RADIO + 0x100, 0);
    chip.when(RADIO + 0x100);
    let start = sent(&mut chip)[0].start;
    (start as i64 - end as i64) / MICROSECOND as i64
}

/// Erratum 243: the values of TIFS that make 150 µs, and what 150 makes instead.
#[test]
fn spacing_on_le_coded_is_off() {
    let known = [
        (Mode::CodedS2, S2, 144),
        (Mode::CodedS8, S8, 149),
        (Mode::CodedS8, S2, 139),
        (Mode::CodedS2, S8, 154),
    ];
    for (received, sends, spacing) in known {
        assert_eq!(gap(received, sends, spacing), 150, "{received:?} to MODE {sends}");
        assert_ne!(gap(received, sends, 150), 150, "{received:?} to MODE {sends}");
    }
}

#[test]
fn other_modes_are_not_heard() {
    for mode in [Mode::Le1M, Mode::Le2M] {
        let mut chip = coded(S8);
        chip.write(RADIO + 4, 1);
        chip.when(RADIO + 0x100);
        chip.bus.hear(coded_burst(400 * MICROSECOND, mode), 61);
        chip.pass(2000 * MICROSECOND);
        assert_eq!(chip.read(RADIO + 0x104), 0, "{mode:?}");
    }
}

/// Errata 143, 164, 172 and 191 are worked around by registers that no document names.
#[test]
fn what_workarounds_write_is_kept_until_radio_is_switched_off() {
    let mut chip = coded(S8);
    for offset in [0x73C, 0x740, 0x774, 0x77C] {
        chip.write(RADIO + offset, 0x8000_0000 | offset);
    }
    for offset in [0x73C, 0x740, 0x774, 0x77C] {
        assert_eq!(chip.read(RADIO + offset), 0x8000_0000 | offset);
    }
    chip.write(RADIO + 0xFFC, 0);
    assert_eq!((chip.read(RADIO + 0x740), chip.read(RADIO + 0x510)), (0, 0));
    chip.write(RADIO + 0xFFC, 1);
}
