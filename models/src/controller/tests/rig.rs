//! The scripted peripheral: it acknowledges everything and sends its script. The radio between is
//! ideal and hears on any channel and PHY; tests look at which were used.

use std::collections::VecDeque;

use ble::address::Address;
use ble::crypto::ccm::{Cipher, Direction, session_key};
use ble::error::ErrorCode;
use ble::hci::{
    Acl, AclBoundary, AclData, Command, ConnectionParameters, CreateConnection, Event, Handle,
};
use ble::pdu::advertising::{AdvertisingData, AdvertisingPdu, ConnectInd};
use ble::pdu::control::{ControlPdu, EncRsp, FeatureSet, Opcode};
use ble::pdu::data::Payload;
use ble::pdu::data::{DataHeader, Llid};
use ble::phy::{PhySet, TxPhy};
use ble::radio::{AfterTransmit, AirPdu, RadioCommand, RadioEvent, Tuning};
use ble::random::Entropy;
use ble::secret::Secret;
use ble::time::{Duration, Instant};

use crate::controller::{
    AutomaticProcedure, CentralController, ControllerConfig, ControllerOutput, ControllerQuirks,
    OwnProcedure, quirk,
};

pub(super) const LTK: [u8; 16] = [7; 16];
pub(super) const HANDLE: Handle = Handle(0);
pub(super) const PEER: Address = Address::static_random([0xC0, 1, 2, 3, 4, 5]);
pub(super) const ALL_FEATURES: FeatureSet = FeatureSet(0x59FF);

/// A packet of the central as it was on air.
#[derive(Clone, Debug)]
pub(super) struct Sent {
    pub(super) at: Instant,
    pub(super) tuning: Tuning,
    pub(super) phy: TxPhy,
    pub(super) llid: Llid,
    /// Decrypted; empty for an empty PDU.
    pub(super) payload: Vec<u8>,
    pub(super) repeated: bool,
}

pub(super) struct Rig {
    pub(super) central: CentralController,
    pub(super) now: Instant,
    pub(super) connect: Option<ConnectInd>,
    /// Number of the event that comes next.
    pub(super) event: u16,
    pub(super) sent: Vec<(u16, Sent)>,
    pub(super) events: Vec<Event>,
    pub(super) acl: Vec<Acl>,
    pub(super) say: VecDeque<(Llid, Vec<u8>)>,
    /// Does not answer in the events to come.
    pub(super) deaf: bool,
    in_flight: Option<(Llid, Vec<u8>)>,
    sn: bool,
    nesn: bool,
    rx: Option<Cipher>,
    tx: Option<Cipher>,
    pending_tx: Option<Cipher>,
    running: Option<(Instant, Tuning)>,
    /// Octets that the central was ready to hear last.
    pub(super) longest: u8,
}

/// An honest central without procedures of its own.
pub(super) fn honest() -> ControllerConfig {
    ControllerConfig { features: ALL_FEATURES, ..ControllerConfig::default() }
}

/// An honest central that has learnt features, so that it may reject in the long form.
pub(super) fn acquainted() -> ControllerConfig {
    let features = OwnProcedure::at(AutomaticProcedure::Features, 0);
    ControllerConfig { automatic: vec![features], ..honest() }
}

/// With one rule.
pub(super) fn with_rule(rule: quirk::AnswerRule) -> ControllerConfig {
    ControllerConfig {
        quirks: ControllerQuirks { rules: vec![rule], ..ControllerQuirks::default() },
        ..acquainted()
    }
}

pub(super) const PARAMETERS: ConnectionParameters =
    ConnectionParameters { interval_min: 24, interval_max: 24, latency: 0, timeout: 200 };

