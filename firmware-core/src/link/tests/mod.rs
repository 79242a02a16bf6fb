//! The link from outside: a scripted radio, so that a test reads like a ladder of packets.

mod advertising;
mod answers;
mod connection;
mod filter;
mod gap;
mod hostile;
mod instants;
mod latency;
mod operation;
mod sharing;
mod supervision;
mod timing;

use super::message::{Advertising, LinkOrder, LinkReport};
use super::{Link, LinkConfig};
use ble::address::{Address, AddressKind};
use ble::hci::{AdvertisingType, FilterPolicy};
use ble::link::LinkId;
use ble::pdu::advertising::{AdvertisingData, AdvertisingPdu, CHANNEL_MAP_ALL, ConnectInd};
use ble::pdu::data::Payload;
use ble::pdu::data::{DataHeader, Llid};
use ble::phy::{Phy, T_IFS_US, TxPhy};
use ble::radio::{AfterTransmit, AirPdu, RadioCommand, RadioEvent, Receiver, Tag};
use ble::random::Entropy;
use ble::time::{Duration, Instant};
use std::vec::Vec;

const OWN: Address = Address::static_random([0xC0, 1, 2, 3, 4, 5]);
const CENTRAL: Address = Address::public([0x58, 0xA0, 0x23, 0xA6, 0x35, 0x0A]);
const IDENTITY: Address = Address::public([9, 8, 7, 6, 5, 4]);
const RPA: Address = Address::new(AddressKind::Random, [1, 2, 3, 4, 5, 0x41]);
const LINK: LinkId = LinkId(0);
const T_IFS: Duration = Duration::from_us(T_IFS_US as u64);
/// 30 ms, the interval of [`request`].
const INTERVAL: Duration = Duration::from_us(30_000);
/// 2 · 50 ppm of [`INTERVAL`] and 16 µs of jitter.
const WIDENING: Duration = Duration::from_us(3 + 16);

fn ms(ms: u64) -> Instant {
    Instant::from_us(ms * 1_000)
}

fn advertising() -> Advertising {
    Advertising {
        kind: AdvertisingType::ConnectableUndirected,
        own: OWN,
        target: CENTRAL,
        target_shown: None,
        interval: 160,
        channel_map: 7,
        filter: FilterPolicy::Any,
        data: AdvertisingData::from_slice(&[2, 1, 6]).unwrap(),
        scan_response: AdvertisingData::from_slice(&[3, 9, b'L', b'B']).unwrap(),
        resolve: false,
    }
}

/// Interval 30 ms, timeout 420 ms, CSA #1 with hop 5, 31–50 ppm.
fn request() -> ConnectInd {
    ConnectInd {
        initiator: CENTRAL,
        advertiser: OWN,
        access_address: 0xAF9A_8396,
        crc_init: 0x16_1DBE,
        win_size: 3,
        win_offset: 5,
        interval: 24,
        latency: 0,
        timeout: 42,
        channel_map: CHANNEL_MAP_ALL,
        hop: 5,
        sca: 5,
        ch_sel: false,
    }
}

fn scan_request(scanner: Address) -> AirPdu {
    AdvertisingPdu::ScanReq { scanner, advertiser: OWN }.encode()
}

fn connect(request: ConnectInd) -> AirPdu {
    AdvertisingPdu::ConnectInd(request).encode()
}

/// A packet of the central: SN, NESN, MD, LLID and payload.
fn packet(sn: u8, nesn: u8, md: u8, llid: Llid, payload: &[u8]) -> AirPdu {
    let header = DataHeader { llid, sn: sn == 1, nesn: nesn == 1, md: md == 1 };
    AirPdu::new(header.octet(), payload).unwrap()
}

fn empty(sn: u8, nesn: u8) -> AirPdu {
    packet(sn, nesn, 0, Llid::Continuation, &[])
}

fn send(tag: Tag, octet: u8) -> LinkOrder {
    let payload = Payload::from_slice(&[octet]).unwrap();
    LinkOrder::Send { link: LINK, llid: Llid::Start, payload, tag }
}

/// A `Receive` command, and when it was given.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Listen {
    given: Instant,
    from: Instant,
    until: Instant,
    channel: u8,
    access_address: u32,
    phy: Phy,
    longest: u8,
}

impl Listen {
    /// The anchor that is expected, if there is no transmit window.
    fn middle(&self) -> Instant {
        Instant::from_ticks((self.from.ticks() + self.until.ticks()) / 2)
    }
}

