//! One connection as seen from outside.

use std::collections::BTreeMap;

use ble::address::Address;
use ble::crypto::ccm::{Cipher, Direction, session_key};
use ble::pdu::advertising::ConnectInd;
use ble::pdu::control::{ConnectionUpdate, ControlPdu, EncReq};
use ble::pdu::data::Payload;
use ble::pdu::data::{DataHeader, Llid};
use ble::phy::Phy;
use ble::secret::Secret;
use ble::time::{Duration, Instant};

use super::{AirItem, Decoded, Frame, Hearing, NodeId, Reception, Sealing};

const UNIT: Duration = Duration::from_us(1_250);
/// A packet that begins so soon after another may answer it.
const T_IFS_LATEST: Duration = Duration::from_us(155);
/// Between two packets of one event there is less, even where T_IFS is not kept.
const PAUSE: Duration = Duration::from_us(400);
/// The longest connSupervisionTimeout is 32 s; a transmit window is not far away.
const LONGEST_SILENCE: Duration = Duration::from_secs(40);
/// An instant this far ahead lies in the past (5.5.1).
const PAST: u16 = 0x7FFF;
/// How much too early an anchor may be, whatever the clocks.
const EARLIEST: Duration = Duration::from_us(100);
/// The worst sleep clock that can be announced.
const WORST_PPM: u32 = 500;

/// What is known about one direction.
#[derive(Clone, Debug, Default)]
struct Way {
    sequence: Option<bool>,
    /// Payload of the last PDU as it was on air, and whether its peer has taken it.
    aired: (Vec<u8>, bool),
    /// Payload, decryption and meaning of the last PDU, for its repetitions.
    last: Option<(Vec<u8>, Option<bool>, Decoded)>,
    received: Received,
    /// As it was before the last PDU.
    before: Received,
    encrypted: bool,
}

/// What depends on the PDUs that were taken so far.
#[derive(Clone, Debug, Default)]
struct Received {
    cipher: Option<Cipher>,
    /// L2CAP frame in parts: announced length, channel, octets.
    frame: Option<(usize, u16, Vec<u8>)>,
}

#[derive(Clone, Debug)]
pub(super) struct Connection {
    access_address: u32,
    /// When its CONNECT_IND was over, and the address that it came from; `None`: not seen.
    begun: Option<(Instant, Address)>,
    /// `None`: not known yet.
    central: Option<NodeId>,
    peripheral: Option<NodeId>,
    interval: Duration,
    /// Start of the transmit window of event 0.
    window: Instant,
    /// Last anchor point and its event.
    anchor: Option<(Instant, u16)>,
    /// End of the last packet.
    last_end: Instant,
    update: Option<ConnectionUpdate>,
    enc_req: Option<EncReq>,
    /// Who has begun an encryption start: the central by LL_ENC_REQ, both by LL_ENC_RSP. From then
    /// on these send only its PDUs in the clear; some of them may not have been captured.
    starting: Option<Direction>,
    /// The key that a host gave for this connection: the central's, else the peripheral's.
    key: Option<Secret<16>>,
    ways: [Way; 2],
}

impl Connection {
    /// Begun by `request`, which is `item`.
    pub(super) fn new(request: &ConnectInd, item: &AirItem, peripheral: Option<NodeId>) -> Self {
        let delay = match item.phy.phy() {
            _ if !item.is_secondary() => 1,
            Phy::Le1M | Phy::Le2M => 2,
            Phy::LeCoded => 3,
        };
        Self {
            access_address: request.access_address,
            begun: Some((item.end, request.initiator)),
            central: Some(item.from),
            peripheral,
            interval: UNIT.times(u64::from(request.interval.max(1))),
            window: item.end + UNIT.times(delay + u64::from(request.win_offset)),
            anchor: None,
            last_end: Instant::ZERO,
            update: None,
            enc_req: None,
            starting: None,
            key: None,
            ways: Default::default(),
        }
    }