impl Rig {
    pub(super) fn new(config: ControllerConfig) -> Self {
        Self {
            central: CentralController::new(config, &Entropy::new([9; 32])),
            now: Instant::from_us(1_000),
            connect: None,
            event: 0,
            sent: Vec::new(),
            events: Vec::new(),
            acl: Vec::new(),
            say: VecDeque::new(),
            deaf: false,
            in_flight: None,
            sn: false,
            nesn: false,
            rx: None,
            tx: None,
            pending_tx: None,
            running: None,
            longest: 0,
        }
    }

    /// Connected, with the features exchanged if the central does so by itself.
    pub(super) fn connected(config: ControllerConfig) -> Self {
        let asks = !config.automatic.is_empty();
        let mut rig = Self::new(config);
        rig.connect(PARAMETERS);
        if asks {
            assert_eq!(rig.exchange(None), [ControlPdu::FeatureReq(ALL_FEATURES)]);
            assert_eq!(rig.exchange(Some(ControlPdu::FeatureRsp(ALL_FEATURES))), []);
        }
        rig.events.clear();
        rig
    }

    pub(super) fn connect(&mut self, parameters: ConnectionParameters) {
        self.command(Command::LeCreateConnection {
            request: CreateConnection {
                scan_interval: 16,
                scan_window: 16,
                peer: Some(PEER),
                own_address_random: false,
                parameters,
            },
        });
        let advertisement =
            AdvertisingPdu::AdvInd { advertiser: PEER, data: AdvertisingData::new(), ch_sel: true };
        for _ in 0..10 {
            if self.connect.is_some() {
                return;
            }
            self.advertise(&advertisement);
        }
        panic!("no CONNECT_IND");
    }

    /// Lets the central hear an advertisement, if it listens; gives its reply.
    pub(super) fn advertise(&mut self, pdu: &AdvertisingPdu) -> Option<AdvertisingPdu> {
        self.now += Duration::from_us(2_000);
        let start = self.now;
        let air = pdu.encode();
        let end = start + TxPhy::Le1M.air_time(air.payload_len());
        self.now = end;
        self.central
            .radio(end, RadioEvent::Received { start, end, pdu: air, crc_ok: true, rssi_dbm: -50 });
        let mut reply = None;
        for command in self.drain() {
            if let RadioCommand::Reply { pdu, .. } = command {
                reply = AdvertisingPdu::parse(&pdu);
                let start = self.now + Duration::from_us(150);
                let end = start + TxPhy::Le1M.air_time(pdu.payload_len());
                self.now = end;
                self.central.radio(end, RadioEvent::Transmitted { start, end });
            }
        }
        if let Some(AdvertisingPdu::ConnectInd(request)) = &reply {
            self.connect = Some(request.clone());
        }
        self.keep_running();
        reply
    }

    pub(super) fn command(&mut self, command: Command) {
        self.central.command(self.now, command);
        self.keep_running();
    }

    pub(super) fn host_sends(&mut self, octets: &[u8]) {
        let data = AclData::from_slice(octets).unwrap();
        let acl = Acl { handle: HANDLE, boundary: AclBoundary::First, data };
        self.central.acl(self.now, acl);
        self.keep_running();
    }

    /// Host events and ACL data go to their lists; gives the radio commands.
    fn drain(&mut self) -> Vec<RadioCommand> {
        let mut commands = Vec::new();
        while let Some(output) = self.central.poll() {
            match output {
                ControllerOutput::Radio(command) => commands.push(command),
                ControllerOutput::Event(event) => self.events.push(event),
                ControllerOutput::Acl(acl) => self.acl.push(acl),
                ControllerOutput::Trace(_) | ControllerOutput::Extended(_) => {}
            }
        }
        commands
    }

    fn keep_running(&mut self) {
        for command in self.drain() {
            self.obey(command);
        }
    }

    fn obey(&mut self, command: RadioCommand) {
        match command {
            RadioCommand::Transmit { at, tuning, phy, pdu, then, .. } => {
                assert!(at >= self.now, "commanded in time");
                self.now = at;
                self.running = Some((at, tuning));
                self.central_sends(at, tuning, phy, &pdu, then);
            }
            RadioCommand::Reply { phy, pdu, then, .. } => {
                let Some((_, tuning)) = self.running else { return };
                let at = self.now + Duration::from_us(150);
                self.central_sends(at, tuning, phy, &pdu, then);
            }
            RadioCommand::Receive { .. } | RadioCommand::Stop => {}
        }
    }

