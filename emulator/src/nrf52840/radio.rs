//! RADIO in its Bluetooth LE modes.
//!
//! Gaps: IEEE 802.15.4 and Nordic's own modes; receivers with several logical addresses; CCA,
//! energy detection, direction finding. RSSI takes no time, and DEVMATCH and DEVMISS come with END.
//! A packet whose sending is cut off is whole on air. On LE Coded: PCNF0 is not compared with MODE,
//! either mode receives both codings, a transmitter raises ADDRESS at the address's end (a receiver
//! after TERM1), and a packet from a world has its PAYLOAD together with END.

mod devices;
mod outside;
mod packet;
mod ramp;
mod reception;
mod registers;

pub use packet::{Listening, Sent};

use devices::Devices;
use packet::{Incoming, Packet, TRANSMITTER};

use super::air::{Burst, Mode, crc, crc_octets, whiten};
use super::peripheral::{Common, MICROSECOND, Moment, Peripheral};
use crate::bus::Ticks;
use crate::memory::Memory;

const READY: u8 = 0;
const ADDRESS: u8 = 1;
const PAYLOAD: u8 = 2;
pub(super) const END: u8 = 3;
const DISABLED: u8 = 4;
const MATCH: u8 = 5;
const MISS: u8 = 6;
const RSSI_END: u8 = 7;
const BIT_COUNT: u8 = 10;
const CRC_OK: u8 = 12;
const CRC_ERROR: u8 = 13;
const RATE_BOOST: u8 = 20;
const TX_READY: u8 = 21;
const RX_READY: u8 = 22;
const PHY_END: u8 = 27;

/// Switching the transmitter off; the receiver takes no time.
const DISABLE_1M: Ticks = 6 * MICROSECOND;
const DISABLE_2M: Ticks = 4 * MICROSECOND;

/// The task that sends or receives.
pub(super) const START: u8 = 2;

/// The strength of noise, in −dBm.
const NOISE: u8 = 127;

#[derive(Clone, PartialEq, Eq, Hash, Debug)]
enum State {
    Disabled,
    RampingUp { send: bool, until: Ticks },
    Idle { send: bool },
    Sending(Packet),
    Listening { since: Ticks },
    Receiving(Packet),
    Disabling { sent: bool, until: Ticks },
}

/// What it is used for, as far as its current depends on it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Use {
    Off,
    /// It ramps up, or stands ready.
    SendsSoon,
    Sends(Mode),
    /// It ramps up, or stands ready.
    ListensSoon,
    Listens(Mode),
}

/// RADIO: its registers, its state, and packets to and from the air.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(crate) struct Radio {
    common: Common,
    state: State,
    /// PACKETPTR, and what it was at START.
    pointer: u32,
    latched: u32,
    frequency: u32,
    mode: u32,
    packet: [u32; 2],
    base: [u32; 2],
    prefix: [u32; 2],
    addresses: [u32; 2],
    /// RXMATCH: the logical address of the packet received last.
    matched: u32,
    /// CRCCNF, CRCPOLY, CRCINIT.
    crc: [u32; 3],
    spacing: u32,
    whitening: u32,
    /// MODECNF0: fast ramp-up in bit 0; DTX in bits 9:8 is kept and does nothing.
    configuration: u32,
    power: u32,
    bit_compare: u32,
    devices: Devices,
    workarounds: [u32; 4],
    bit_count_at: Option<Ticks>,
    crc_ok: bool,
    received_crc: u32,
    rssi: u8,
    /// When the last packet ended on air, as far as it got, and how it was sent.
    last: Option<(Ticks, Mode)>,
    /// CISTAT: from when on, what it was, what it is.
    indicated: (Ticks, bool, bool),
    sent: Vec<Sent>,
    heard: Vec<Incoming>,
    /// Whether the CRC of the last received packet was right, until it is read.
    verdict: Option<bool>,
}

impl Radio {
    pub(super) fn new() -> Self {
        Self {
            common: Common::default(),
            state: State::Disabled,
            pointer: 0,
            latched: 0,
            frequency: 2,
            mode: 0,
            packet: [0; 2],
            base: [0; 2],
            prefix: [0; 2],
            addresses: [0; 2],
            matched: 0,
            crc: [0; 3],
            spacing: 0,
            whitening: 0x40,
            configuration: 0x200,
            power: 0,
            bit_compare: 0,
            devices: Devices::default(),
            workarounds: [0; 4],
            bit_count_at: None,
            crc_ok: false,
            received_crc: 0,
            rssi: NOISE,
            last: None,
            indicated: (0, false, false),
            sent: Vec::new(),
            heard: Vec::new(),
            verdict: None,
        }
    }