    /// Its beginning was not seen: `frame` is the first of its packets. When events begin is not
    /// known either.
    pub(super) fn joined(frame: &Frame, direction: Direction) -> Self {
        let sender = |way| (way == direction).then_some(frame.from);
        Self {
            access_address: frame.access_address,
            begun: None,
            central: sender(Direction::CentralToPeripheral),
            peripheral: sender(Direction::PeripheralToCentral),
            interval: UNIT,
            window: frame.at,
            anchor: None,
            last_end: Instant::ZERO,
            update: None,
            enc_req: None,
            starting: None,
            key: None,
            ways: Default::default(),
        }
    }

    pub(super) const fn access_address(&self) -> u32 {
        self.access_address
    }

    /// Whether two CONNECT_INDs answer the same advertisement: both end at the same time.
    pub(super) fn begins_with(&self, other: &Self) -> bool {
        let [Some((one, _)), Some((another, _))] = [self.begun, other.begun] else { return false };
        one.max(another).since(one.min(another)) < T_IFS_LATEST
    }

    /// Whether it was begun from this address.
    pub(super) fn is_of(&self, initiator: Address) -> bool {
        self.begun.is_some_and(|(_, from)| from == initiator)
    }

    pub(super) fn may_be(&self, node: NodeId) -> bool {
        [self.central, self.peripheral].iter().any(|end| end.is_none_or(|end| end == node))
    }

    /// Whether it has been silent for longer than any connection lives.
    pub(super) fn is_over(&self, now: Instant) -> bool {
        now.since(self.last_end.max(self.window)) > LONGEST_SILENCE
    }

    /// Whether a node is its central, or its peripheral.
    pub(super) fn has_end(&self, node: NodeId, central: bool) -> bool {
        (if central { self.central } else { self.peripheral }) == Some(node)
    }

    pub(super) fn give_key(&mut self, node: NodeId, ltk: &Secret<16>) {
        if self.central == Some(node) || self.key.is_none() {
            self.key = Some(ltk.clone());
        }
    }

    pub(super) fn peer_of(&self, node: NodeId) -> Option<NodeId> {
        if self.central == Some(node) { self.peripheral } else { self.central }
    }

    /// Understands a packet of this connection, which was read from `frame`.
    pub(super) fn packet(
        &mut self,
        item: &mut AirItem,
        frame: &Frame,
        keys: &BTreeMap<NodeId, Secret<16>>,
    ) {
        let sure = frame.hearing != Hearing::Unknown;
        let direction = match frame.followed {
            Some(followed) => followed.direction,
            None if self.central == Some(item.from) => Direction::CentralToPeripheral,
            None => Direction::PeripheralToCentral,
        };
        let sender = match direction {
            Direction::CentralToPeripheral => &mut self.central,
            Direction::PeripheralToCentral => &mut self.peripheral,
        };
        *sender = sender.or(Some(item.from));
        item.direction = Some(direction);
        item.event = match frame.followed {
            Some(followed) => followed.event,
            None => {
                if direction == Direction::CentralToPeripheral {
                    self.time(item.at);
                }
                self.anchor.map(|(_, event)| event)
            }
        };
        self.last_end = item.end;
        let header = DataHeader::from_octet(item.header);
        let [down, up] = &mut self.ways;
        // What comes after packets that were not seen need not be what it looks like.
        if frame.followed.is_some_and(|followed| followed.missing > 0) {
            (down.aired.1, up.aired.1) = (false, false);
            let way =
                if direction == Direction::CentralToPeripheral { &mut *down } else { &mut *up };
            if header.llid == Llid::Continuation && !item.payload.is_empty() {
                way.received.frame = None;
            }
        }
        let (way, back) = match direction {
            Direction::CentralToPeripheral => (down, up),
            Direction::PeripheralToCentral => (up, down),
        };
        // LL-NESN-2: its sender had no room for what it does not acknowledge.
        back.aired.1 &= back.sequence != Some(header.nesn);
        // What takes the place of a PDU that was not taken is new to the peer, though no rule
        // allows it; and to the peer that PDU never was.
        let same = way.sequence == Some(header.sn);
        item.retransmission = same && (way.aired.1 || way.aired.0 == item.payload);
        if same && !item.retransmission {
            way.received = way.before.clone();
        }
        way.sequence = Some(header.sn);
        let heard = item.reception == Some(Reception::Ok) || item.retransmission && way.aired.1;
        // Reception is unknown: only an identical payload is a retransmission, for packets may be
        // missing.
        way.aired = (item.payload.clone(), heard && sure);
        if item.retransmission {
            if let Some((payload, decrypted, decoded)) = way.last.clone() {
                (item.payload, item.decrypted, item.decoded) = (payload, decrypted, decoded);
            }
        } else {
            way.before = way.received.clone();
            let may_be = self
                .starting
                .is_some_and(|by| by == Direction::PeripheralToCentral || by == direction);
            let as_on_air = frame.sealing == Sealing::AsOnAir;
            if !sure && as_on_air && may_be && is_no_clear_text(header.llid, &item.payload) {
                (way.encrypted, back.encrypted) = (true, true);
            }
            way.open(header.llid, item, frame.sealing);
            item.decoded = way.received.decode(header.llid, item);
            way.last = Some((item.payload.clone(), item.decrypted, item.decoded.clone()));
        }
        // Only LL_START_ENC_RSP can come first: without the key its peer's answer would be taken
        // for clear text.
        let unread = item.decrypted == Some(false) && header.llid == Llid::Control;
        let as_on_air = frame.sealing == Sealing::AsOnAir;
        if unread && as_on_air && direction == Direction::CentralToPeripheral && heard {
            self.ways[Direction::PeripheralToCentral as usize].encrypted = true;
        }
        if let Decoded::Control(pdu) = item.decoded {
            if let (ControlPdu::ConnectionUpdateInd(update), Direction::CentralToPeripheral) =
                (pdu, direction)
                && !item.retransmission
            {
                self.announced(update);
            }
            let heard = item.reception == Some(Reception::Ok);
            self.follow(&pdu, direction, heard, item.decrypted == Some(true), keys);
        }
    }