/// A `Reply` command.
#[derive(Clone, Debug, PartialEq)]
struct Reply {
    header: DataHeader,
    payload: Vec<u8>,
    tag: Tag,
    phy: TxPhy,
    /// Whether the event continues.
    then: AfterTransmit,
    end: Instant,
    len: Duration,
}

impl Reply {
    fn bits(&self) -> (u8, u8, u8) {
        (self.header.sn.into(), self.header.nesn.into(), self.header.md.into())
    }

    fn goes_on(&self) -> bool {
        self.then != AfterTransmit::Stop
    }
}

/// A link, its clock, and its radio played by the test.
struct Bench<const LINKS: usize> {
    link: Link<LINKS>,
    now: Instant,
    reports: Vec<LinkReport>,
    /// When the last report was made.
    reported: Instant,
    /// The latest radio command that has not begun.
    command: Option<RadioCommand>,
}

impl<const LINKS: usize> Bench<LINKS> {
    fn new() -> Self {
        let config = LinkConfig { sleep_clock_ppm: 50, csa2: true };
        let link = Link::new(config, &Entropy::new([3; 32]));
        Self { link, now: ms(1), reports: Vec::new(), reported: ms(0), command: None }
    }

    fn settle(&mut self) {
        if let Some(command) = self.link.command() {
            self.command = Some(command);
        }
        while let Some(report) = self.link.report() {
            self.reports.push(report);
            self.reported = self.now;
        }
        assert_eq!(self.link.command(), None);
    }

    fn order(&mut self, order: LinkOrder) {
        let _ = self.link.order(self.now, order);
        self.settle();
    }

    fn radio(&mut self, at: Instant, event: RadioEvent) {
        self.now = self.now.max(at);
        let _ = self.link.radio(self.now, &event);
        self.settle();
    }

    /// Lets time pass until the next radio command other than to stop, but not beyond `until`.
    fn run(&mut self, until: Instant) -> Option<RadioCommand> {
        for _ in 0..10_000 {
            if let Some(command) = self.command.take().filter(|c| *c != RadioCommand::Stop) {
                return Some(command);
            }
            let Some(deadline) = self.link.deadline().filter(|at| *at <= until) else {
                self.now = self.now.max(until);
                return None;
            };
            self.now = self.now.max(deadline);
            let _ = self.link.timer(self.now);
            self.settle();
        }
        panic!("the timer does not get ahead of {until:?}")
    }

    /// Lets time pass up to `until`, with the timer called when it is due. Whether the radio is
    /// left alone.
    fn passes(&mut self, until: Instant) -> bool {
        while let Some(deadline) = self.link.deadline().filter(|at| *at <= until) {
            self.now = self.now.max(deadline);
            let _ = self.link.timer(self.now);
            self.settle();
            if self.command.is_some() {
                return false;
            }
        }
        self.now = self.now.max(until);
        true
    }

    /// Lets time pass until the next radio command.
    fn next_command(&mut self) -> RadioCommand {
        self.run(self.now + Duration::from_secs(60)).expect("a command")
    }

    /// Next command, which must be to listen.
    fn listens(&mut self) -> Listen {
        let RadioCommand::Receive { from, until, tuning, receiver } = self.next_command() else {
            panic!("not listening")
        };
        let (channel, access_address) = (tuning.channel, tuning.access_address);
        let Receiver { phy, longest } = receiver;
        Listen { given: self.now, from, until, channel, access_address, phy, longest }
    }

    /// The window that comes next if the timer is called in time. Nothing happens yet.
    fn foresees(&self) -> Listen {
        let (link, now, command) = (self.link.clone(), self.now, self.command.clone());
        let mut copy = Self { link, now, reports: Vec::new(), reported: now, command };
        copy.listens()
    }

    /// A packet arrives that started at `start`.
    fn receives(
        &mut self,
        start: Instant,
        phy: TxPhy,
        pdu: &AirPdu,
        crc_ok: bool,
    ) -> Option<Reply> {
        let end = start + phy.air_time(pdu.payload_len());
        let pdu = pdu.clone();
        let event = RadioEvent::Received { start, end, pdu, crc_ok, rssi_dbm: -50 };
        self.radio(end, event);
        match self.command.take() {
            Some(RadioCommand::Reply { phy, pdu, tag, then }) => {
                let header = DataHeader::from_octet(pdu.header());
                let (payload, len) = (pdu.payload().to_vec(), phy.air_time(pdu.payload_len()));
                Some(Reply { header, payload, tag, phy, then, end, len })
            }
            None => None,
            other => panic!("{other:?}"),
        }
    }