    fn air_mode(&self) -> Mode {
        match self.mode {
            4 => Mode::Le2M,
            5 => Mode::CodedS8,
            6 => Mode::CodedS2,
            _ => Mode::Le1M,
        }
    }

    /// The access address behind a logical one, 0–7.
    fn access_address(&self, logical: u32) -> u32 {
        let base = self.base[usize::from(logical != 0)];
        let prefix = self.prefix[logical as usize / 4 % 2] >> (8 * (logical % 4));
        base >> 8 | prefix << 24
    }

    /// The logical address that it receives; `None`: none.
    fn receives_logical(&self) -> Option<u32> {
        let enabled = self.addresses[1];
        enabled.is_power_of_two().then(|| enabled.trailing_zeros())
    }

    fn crc_length(&self) -> u32 {
        self.crc[0] & 3
    }

    fn longest(&self) -> usize {
        (self.packet[1] & 0xFF) as usize
    }

    /// An octet between header and payload that is in RAM only (S1INCL).
    fn gap_in_memory(&self) -> u32 {
        2 + (self.packet[0] >> 20 & 1)
    }

    fn start(&mut self, moment: &mut Moment<'_>) {
        self.latched = self.pointer;
        match self.state {
            State::Idle { send: true } => self.begin_sending(moment.now, moment.memory),
            State::Idle { send: false } => self.state = State::Listening { since: moment.now },
            _ => {}
        }
    }

    /// Takes the packet from RAM; what cannot be read is sent as zeros.
    fn begin_sending(&mut self, now: Ticks, memory: &Memory) {
        let octet = |offset: u32| {
            let octet = memory.read(self.latched.wrapping_add(offset));
            octet.map_or(0, |[octet]| octet)
        };
        let length = usize::from(octet(1)).min(self.longest());
        let mut octets = vec![octet(0), length as u8];
        let first = self.gap_in_memory();
        octets.extend((0..length).map(|n| octet(first + n as u32)));
        let check = crc(&octets, self.crc[1], self.crc[2], self.crc_length().max(1));
        if self.crc_length() != 0 {
            octets.extend(crc_octets(check, self.crc_length()));
        }
        self.whiten(&mut octets);
        let burst = Burst {
            start: now + TRANSMITTER,
            mode: self.air_mode(),
            frequency: self.megahertz(),
            access_address: self.access_address(self.addresses[0]),
            octets,
        };
        let (payload_end, end) = (burst.after(2 + length), burst.after(burst.octets.len()));
        let (air_end, whole) = (burst.end(), true);
        self.sent.push(Sent { burst: burst.clone(), crc_initial: self.crc[2] });
        let (rssi, next) = (NOISE, ADDRESS);
        let packet = Packet { burst, rssi, next, payload_end, end, air_end, whole };
        self.state = State::Sending(packet);
    }

    fn whiten(&self, octets: &mut [u8]) {
        if self.packet[1] >> 25 & 1 == 1 {
            whiten(octets, self.whitening as u8);
        }
    }

    fn megahertz(&self) -> u16 {
        let base = if self.frequency >> 8 & 1 == 1 { 2360 } else { 2400 };
        base + (self.frequency & 0x7F) as u16
    }

    fn step(&mut self, mut packet: Packet, sending: bool, moment: &mut Moment<'_>) {
        moment.raise(packet.next);
        packet.next = match packet.next {
            ADDRESS => PAYLOAD,
            PAYLOAD => END,
            END => {
                self.last = Some((packet.end, packet.burst.mode));
                if !sending {
                    self.store(&packet.burst, moment);
                }
                PHY_END
            }
            _ => {
                self.last = Some((packet.air_end, packet.burst.mode));
                self.state = State::Idle { send: sending };
                return;
            }
        };
        // If nothing follows the CRC, both come at the same time.
        if packet.next == PHY_END && packet.due(sending) <= moment.now {
            return self.step(packet, sending, moment);
        }
        self.state = if sending { State::Sending(packet) } else { State::Receiving(packet) };
    }