    /// Which event does a packet of the central belong to that starts at `at`?
    fn time(&mut self, at: Instant) {
        let Some((anchor, event)) = self.anchor else {
            // A window that passes without a packet is followed by another one, an event later.
            self.anchor = Some((at, windows_since(self.window, at, self.interval)));
            return;
        };
        if self.goes_on(anchor, at) {
            return;
        }
        if let Some(update) = self.update {
            let ahead = u64::from(update.instant.wrapping_sub(event));
            let start =
                anchor + self.interval.times(ahead) + UNIT.times(u64::from(update.win_offset));
            if at + tolerance(self.interval) >= start {
                self.change(&update);
                let later = windows_since(start, at, self.interval);
                self.anchor = Some((at, update.instant.wrapping_add(later)));
                return;
            }
        }
        let since = (at + tolerance(self.interval)).since(anchor).ticks();
        // What begins an event too early begins one all the same.
        let again = u64::from(at.since(self.last_end) > PAUSE);
        let events = (since / self.interval.ticks()).max(again);
        if events > 0 {
            self.anchor = Some((at, event.wrapping_add(events as u16)));
        }
    }

    /// The central has announced new parameters.
    fn announced(&mut self, update: ConnectionUpdate) {
        let event = self.anchor.map_or(0, |(_, event)| event);
        match update.instant.wrapping_sub(event) {
            // LL-UPD-2: announced in the event of its instant, whose packet is the anchor point.
            0 => self.change(&update),
            PAST.. => {}
            _ => self.update = Some(update),
        }
    }

    fn change(&mut self, update: &ConnectionUpdate) {
        self.interval = UNIT.times(u64::from(update.interval.max(1)));
        self.update = None;
    }

    /// Whether a packet comes T_IFS after the last one and well before the next anchor: an event
    /// that fills its interval.
    fn goes_on(&self, anchor: Instant, at: Instant) -> bool {
        let next = anchor + self.interval;
        at.since(self.last_end) < T_IFS_LATEST && at + EARLIEST < next
    }

