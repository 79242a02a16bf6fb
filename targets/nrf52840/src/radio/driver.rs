//! Executes the core's [`RadioCommand`]s and reports what came of them.

use core::sync::atomic::{Ordering, compiler_fence};

use ble::phy::{Phy, TxPhy};
use ble::radio::{AIR_PDU_MAX, AfterTransmit, AirPdu, RadioCommand, RadioEvent, Receiver, Tuning};
use ble::time::{Duration, Instant};
use nrf_pac::{RADIO, radio};
use radio_regs::frame;
use radio_regs::time::{self, Epoch};

use super::wiring;
use crate::crystal::Crystal;

/// What the radio is doing or armed to do.
#[derive(Clone, Copy)]
enum Doing {
    Nothing,
    Sending { phy: TxPhy, then: AfterTransmit },
    Listening { receiver: Receiver },
}

/// Longer than it takes to give the link all orders that wait.
const ORDERS: Duration = Duration::from_us(200);
/// Rounds of waiting for an own packet on air: beyond the longest packet at 64 MHz, then give up.
const PATIENCE: u32 = 1_000_000;

/// RADIO with TIMER0 and its PPI channels. The chip reads what is sent and writes what is received
/// by DMA, so the value must not move once it has executed a command: it lives in a `static`.
pub struct Radio {
    doing: Doing,
    /// When what it is armed to do begins; `None`: it follows a packet within T_IFS.
    starts: Option<Instant>,
    epoch: Option<Epoch>,
    crystal: Crystal,
    /// PHY, coding and END count of the packet received last: what a reply goes by.
    received: Option<(TxPhy, u32)>,
    transmit: [u8; AIR_PDU_MAX],
    /// A packet is received where the core reads it.
    packet: RadioEvent,
}

impl Radio {
    /// Sets up what never changes.
    pub fn new() -> Self {
        wiring::set_up_timer();
        wiring::set_up_radio();
        RADIO.modecnf0().write_value(radio::regs::Modecnf0(frame::MODE_CONFIGURATION));
        RADIO.crccnf().write_value(radio::regs::Crccnf(frame::CRC_CONFIGURATION));
        RADIO.crcpoly().write_value(radio::regs::Crcpoly(frame::CRC_POLYNOMIAL));
        RADIO.txaddress().write_value(radio::regs::Txaddress(0));
        RADIO.rxaddresses().write_value(radio::regs::Rxaddresses(1));
        Self {
            doing: Doing::Nothing,
            starts: None,
            epoch: None,
            crystal: Crystal::new(),
            received: None,
            transmit: [0; AIR_PDU_MAX],
            packet: RadioEvent::Received {
                start: Instant::ZERO,
                end: Instant::ZERO,
                pdu: AirPdu::default(),
                crc_ok: false,
                rssi_dbm: 0,
            },
        }
    }

    /// Arms the hardware. An event comes back at once when there was nothing left to do: a window
    /// already over, a reply too late.
    pub fn execute(&mut self, now: Instant, command: &RadioCommand) -> Option<RadioEvent> {
        self.stop();
        self.starts = match *command {
            RadioCommand::Transmit { at, .. } => Some(at),
            RadioCommand::Receive { from, .. } => Some(from),
            RadioCommand::Reply { .. } | RadioCommand::Stop => None,
        };
        match *command {
            RadioCommand::Transmit { at, tuning, phy, ref pdu, then, .. } => {
                let now = now.max(self.crystal.ready(now));
                self.tune(tuning);
                let start = time::plan_transmit(now, self.epoch, at)
                    .or_else(|| time::plan_transmit(now, None, time::earliest(now)))?;
                self.epoch = Some(start.epoch);
                wiring::set_epoch(&start);
                self.send(start.enable, phy, pdu, then);
                None
            }
            RadioCommand::Receive { from, until, tuning, receiver } => {
                let now = now.max(self.crystal.ready(now));
                self.tune(tuning);
                let Some(start) = time::plan_receive(now, self.epoch, from)
                    .or_else(|| time::plan_receive(now, None, time::earliest(now)))
                    .filter(|start| start.epoch.instant(start.enable) < until)
                else {
                    return Some(RadioEvent::Missed { at: now });
                };
                self.epoch = Some(start.epoch);
                wiring::set_epoch(&start);
                let Some(close) = time::window_end(start.epoch, until, receiver.phy) else {
                    return Some(RadioEvent::Missed { at: now });
                };
                self.listen(start.enable, close, receiver);
                None
            }
            RadioCommand::Reply { phy, ref pdu, then, .. } => {
                let enable = self.received.map(|(phy, end)| time::reply_enable(end, phy));
                match enable.filter(|enable| wiring::count() < *enable) {
                    Some(enable) => {
                        self.send(enable, phy, pdu, then);
                        #[cfg(feature = "trial")]
                        crate::trial::armed(enable.wrapping_sub(wiring::count()));
                        None
                    }
                    None => Some(RadioEvent::Missed { at: now }),
                }
            }
            RadioCommand::Stop => None,
        }
    }

