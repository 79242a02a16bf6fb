//! Peripherals as the processor sees them: registers, time, interrupt lines.

mod beside;
mod blocks;
mod coded;
mod draw;
mod flash;
mod hostile;
mod pins;
mod power;
mod programs;
mod revisions;
mod rtc;
mod uicr;

use super::air::{Burst, Mode, crc, crc_octets, whiten};
use super::peripheral::{MICROSECOND, TICK_16M, TICK_32K};
use super::{Identity, Nrf52840, Revision, Unstable};
use crate::bus::{Bus, BusError, Context, TICKS_PER_CYCLE, Ticks};
use crate::memory::{Memory, RAM_BASE};

const CLOCK: u32 = 0x4000_0000;
const RADIO: u32 = 0x4000_1000;
const TIMER0: u32 = 0x4000_8000;
const RTC0: u32 = 0x4000_B000;
const RNG: u32 = 0x4000_D000;
const ECB: u32 = 0x4000_E000;
const EGU0: u32 = 0x4001_4000;
const PPI: u32 = 0x4001_F000;
const P0: u32 = 0x5000_0000;

struct Chip {
    bus: Nrf52840,
    memory: Memory,
    now: Ticks,
}

impl Chip {
    fn new() -> Self {
        let entropy = std::array::from_fn(|n| n as u8);
        let revision = Revision::default();
        let device_address = 0xC0FF_EE00_0001;
        let identity = Identity { device_address, device_id: 1, entropy, revision };
        Self {
            bus: Nrf52840::new(&identity),
            memory: Memory::new(4096, 4096).with_uicr(4096),
            now: 0,
        }
    }

    fn of(revision: Revision) -> Self {
        let entropy = [0; 32];
        let identity = Identity { device_address: 1, device_id: 1, entropy, revision };
        Self { bus: Nrf52840::new(&identity), ..Self::new() }
    }