    fn disable(&mut self, moment: &mut Moment<'_>) {
        let sent = match self.state {
            State::Disabled => {
                moment.raise(DISABLED);
                return;
            }
            State::Disabling { .. } => return,
            State::Idle { send } | State::RampingUp { send, .. } => send,
            State::Sending(_) => true,
            State::Listening { .. } | State::Receiving(_) => false,
        };
        let takes = match (sent, self.air_mode()) {
            (false, _) => 0,
            (true, Mode::Le2M) => DISABLE_2M,
            (true, _) => DISABLE_1M,
        };
        self.state = State::Disabling { sent, until: moment.now + takes };
    }

    fn sample_strength(&mut self, moment: &mut Moment<'_>) {
        self.rssi = match &self.state {
            State::Receiving(packet) => packet.rssi.min(NOISE),
            _ => NOISE,
        };
        moment.raise(RSSI_END);
    }

    /// STATE, 0–12, as the product specification numbers the states.
    fn state_number(&self) -> u32 {
        match self.state {
            State::Disabled => 0,
            State::RampingUp { send: false, .. } => 1,
            State::Idle { send: false } => 2,
            State::Listening { .. } | State::Receiving(_) => 3,
            State::Disabling { sent: false, .. } => 4,
            State::RampingUp { send: true, .. } => 9,
            State::Idle { send: true } => 10,
            State::Sending(_) => 11,
            State::Disabling { sent: true, .. } => 12,
        }
    }
}

impl Peripheral for Radio {
    fn common(&self) -> &Common {
        &self.common
    }

    fn common_mut(&mut self) -> &mut Common {
        &mut self.common
    }

    fn task(&mut self, task: u8, moment: &mut Moment<'_>) {
        match task {
            0 | 1 if matches!(self.state, State::Disabled) => self.ramp_up(task == 0, moment.now),
            START => self.start(moment),
            3 => match self.state {
                State::Sending(_) => self.state = State::Idle { send: true },
                State::Listening { .. } | State::Receiving(_) => {
                    self.state = State::Idle { send: false };
                }
                _ => {}
            },
            4 => self.disable(moment),
            5 => self.sample_strength(moment),
            7 => {
                let bits = Ticks::from(self.bit_compare) * self.air_mode().bit();
                self.bit_count_at = Some(moment.now + bits);
            }
            8 => self.bit_count_at = None,
            _ => {}
        }
    }

    fn read(&mut self, offset: u32, now: Ticks) -> Option<u32> {
        self.register(offset, now)
    }

    fn write(&mut self, offset: u32, value: u32, _: &mut Moment<'_>) -> bool {
        self.set_register(offset, value)
    }

    fn next_event(&self) -> Option<Ticks> {
        let own = match &self.state {
            State::RampingUp { until, .. } | State::Disabling { until, .. } => Some(*until),
            State::Sending(packet) => Some(packet.due(true)),
            State::Receiving(packet) => Some(packet.due(false)).filter(|due| *due != Ticks::MAX),
            _ => None,
        };
        let heard = self.heard.iter().map(Incoming::due);
        heard.chain(own).chain(self.bit_count_at).min()
    }

    fn due(&mut self, moment: &mut Moment<'_>) {
        let now = moment.now;
        if self.bit_count_at.is_some_and(|at| at <= now) {
            self.bit_count_at = None;
            moment.raise(BIT_COUNT);
        }
        match self.state.clone() {
            State::RampingUp { send, until } if until <= now => {
                self.state = State::Idle { send };
                moment.raise(READY);
                moment.raise(if send { TX_READY } else { RX_READY });
            }
            State::Disabling { until, .. } if until <= now => {
                self.state = State::Disabled;
                moment.raise(DISABLED);
            }
            State::Sending(packet) if packet.due(true) <= now => self.step(packet, true, moment),
            State::Receiving(packet) if packet.due(false) <= now => {
                self.step(packet, false, moment);
            }
            _ => {}
        }
        self.address_passes(moment);
    }

    fn shorted(&self, event: u8) -> u32 {
        let on = |short: u32, task: u32| (self.common.shorts >> short & 1) << task;
        match event {
            READY => on(0, 2),
            END => on(1, 4) | on(5, 2),
            DISABLED => on(2, 0) | on(3, 1) | on(8, 6),
            ADDRESS => on(4, 5) | on(6, 7),
            TX_READY => on(18, 2),
            RX_READY => on(19, 2),
            PHY_END => on(20, 4) | on(21, 2),
            _ => 0,
        }
    }
}