    /// Learns from a control PDU. Keys change only when the peer has heard that they shall.
    fn follow(
        &mut self,
        pdu: &ControlPdu,
        direction: Direction,
        heard: bool,
        encrypted: bool,
        keys: &BTreeMap<NodeId, Secret<16>>,
    ) {
        use Direction::{CentralToPeripheral as Down, PeripheralToCentral as Up};
        if matches!(pdu, ControlPdu::EncReq(_) | ControlPdu::EncRsp(_)) {
            self.starting = Some(direction);
        }
        match (pdu, direction) {
            (ControlPdu::EncReq(request), Down) => self.enc_req = Some(*request),
            (ControlPdu::EncRsp(response), Up) => {
                let ours = self.peripheral.and_then(|node| keys.get(&node));
                let last = self.central.and_then(|node| keys.get(&node)).or(ours);
                let key = self.key.as_ref().or(last);
                if let (Some(request), Some(ltk)) = (self.enc_req.take(), key) {
                    let key = session_key(ltk, request.skd_c, response.skd_p);
                    for way in [Down, Up] {
                        let cipher = Cipher::new(key.clone(), request.iv_c, response.iv_p, way);
                        self.ways[way as usize].received.cipher = Some(cipher);
                    }
                }
            }
            (ControlPdu::StartEncReq, Up) if heard => self.ways[Down as usize].encrypted = true,
            // In the clear it starts no encryption.
            (ControlPdu::StartEncRsp, Down) if heard && encrypted => {
                self.ways[Up as usize].encrypted = true;
            }
            (ControlPdu::PauseEncRsp, Up) if heard && encrypted => {
                self.ways[Down as usize].encrypted = false;
            }
            (ControlPdu::PauseEncRsp, Down) if heard && !encrypted => {
                self.ways[Up as usize].encrypted = false;
            }
            _ => {}
        }
    }
}

/// Whether a payload cannot be clear text while encryption starts: it is neither a control PDU nor
/// an L2CAP frame, which would have to wait.
fn is_no_clear_text(llid: Llid, payload: &[u8]) -> bool {
    !payload.is_empty() && (llid != Llid::Control || ControlPdu::parse(payload).is_err())
}

/// How much earlier than expected an event may begin.
fn tolerance(interval: Duration) -> Duration {
    interval.divided_by(4).min(Duration::from_us(2_000))
}

/// How many transmit windows after the one that starts at `start` a packet begins. A window may
/// be as long as an interval but for 1.25 ms.
fn windows_since(start: Instant, at: Instant, interval: Duration) -> u16 {
    let drift = at.since(start).ppm(WORST_PPM);
    let since = (at + EARLIEST + drift).since(start).ticks();
    (since / interval.ticks()) as u16
}

impl Way {
    fn open(&mut self, llid: Llid, item: &mut AirItem, sealing: Sealing) {
        if sealing != Sealing::AsOnAir {
            item.decrypted = Some(sealing == Sealing::Opened);
            return;
        }
        if !self.encrypted || item.payload.is_empty() {
            return;
        }
        item.decrypted = Some(false);
        let opened = Payload::from_slice(&item.payload).ok().zip(self.received.cipher.as_mut());
        if let Some((mut payload, cipher)) = opened
            && cipher.decrypt(llid, &mut payload).is_ok()
        {
            item.payload = payload.to_vec();
            item.decrypted = Some(true);
        }
    }
}

impl Received {
    fn decode(&mut self, llid: Llid, item: &AirItem) -> Decoded {
        if item.payload.is_empty() {
            return Decoded::Empty;
        }
        if item.decrypted == Some(false) {
            return Decoded::Opaque;
        }
        match llid {
            Llid::Control => {
                ControlPdu::parse(&item.payload).map_or(Decoded::Opaque, Decoded::Control)
            }
            Llid::Start => {
                let Some(([l0, l1, c0, c1], rest)) = item.payload.split_first_chunk::<4>() else {
                    return Decoded::Opaque;
                };
                let length = usize::from(u16::from_le_bytes([*l0, *l1]));
                let cid = u16::from_le_bytes([*c0, *c1]);
                self.frame = Some((length, cid, rest.to_vec()));
                self.part()
            }
            Llid::Continuation => {
                if let Some((_, _, bytes)) = &mut self.frame {
                    bytes.extend_from_slice(&item.payload);
                }
                self.part()
            }
            Llid::Reserved => Decoded::Opaque,
        }
    }

    fn part(&mut self) -> Decoded {
        let Some((length, cid, bytes)) = self.frame.take() else {
            return Decoded::Opaque;
        };
        let complete = bytes.len() >= length;
        if !complete {
            self.frame = Some((length, cid, bytes.clone()));
        }
        Decoded::L2cap { cid, bytes, complete }
    }
}