    /// Switches the crystal off, unless there is something to do with it.
    pub fn rest(&mut self) {
        if matches!(self.doing, Doing::Nothing) && self.crystal.stop() {
            wiring::stop_timer();
            // What TIMER0 has counted by is gone.
            self.epoch = None;
        }
    }

    /// Whether an event is on the air, or begins within [`ORDERS`]: an answer may be due in it, and
    /// whatever else is done at this level meanwhile can make that too late.
    pub fn is_on_air(&self, now: Instant) -> bool {
        match self.doing {
            Doing::Nothing => false,
            Doing::Sending { .. } | Doing::Listening { .. } => {
                self.starts.is_none_or(|starts| now + ORDERS >= starts)
            }
        }
    }

    /// Whether nothing of it is on the air before then.
    pub fn is_free_until(&self, until: Instant) -> bool {
        match self.doing {
            Doing::Nothing => true,
            Doing::Sending { .. } | Doing::Listening { .. } => {
                self.starts.is_some_and(|starts| starts >= until)
            }
        }
    }

    /// Called from the interrupt: the radio has switched itself off. What came of that is told
    /// where it lies.
    pub fn disabled<R>(&mut self, now: Instant, tell: impl FnOnce(&RadioEvent) -> R) -> Option<R> {
        wiring::disarm();
        compiler_fence(Ordering::SeqCst);
        let epoch = self.epoch?;
        match core::mem::replace(&mut self.doing, Doing::Nothing) {
            Doing::Nothing => None,
            Doing::Sending { phy, then } => {
                let (address, end) = (wiring::address_count(), wiring::end_count());
                if let AfterTransmit::Receive(receiver) = then {
                    let (enable, close) = time::follow_window(end, receiver.phy);
                    self.starts = None;
                    self.listen(enable, close, receiver);
                }
                Some(tell(&RadioEvent::Transmitted {
                    start: time::own_start(epoch, address, phy.phy()),
                    end: epoch.instant(end),
                }))
            }
            Doing::Listening { receiver } if wiring::has_ended() => {
                self.take_packet(epoch, receiver);
                Some(tell(&self.packet))
            }
            Doing::Listening { .. } => Some(tell(&RadioEvent::Missed { at: now })),
        }
    }

    fn take_packet(&mut self, epoch: Epoch, receiver: Receiver) {
        let RadioEvent::Received { start, end, pdu, crc_ok, rssi_dbm } = &mut self.packet else {
            return;
        };
        let Receiver { phy, longest } = receiver;
        let (address, ended) = (wiring::address_count(), wiring::end_count());
        let sent_as = phy.sent_with(frame::received_coding(RADIO.pdustat().read().0));
        let length = pdu.octets().get(1).copied().unwrap_or(0);
        let taken = length.min(longest);
        pdu.truncate(2 + usize::from(taken));
        let ended = time::end_on_air(ended, sent_as, length, taken);
        self.received = Some((sent_as, ended));
        *start = time::packet_start(epoch, address, phy);
        *end = time::packet_end(epoch, ended, sent_as);
        // LL-LEN-9: what was cut off fails its CRC but for one in 2²⁴.
        *crc_ok = RADIO.crcstatus().read().0 & 1 != 0 && length <= longest;
        // RSSISAMPLE is the magnitude of a negative number of dBm, 0 to 127.
        let rssi = RADIO.rssisample().read().rssisample();
        *rssi_dbm = -i8::try_from(rssi).unwrap_or(i8::MAX);
    }