    fn context<R>(&mut self, act: impl FnOnce(&mut Nrf52840, &mut Context<'_>) -> R) -> R {
        let mut context = Context { now: self.now, memory: &mut self.memory };
        self.bus.advance(&mut context);
        act(&mut self.bus, &mut context)
    }

    fn read(&mut self, address: u32) -> u32 {
        self.context(|bus, context| bus.read(address, context)).expect("it is modelled")
    }

    fn write(&mut self, address: u32, value: u32) {
        self.context(|bus, context| bus.write(address, value, context)).expect("it is modelled");
    }

    /// The supply becomes so many mV.
    fn supply(&mut self, millivolts: u16) {
        self.context(|bus, context| bus.supply(millivolts, context));
    }

    /// Lets time pass.
    fn pass(&mut self, ticks: Ticks) {
        self.now += ticks;
        self.context(|_, _| ());
    }

    /// The moment at which an event register is set, within a second.
    fn when(&mut self, event: u32) -> Ticks {
        let end = self.now + 1_000_000 * MICROSECOND;
        while self.read(event) == 0 {
            let next = self.bus.next_event().expect("something will happen");
            assert!(next <= end, "it does not happen");
            self.now = self.now.max(next);
        }
        self.now
    }
}

#[test]
fn clocks_take_their_time_to_start() {
    let mut chip = Chip::new();
    chip.write(CLOCK + 0x518, 1);
    chip.write(CLOCK + 0x304, 0b11);
    chip.write(CLOCK, 1);
    chip.write(CLOCK + 8, 1);
    assert_eq!((chip.read(CLOCK + 0x40C), chip.bus.interrupts()), (1 << 16, 0));
    assert_eq!(chip.when(CLOCK + 0x100), 616 * MICROSECOND);
    assert_eq!((chip.read(CLOCK + 0x40C), chip.bus.interrupts()), (1 << 16 | 1, 1));
    assert_eq!(chip.when(CLOCK + 0x104), 250_000 * MICROSECOND);
    chip.write(CLOCK + 0x100, 0);
    chip.write(CLOCK + 0x104, 0);
    assert_eq!(chip.bus.interrupts(), 1, "that takes four cycles");
    chip.pass(4 * TICKS_PER_CYCLE);
    assert_eq!(chip.bus.interrupts(), 0, "cleared events lower the line");
}

fn started_timer(prescaler: u32, compare: u32) -> Chip {
    let mut chip = Chip::new();
    chip.write(TIMER0 + 0x508, 3);
    chip.write(TIMER0 + 0x510, prescaler);
    chip.write(TIMER0 + 0x540, compare);
    chip.write(TIMER0, 1);
    chip
}

#[test]
fn timers_count_compare_and_capture() {
    let mut chip = started_timer(0, 100);
    assert_eq!(chip.when(TIMER0 + 0x140), 100 * TICK_16M);
    chip.pass(50 * TICK_16M + 1);
    chip.write(TIMER0 + 0x44, 1);
    assert_eq!(chip.read(TIMER0 + 0x544), 150);
    chip.write(TIMER0 + 4, 1);
    chip.pass(1000 * TICK_16M);
    chip.write(TIMER0 + 0x44, 1);
    assert_eq!(chip.read(TIMER0 + 0x544), 150, "stopped");
    chip.write(TIMER0 + 0xC, 1);
    chip.write(TIMER0 + 0x44, 1);
    assert_eq!(chip.read(TIMER0 + 0x544), 0, "cleared");
}

#[test]
fn shorts_clear_and_stop_a_timer() {
    let mut chip = started_timer(4, 10);
    chip.write(TIMER0 + 0x200, 1);
    assert_eq!(chip.when(TIMER0 + 0x140), 10 * MICROSECOND);
    chip.write(TIMER0 + 0x140, 0);
    assert_eq!(chip.when(TIMER0 + 0x140), 20 * MICROSECOND, "it began anew");
    chip.write(TIMER0 + 0x200, 1 << 8);
    chip.write(TIMER0 + 0x140, 0);
    chip.when(TIMER0 + 0x140);
    chip.pass(100 * MICROSECOND);
    chip.write(TIMER0 + 0x44, 1);
    assert_eq!(chip.read(TIMER0 + 0x544), 10, "it stopped");
}

#[test]
fn random_octets_are_those_of_the_entropy() {
    let mut chip = Chip::new();
    chip.write(RNG + 0x504, 1);
    chip.write(RNG, 1);
    let octets: Vec<u8> = (0..40)
        .map(|n| {
            assert_eq!(chip.when(RNG + 0x100), (n + 1) * 120 * MICROSECOND);
            chip.write(RNG + 0x100, 0);
            chip.read(RNG + 0x508) as u8
        })
        .collect();
    let first: Vec<u8> = (0..32).collect();
    assert_eq!(octets[..32], first);
    assert_ne!(octets[32..], [0; 8], "then they go on");
    chip.write(RNG + 4, 1);
    assert_eq!(chip.bus.next_event(), None);
}

/// FIPS 197, appendix C.1.
#[test]
fn a_block_is_encrypted_in_its_time() {
    const CIPHER: [u8; 16] = [
        0x69, 0xC4, 0xE0, 0xD8, 0x6A, 0x7B, 0x04, 0x30, 0xD8, 0xCD, 0xB7, 0x80, 0x70, 0xB4, 0xC5,
        0x5A,
    ];
    let mut chip = Chip::new();
    for n in 0..16 {
        chip.memory.write_ram(RAM_BASE + n, [n as u8]);
        chip.memory.write_ram(RAM_BASE + 16 + n, [n as u8 * 0x11]);
    }
    chip.write(ECB + 0x504, RAM_BASE);
    chip.write(ECB, 1);
    assert_eq!(chip.when(ECB + 0x100), 72 * MICROSECOND / 10);
    assert_eq!(chip.memory.octets(RAM_BASE + 32, 16).as_deref(), Some(&CIPHER[..]));
    chip.write(ECB, 1);
    chip.write(ECB + 4, 1);
    assert_eq!((chip.read(ECB + 0x104), chip.bus.next_event()), (1, None), "aborted");
}

#[test]
fn ppi_forks_and_groups_at_the_events_own_time() {
    let mut chip = started_timer(0, 160);
    // Channel 0: COMPARE[0] to EGU0 task 3, with a fork to CAPTURE[1] of the timer.
    chip.write(PPI + 0x510, TIMER0 + 0x140);
    chip.write(PPI + 0x514, EGU0 + 12);
    chip.write(PPI + 0x910, TIMER0 + 0x44);
    chip.write(PPI + 0x800, 1);
    chip.write(PPI, 1);
    assert_eq!(chip.read(PPI + 0x500), 1, "the group is on");
    chip.write(EGU0 + 0x304, 1 << 3);
    chip.pass(1000 * MICROSECOND);
    assert_eq!(chip.bus.interrupts(), 1 << 20);
    assert_eq!(chip.read(TIMER0 + 0x544), 160, "captured at the event, not when looked at");
    chip.write(PPI + 4, 1);
    assert_eq!(chip.read(PPI + 0x500), 0, "the group is off");
}

/// Two channels that trigger each other: time goes on between the rounds.
#[test]
fn a_ring_of_channels_does_not_hang() {
    let mut chip = Chip::new();
    for (channel, (event, task)) in [(0x100, 4), (0x104, 0)].into_iter().enumerate() {
        chip.write(PPI + 0x510 + 8 * channel as u32, EGU0 + event);
        chip.write(PPI + 0x514 + 8 * channel as u32, EGU0 + task);
    }
    chip.write(PPI + 0x504, 3);
    chip.write(EGU0, 1);
    assert_eq!(chip.bus.next_event(), Some(TICK_16M));
    chip.pass(10 * MICROSECOND);
    assert!(chip.bus.next_event().is_some_and(|at| at > chip.now));
}

#[test]
fn pins_go_out_and_come_in() {
    let mut chip = Chip::new();
    // An output whose level is not read back.
    chip.write(P0 + 0x700 + 4 * 13, 3);
    chip.write(P0 + 0x508, 1 << 13 | 1 << 14);
    assert_eq!(chip.bus.outputs(0), 1 << 13, "pin 14 is an input");
    // Pin 11: connected, pulled up; a button pulls it down.
    chip.write(P0 + 0x700 + 4 * 11, 3 << 2);
    assert_eq!(chip.read(P0 + 0x510), 1 << 11);
    chip.bus.drive(0, 11, Some(false));
    assert_eq!(chip.read(P0 + 0x510), 0);
    chip.write(0x5000_0300 + 0x518, 1 << 5);
    chip.write(0x5000_0300 + 0x508, 1 << 5);
    assert_eq!((chip.bus.outputs(0), chip.bus.outputs(1)), (1 << 13, 1 << 5));
}

#[test]
fn what_is_not_modelled_says_so() {
    let mut chip = Chip::new();
    let mut error = |address| chip.context(|bus, context| bus.read(address, context).unwrap_err());
    let hint = |error| match error {
        BusError::NotModelled(hint) => hint,
        BusError::Nobody => "nobody",
    };
    assert!(hint(error(0x4000_7000)).contains("peripheral is not"));
    assert!(hint(error(RADIO + 0x66C)).contains("gaps"));
    assert_eq!(error(0x6000_0000), BusError::Nobody);
}

/// The whitening of channel 37 as receivers for other chips print it, and CRC-24 over "1 to 9"
/// (catalogue of parametrised CRC algorithms: CRC-24/BLE, check 0xC25A56).
#[test]
fn whitening_and_crc_are_those_of_bluetooth() {
    let mut octets = [0; 8];
    whiten(&mut octets, 37 | 0x40);
    assert_eq!(octets, [0x8D, 0xD2, 0x57, 0xA1, 0x3D, 0xA7, 0x66, 0xB0]);
    let check = crc(b"123456789", 0x65B, 0x55_5555, 3);
    assert_eq!(check.reverse_bits() >> 8, 0xC2_5A56);
    assert_eq!(crc_octets(check, 3), [0x56, 0x5A, 0xC2]);
}

const PDU: [u8; 10] = [0x42, 8, 1, 2, 3, 4, 5, 6, 0xAA, 0xBB];
const ACCESS_ADDRESS: u32 = 0x8E89_BED6;

/// RADIO for channel 37 at 1M with fast ramp-up, READY to START and END to DISABLE.
fn tuned() -> Chip {
    let mut chip = Chip::new();
    for (n, octet) in PDU.iter().enumerate() {
        chip.memory.write_ram(RAM_BASE + n as u32, [*octet]);
    }
    for (offset, value) in [
        (0x504, RAM_BASE),
        (0x508, 2),
        (0x510, 3),
        (0x514, 0x108),
        (0x518, 255 | 3 << 16 | 1 << 25),
        (0x51C, ACCESS_ADDRESS << 8),
        (0x524, ACCESS_ADDRESS >> 24),
        (0x530, 1),
        (0x534, 0x103),
        (0x538, 0x65B),
        (0x53C, 0x55_5555),
        (0x554, 37),
        (0x650, 0x201),
        (0x200, 1 | 1 << 1 | 1 << 4),
    ] {
        chip.write(RADIO + offset, value);
    }
    chip
}

fn burst(start: Ticks) -> Burst {
    burst_of(&PDU, start)
}

fn burst_of(pdu: &[u8], start: Ticks) -> Burst {
    let mut octets = pdu.to_vec();
    octets.extend(crc_octets(crc(pdu, 0x65B, 0x55_5555, 3), 3));
    whiten(&mut octets, 37);
    let (mode, frequency, access_address) = (Mode::Le1M, 2402, ACCESS_ADDRESS);
    Burst { start, mode, frequency, access_address, octets }
}

/// From START to the air, and from the air to ADDRESS and END at 1M.
const TRANSMITTER: Ticks = 38_400;
const RECEIVER: Ticks = 601_600;

fn sent(chip: &mut Chip) -> Vec<Burst> {
    chip.bus.sent().into_iter().map(|sent| sent.burst).collect()
}

#[test]
fn a_packet_is_sent_bit_by_bit() {
    let mut chip = tuned();
    chip.write(RADIO, 1);
    assert_eq!(chip.read(RADIO + 0x550), 9);
    assert_eq!(chip.when(RADIO + 0x100), 40 * MICROSECOND, "ramped up");
    assert_eq!(sent(&mut chip), [burst(40 * MICROSECOND + TRANSMITTER)]);
    assert_eq!(chip.when(RADIO + 0x104), 80 * MICROSECOND, "address");
    assert_eq!(chip.when(RADIO + 0x108), 160 * MICROSECOND, "payload");
    assert_eq!(chip.when(RADIO + 0x10C), 184 * MICROSECOND, "end");
    assert_eq!(chip.when(RADIO + 0x110), 190 * MICROSECOND, "disabled");
    assert_eq!(chip.read(RADIO + 0x550), 0);
}

#[test]
fn the_pointer_is_taken_at_start() {
    let mut chip = tuned();
    chip.write(RADIO, 1);
    chip.when(RADIO + 0x100);
    chip.write(RADIO + 0x504, RAM_BASE + 0x100);
    assert_eq!(sent(&mut chip), [burst(40 * MICROSECOND + TRANSMITTER)], "the old packet");
    let mut chip = listening();
    chip.bus.hear(burst(100 * MICROSECOND), 61);
    chip.write(RADIO + 0x504, RAM_BASE + 0x200);
    chip.when(RADIO + 0x10C);
    assert_eq!(chip.memory.octets(RAM_BASE + 0x100, 10).as_deref(), Some(&PDU[..]));
}

fn listening() -> Chip {
    let mut chip = tuned();
    chip.write(RADIO + 0x504, RAM_BASE + 0x100);
    chip.write(RADIO + 4, 1);
    chip.when(RADIO + 0x100);
    chip
}

#[test]
fn a_packet_is_received_with_its_strength() {
    let mut chip = listening();
    let start = 100 * MICROSECOND;
    chip.bus.hear(burst(start), 61);
    assert_eq!(chip.when(RADIO + 0x104), start + 40 * MICROSECOND + RECEIVER);
    assert_eq!(chip.when(RADIO + 0x10C), start + 144 * MICROSECOND + RECEIVER);
    assert_eq!((chip.read(RADIO + 0x400), chip.read(RADIO + 0x548)), (1, 61));
    assert_eq!((chip.read(RADIO + 0x130), chip.read(RADIO + 0x134)), (1, 0));
    assert_eq!(chip.memory.octets(RAM_BASE + 0x100, 10).as_deref(), Some(&PDU[..]));
    assert_eq!(chip.when(RADIO + 0x110), chip.now, "a receiver is off at once");
}

/// BASE1 and the other octets of PREFIX belong to logical addresses 1–7.
#[test]
fn logical_addresses_have_a_base_and_a_prefix() {
    for logical in [1, 3, 4, 7] {
        let mut chip = listening();
        chip.write(RADIO + 16, 1);
        chip.when(RADIO + 0x110);
        chip.write(RADIO + 0x110, 0);
        let prefix = RADIO + 0x524 + logical / 4 * 4;
        let other = if logical < 4 { ACCESS_ADDRESS >> 24 } else { 0 };
        chip.write(prefix, other | 0xA5 << (8 * (logical % 4)));
        chip.write(RADIO + 0x520, 0x3456_7800);
        chip.write(RADIO + 0x52C, logical);
        chip.write(RADIO + 0x530, 1 << logical);
        chip.write(RADIO + 0x504, RAM_BASE);
        chip.write(RADIO, 1);
        chip.when(RADIO + 0x110);
        assert_eq!(sent(&mut chip)[0].access_address, 0xA534_5678);
        chip.write(RADIO + 0x110, 0);
        chip.write(RADIO + 4, 1);
        chip.pass(200 * MICROSECOND);
        let start = chip.now + MICROSECOND;
        chip.bus.hear(Burst { access_address: 0xA534_5678, ..burst(start) }, 61);
        chip.when(RADIO + 0x110);
        assert_eq!((chip.read(RADIO + 0x408), chip.read(RADIO + 0x400)), (logical, 1));
    }
}

/// DAB and DAP have the first address of the payload, DACNF its type.
#[test]
fn a_device_is_known_by_its_address() {
    let address = u64::from_le_bytes([1, 2, 3, 4, 5, 6, 0, 0]);
    // The header has TxAdd.
    for (address, configuration, event) in [
        (address, 1 << 3 | 1 << 11, Some(0x114)),
        (address, 1 << 3, Some(0x118)),
        (address ^ 1 << 47, 1 << 3 | 1 << 11, Some(0x118)),
        (address, 1 << 11, None),
    ] {
        let mut chip = listening();
        chip.write(RADIO + 0x60C, address as u32);
        chip.write(RADIO + 0x62C, (address >> 32) as u32);
        chip.write(RADIO + 0x640, configuration);
        chip.bus.hear(burst(chip.now + MICROSECOND), 61);
        chip.when(RADIO + 0x110);
        let came = [0x114, 0x118].into_iter().find(|event| chip.read(RADIO + event) == 1);
        assert_eq!(came, event);
        assert_eq!(chip.read(RADIO + 0x410), if event == Some(0x114) { 3 } else { 0 });
    }
}

#[test]
fn a_wrong_bit_fails_the_check() {
    let mut chip = listening();
    let mut wrong = burst(100 * MICROSECOND);
    wrong.octets[5] ^= 0x10;
    chip.bus.hear(wrong, 61);
    chip.when(RADIO + 0x10C);
    assert_eq!((chip.read(RADIO + 0x400), chip.read(RADIO + 0x134)), (0, 1));
}

#[test]
fn what_is_not_listened_to_is_not_heard() {
    let other_address = Burst { access_address: 0x1234_5678, ..burst(100 * MICROSECOND) };
    let other_channel = Burst { frequency: 2426, ..burst(100 * MICROSECOND) };
    let other_mode = Burst { mode: Mode::Le2M, ..burst(100 * MICROSECOND) };
    // The address, after eight bits of preamble, begins before the receiver does.
    let too_early = burst(31 * MICROSECOND);
    for burst in [other_address, other_channel, other_mode, too_early] {
        let mut chip = listening();
        chip.bus.hear(burst, 61);
        chip.pass(1000 * MICROSECOND);
        assert_eq!((chip.read(RADIO + 0x104), chip.read(RADIO + 0x550)), (0, 3));
    }
    let mut chip = listening();
    chip.bus.hear(burst(32 * MICROSECOND), 61);
    chip.pass(1000 * MICROSECOND);
    assert_eq!(chip.read(RADIO + 0x104), 1, "just in time");
}

/// TIFS holds with both shorts and default ramp-up, and not with fast ramp-up: then it is what the
/// receiver's delay, ramp-up and the transmitter's delay add up to.
#[test]
fn spacing_needs_default_ramp_up() {
    for (configuration, gap) in [(0x200, 150), (0x201, 50)] {
        let mut chip = tuned();
        chip.write(RADIO + 0x650, configuration);
        chip.write(RADIO + 0x200, 1 | 1 << 1 | 1 << 2);
        chip.write(RADIO + 0x544, 150);
        chip.write(RADIO + 4, 1);
        chip.when(RADIO + 0x100);
        let first = burst(chip.now + 10 * MICROSECOND);
        let end = first.end();
        chip.bus.hear(first, 61);
        chip.when(RADIO + 0x110);
        chip.write(RADIO + 0x100, 0);
        chip.when(RADIO + 0x100);
        assert_eq!((sent(&mut chip)[0].start - end) / MICROSECOND, gap);
    }
}