    fn central_sends(
        &mut self,
        at: Instant,
        tuning: Tuning,
        phy: TxPhy,
        pdu: &AirPdu,
        then: AfterTransmit,
    ) {
        let end = at + phy.air_time(pdu.payload_len());
        self.now = end;
        self.central.radio(end, RadioEvent::Transmitted { start: at, end });
        if self.deaf {
            self.keep(at, tuning, phy, pdu, true);
            return self.answer(then, None);
        }
        let header = DataHeader::from_octet(pdu.header());
        let new = header.sn == self.nesn;
        self.nesn ^= new;
        if header.nesn != self.sn {
            self.sn ^= self.in_flight.take().is_some();
        }
        self.keep(at, tuning, phy, pdu, !new);
        let next = self.in_flight.take().unwrap_or_else(|| self.next_to_say());
        let header = DataHeader { llid: next.0, nesn: self.nesn, sn: self.sn, md: false }.octet();
        let answer = AirPdu::new(header, &next.1);
        self.in_flight = Some(next);
        self.answer(then, answer);
    }

    /// Remembers what the central has sent, decrypted.
    fn keep(&mut self, at: Instant, tuning: Tuning, phy: TxPhy, pdu: &AirPdu, repeated: bool) {
        let llid = DataHeader::from_octet(pdu.header()).llid;
        let mut payload = Payload::from_slice(pdu.payload()).unwrap();
        if let Some(cipher) = self.rx.as_mut().filter(|_| !repeated && !payload.is_empty()) {
            cipher.decrypt(llid, &mut payload).expect("MIC of the central");
        }
        let payload = payload.to_vec();
        self.sent.push((self.event, Sent { at, tuning, phy, llid, payload, repeated }));
    }

    fn next_to_say(&mut self) -> (Llid, Vec<u8>) {
        let Some((llid, octets)) = self.say.pop_front() else {
            return (Llid::Continuation, Vec::new());
        };
        let mut payload = Payload::from_slice(&octets).unwrap();
        if let Some(cipher) = &mut self.tx {
            cipher.encrypt(llid, &mut payload).unwrap();
        }
        (llid, payload.to_vec())
    }

    fn answer(&mut self, then: AfterTransmit, pdu: Option<AirPdu>) {
        let AfterTransmit::Receive(receiver) = then else {
            return self.keep_running();
        };
        self.longest = receiver.longest;
        let start = self.now + Duration::from_us(150);
        let event = match pdu {
            Some(pdu) => {
                let end = start + TxPhy::Le1M.air_time(pdu.payload_len());
                self.now = end;
                RadioEvent::Received { start, end, pdu, crc_ok: true, rssi_dbm: -50 }
            }
            None => RadioEvent::Missed { at: start + Duration::from_us(50) },
        };
        self.central.radio(self.now, event);
        self.keep_running();
    }

    /// One connection event, in which the peripheral says this. Gives the control PDUs that the
    /// central sent in it.
    pub(super) fn exchange(&mut self, say: Option<ControlPdu>) -> Vec<ControlPdu> {
        if let Some(pdu) = say {
            self.say.push_back((Llid::Control, pdu.encode().to_vec()));
        }
        let from = self.sent.len();
        let deadline = self.now + Duration::from_secs(5);
        while self.sent.len() == from && self.now < deadline {
            let Some(due) = self.central.deadline() else { break };
            self.now = self.now.max(due);
            self.central.timer(self.now);
            self.keep_running();
        }
        self.event = self.event.wrapping_add(1);
        self.sent[from..]
            .iter()
            .filter(|(_, sent)| sent.llid == Llid::Control && !sent.repeated)
            .map(|(_, sent)| ControlPdu::parse(&sent.payload).unwrap())
            .collect()
    }