    /// Calls off what is under way, lets an own packet on air end, and switches off.
    fn stop(&mut self) {
        wiring::disarm();
        let state = || RADIO.state().read().state();
        let on_air = match self.doing {
            Doing::Nothing => return,
            Doing::Sending { .. } => state() == radio::vals::State::Tx,
            Doing::Listening { .. } => false,
        };
        if !on_air && state() != radio::vals::State::Disabled {
            RADIO.tasks_disable().write_value(1);
        }
        for _ in 0..PATIENCE {
            if state() == radio::vals::State::Disabled {
                break;
            }
        }
        RADIO.events_disabled().write_value(0);
        self.doing = Doing::Nothing;
    }

    fn tune(&mut self, tuning: Tuning) {
        let (base, prefix) = frame::address(tuning.access_address);
        // Channel, and the whitening that goes with it.
        RADIO.frequency().write_value(radio::regs::Frequency(frame::frequency(tuning.channel)));
        RADIO.datawhiteiv().write_value(radio::regs::Datawhiteiv(frame::whitening(tuning.channel)));
        // Whose packets, and how their CRC begins.
        RADIO.base0().write_value(base);
        RADIO.prefix0().write_value(radio::regs::Prefix0(prefix));
        RADIO.crcinit().write_value(radio::regs::Crcinit(frame::crc_init(tuning)));
    }

    fn send(&mut self, enable: u32, phy: TxPhy, pdu: &AirPdu, then: AfterTransmit) {
        let octets = pdu.octets();
        if let Some(room) = self.transmit.get_mut(..octets.len()) {
            room.copy_from_slice(octets);
        }
        let any = Receiver::any(phy.phy());
        frame_as(frame::transmit_mode(phy), any, self.transmit.as_ptr() as u32);
        self.doing = Doing::Sending { phy, then };
        wiring::arm_transmitter(enable, phy.phy());
    }

    fn listen(&mut self, enable: u32, close: u32, receiver: Receiver) {
        let RadioEvent::Received { pdu, .. } = &mut self.packet else { return };
        let mode = frame::receive_mode(receiver.phy);
        frame_as(mode, receiver, pdu.room().as_mut_ptr() as u32);
        self.doing = Doing::Listening { receiver };
        wiring::arm_receiver(enable, close, receiver.phy);
    }
}

/// PHY, framing, the longest packet and where it lies. The pointer is taken over at START.
fn frame_as(mode: u32, Receiver { phy, longest }: Receiver, packet: u32) {
    wiring::set_shorts(phy);
    RADIO.mode().write_value(radio::regs::Mode(mode));
    RADIO.pcnf0().write_value(radio::regs::Pcnf0(frame::packet_configuration_0(phy)));
    RADIO.pcnf1().write_value(radio::regs::Pcnf1(frame::packet_configuration_1(longest)));
    work_around_191(phy);
    // What was written to the buffer must be in memory before the chip is told of it.
    compiler_fence(Ordering::SeqCst);
    RADIO.packetptr().write_value(packet);
}

/// Without it, LE Coded has too many errors.
fn work_around_191(phy: Phy) {
    let register = RADIO.as_ptr().wrapping_byte_add(0x740).cast::<u32>();
    // SAFETY: a register of RADIO, which only this level uses; it has no name and no other effect.
    unsafe {
        let now = register.read_volatile();
        let wanted = frame::erratum_191(now, phy);
        if wanted != now {
            register.write_volatile(wanted);
        }
    }
}