    /// The reply is sent T_IFS after the packet. Returns its end.
    fn replies(&mut self, reply: &Reply) -> Instant {
        let start = reply.end + T_IFS;
        let end = start + reply.len;
        self.radio(end, RadioEvent::Transmitted { start, end });
        assert_eq!(self.command, None);
        end
    }

    fn misses(&mut self, at: Instant) {
        self.radio(at, RadioEvent::Missed { at });
    }

    /// An event that consists of one packet, at the expected anchor, and its answer.
    fn event(&mut self, pdu: &AirPdu) -> Reply {
        let listen = self.listens();
        let reply = self.receives(listen.middle(), TxPhy::Le1M, pdu, true).expect("an answer");
        self.replies(&reply);
        reply
    }

    /// An event in which nothing is heard.
    fn silence(&mut self) -> Listen {
        let listen = self.listens();
        self.misses(listen.until + Duration::from_us(40));
        listen
    }

    /// Next advertising PDU with its start and channel.
    fn advertises(&mut self) -> (Instant, u8, AdvertisingPdu) {
        let command = self.next_command();
        let RadioCommand::Transmit { at, tuning, phy: TxPhy::Le1M, pdu, .. } = command else {
            panic!("{command:?}")
        };
        assert_eq!((tuning.access_address, tuning.crc_init), (0x8E89_BED6, 0x55_5555));
        let end = at + TxPhy::Le1M.air_time(pdu.payload_len());
        self.radio(end, RadioEvent::Transmitted { start: at, end });
        (at, tuning.channel, AdvertisingPdu::parse(&pdu).unwrap())
    }

    /// No device answers the advertising PDU just sent.
    fn nobody(&mut self) {
        self.misses(self.now + Duration::from_us(200));
    }

    /// A request in answer to the advertising PDU that has just left. Gives the reply to it.
    fn requests(&mut self, pdu: AirPdu) -> Option<AdvertisingPdu> {
        let start = self.now + T_IFS;
        let end = start + TxPhy::Le1M.air_time(pdu.payload_len());
        let event = RadioEvent::Received { start, end, pdu, crc_ok: true, rssi_dbm: -60 };
        self.radio(end, event);
        match &self.command {
            Some(RadioCommand::Reply { pdu, .. }) => AdvertisingPdu::parse(pdu),
            _ => None,
        }
    }

    /// Starts advertising `what`, and sends the first PDU.
    fn advertise(&mut self, what: Advertising) -> AdvertisingPdu {
        self.order(LinkOrder::Advertise(what));
        self.advertises().2
    }

    /// Advertises, and is connected to with `request`, which `Control` accepts. Gives the end of
    /// CONNECT_IND.
    fn connect(&mut self, request: ConnectInd) -> Instant {
        self.advertise(advertising());
        assert_eq!(self.requests(connect(request)), None);
        assert!(matches!(self.reports.pop(), Some(LinkReport::Connected { .. })));
        self.order(LinkOrder::StopAdvertising);
        self.now
    }

    /// Takes the reports so far, without the ends of events.
    fn reports(&mut self) -> Vec<LinkReport> {
        let is_end = |report: &LinkReport| matches!(report, LinkReport::EventEnded { .. });
        let (ends, others) = core::mem::take(&mut self.reports).into_iter().partition(is_end);
        self.reports = ends;
        others
    }

    /// The last end of an event: its counter, the next, whether anything was heard.
    fn ended(&self) -> (u16, u16, bool) {
        let end = self.reports.iter().rev().find_map(|report| match *report {
            LinkReport::EventEnded { event, next, heard, .. } => Some((event, next, heard)),
            _ => None,
        });
        end.expect("an event has ended")
    }
}

/// Connected, with `setup` applied to the request, and established by the first event.
fn established(setup: impl FnOnce(&mut ConnectInd)) -> Bench<1> {
    let mut bench = Bench::new();
    let mut with = request();
    setup(&mut with);
    bench.connect(with);
    let reply = bench.event(&empty(0, 0));
    assert_eq!(reply.bits(), (0, 1, 0));
    assert_eq!(bench.reports(), [LinkReport::Established(LINK)]);
    bench
}