    /// This many events without PDUs of the peripheral; returns those of the central.
    pub(super) fn events(&mut self, count: u16) -> Vec<ControlPdu> {
        (0..count).flat_map(|_| self.exchange(None)).collect()
    }

    /// Whatever happens in so much time.
    pub(super) fn pass(&mut self, time: Duration) {
        let until = self.now + time;
        while let Some(due) = self.central.deadline().filter(|due| *due <= until) {
            self.now = self.now.max(due);
            self.central.timer(self.now);
            self.keep_running();
        }
        self.now = self.now.max(until);
    }

    pub(super) fn last(&self) -> &Sent {
        &self.sent.last().unwrap().1
    }

    pub(super) fn disconnected(&self) -> Option<ErrorCode> {
        self.events.iter().find_map(|event| match event {
            Event::DisconnectionComplete { reason, .. } => Some(*reason),
            _ => None,
        })
    }

    pub(super) fn take_events(&mut self) -> Vec<Event> {
        let keep = |e: &Event| {
            !matches!(
                e,
                Event::CommandStatus { status: ErrorCode::SUCCESS, .. }
                    | Event::CommandComplete { status: ErrorCode::SUCCESS, .. }
            )
        };
        std::mem::take(&mut self.events).into_iter().filter(keep).collect()
    }

    pub(super) fn enable_encryption(&mut self) {
        let ltk = Secret::new(LTK);
        self.command(Command::LeEnableEncryption { handle: HANDLE, rand: 0, ediv: 0, ltk });
    }

    /// Answers LL_ENC_REQ; from LL_START_ENC_REQ on, the peripheral receives encrypted.
    pub(super) fn answer_enc_req(&mut self, asked: &ControlPdu) -> Vec<ControlPdu> {
        let ControlPdu::EncReq(req) = asked else { panic!("{asked:?}") };
        let (skd_p, iv_p) = ([3; 8], [4; 4]);
        let key = session_key(&Secret::new(LTK), req.skd_c, skd_p);
        let cipher = |direction| Cipher::new(key.clone(), req.iv_c, iv_p, direction);
        let (rx, tx) =
            (cipher(Direction::CentralToPeripheral), cipher(Direction::PeripheralToCentral));
        let mut sent = self.exchange(Some(ControlPdu::EncRsp(EncRsp { skd_p, iv_p })));
        sent.extend(self.exchange(Some(ControlPdu::StartEncReq)));
        self.rx = Some(rx);
        // Sent encrypted, as is all that follows; queued before it is picked.
        self.pending_tx = Some(tx);
        sent
    }
}

impl Rig {
    /// Encryption from end to end.
    pub(super) fn encrypt(&mut self) {
        self.enable_encryption();
        let sent = self.exchange(None);
        let [asked @ ControlPdu::EncReq(_)] = sent.as_slice() else { panic!("{sent:?}") };
        assert_eq!(self.answer_enc_req(asked), []);
        self.finish_encryption();
    }

    /// LL_START_ENC_RSP in both directions.
    pub(super) fn finish_encryption(&mut self) -> Vec<ControlPdu> {
        self.tx = self.pending_tx.take();
        let sent = self.exchange(Some(ControlPdu::StartEncRsp));
        assert_eq!(sent.first(), Some(&ControlPdu::StartEncRsp));
        sent
    }

    /// Both directions are in clear again.
    pub(super) fn clear(&mut self) {
        (self.rx, self.tx) = (None, None);
    }
}

pub(super) const fn phy_req(phys: PhySet) -> ControlPdu {
    ControlPdu::PhyReq { tx: phys, rx: phys }
}

pub(super) fn opcodes(pdus: &[ControlPdu]) -> Vec<Opcode> {
    pdus.iter().map(ControlPdu::opcode).collect()
}
