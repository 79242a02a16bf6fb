//! Plays one case: the whole firmware, a raw central, the simulated air, and the oracle.

use std::panic::{AssertUnwindSafe, catch_unwind};

use ble::address::Address;
use ble::hci::Event;
use ble::pdu::advertising::{CHANNEL_MAP_ALL, ConnectInd};
use ble::pdu::control::{ControlPdu, Opcode};
use ble::pdu::data::Llid;
use ble::secret::Secret;
use ble::time::{Duration, Instant};
use bletwin_firmware_node::{Build, CpuConfig, PeripheralNode};
use bletwin_models::raw::{RawCentral, Script, ScriptPacket, ScriptStep};
use bletwin_oracle as oracle;
use bletwin_sim::node::{End, NodeId};
use bletwin_sim::random::{Purpose, Stream};
use bletwin_sim::record::{Note, Record, RecordId, RecordKind};
use bletwin_sim::sniffer::sniff;
use bletwin_sim::world::{Placement, World, WorldConfig};
use firmware_core::application::Application as _;
use firmware_core::config::{
    Accept, Config, DataLengthUpdate, FeatureExchange, ParamUpdate, PhyUpdate,
};
use firmware_core::host::bonds::Bond;
use led_button::LedButton;

use super::pdus::{Draw, PDUS, packets};
use super::states::{LTK, STATES, Setup, reach};
use super::table::{Answer, Table};

pub(crate) const PERIPHERAL: NodeId = NodeId(0);
pub(crate) const CENTRAL: NodeId = NodeId(1);
/// Events after the PDU under test: more than to any instant that is announced.
const AFTERWARDS: u16 = 18;
/// Of simulated time.
const LIMIT: Duration = Duration::from_secs(20);

pub(crate) type Actor = End<PeripheralNode, RawCentral>;

/// The variation of the simple case: one PDU in its own event that arrives the first time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Variant {
    Plain,
    /// The central hears no answer in this many events, and repeats.
    Unheard(u16),
    /// This many repetitions follow with the old SN.
    Repeated(u16),
    /// This many events before are skipped.
    Late(u16),
    /// Its event begins this many µs off its anchor point, within clock tolerances.
    Jitter(i32),
    /// Reserved bits of its header are set, which a receiver ignores.
    Reserved(u8),
    /// A PDU of another kind follows in the same event: only the oracle is asked.
    Several(&'static str),
}

/// Everything that a case depends on.
#[derive(Clone, Debug)]
pub(crate) struct Case {
    pub(crate) state: &'static str,
    pub(crate) pdu: &'static str,
    /// Of all that is drawn in its cell.
    pub(crate) seed: u64,
    pub(crate) variant: Variant,
    pub(crate) features: bool,
}

impl Case {
    /// The case with this number: the cells of the table in turn, each time with another seed.
    pub(crate) fn number(number: u64) -> (Self, Draw) {
        let cells = (STATES.len() * PDUS.len()) as u64;
        let cell = (number % cells) as usize;
        Self::of(STATES[cell / PDUS.len()], PDUS[cell % PDUS.len()], number / cells)
    }

    /// A case of a cell: what is drawn depends on nothing but the names and the seed, so that a
    /// case stays what it is when states and PDUs are added.
    pub(crate) fn of(state: &'static str, pdu: &'static str, seed: u64) -> (Self, Draw) {
        let octets = state.bytes().chain(pdu.bytes());
        let name = octets.fold(0_u16, |hash, octet| hash.wrapping_mul(31) ^ u16::from(octet));
        let mut draw = Draw(Stream::new(seed, name, Purpose::Entropy));
        let features = draw.below(2) == 1;
        let setup = reach(state, features);
        // One in two is plain.
        let variant = match draw.below(14) {
            0 | 1 => Variant::Unheard(draw.within(1, 3)),
            2 | 3 => Variant::Repeated(draw.within(1, 2)),
            4 if setup.steady => Variant::Late(draw.within(1, 3)),
            5 => Variant::Jitter(draw.one(&[-14, -7, 9, 15])),
            6 if !setup.seals() => Variant::Reserved(draw.one(&[0x40, 0x80, 0xC0])),
            7 | 8 => Variant::Several(draw.one(PDUS)),
            _ => Variant::Plain,
        };
        (Self { state, pdu, seed, variant, features }, draw)
    }

    /// The case of a cell that is given by its names.
    pub(crate) fn named(state: &str, pdu: &str, seed: u64) -> Option<(Self, Draw)> {
        let known =
            |list: &[&'static str], name| list.iter().find(|known| **known == name).copied();
        Some(Self::of(known(STATES, state)?, known(PDUS, pdu)?, seed))
    }
}

impl Setup {
    /// Whether PDUs are encrypted at the end.
    fn seals(&self) -> bool {
        let last = self.steps.iter().rev().find_map(|step| match step {
            ScriptStep::SealTx(on) => Some(*on),
            _ => None,
        });
        last == Some(true)
    }
}

/// What came of a case.
#[derive(Clone, Debug, Default)]
pub(crate) struct Outcome {
    /// `None`: the state was not reached, or the PDU was never on air in it.
    pub(crate) answer: Option<Answer>,
    /// What the oracle says against the peripheral.
    pub(crate) accused: Vec<String>,
    pub(crate) panicked: bool,
    pub(crate) records: Vec<Record>,
}

/// Request that the peripheral has open.
fn asked(state: &str) -> Opcode {
    let words = [
        ("features", Opcode::PERIPHERAL_FEATURE_REQ),
        ("version", Opcode::VERSION_IND),
        ("length", Opcode::LENGTH_REQ),
        ("parameters", Opcode::CONNECTION_PARAM_REQ),
        ("ping", Opcode::PING_REQ),
    ];
    let own = words.iter().find(|(word, _)| state.contains("own-") && state.contains(word));
    own.map_or(Opcode::PHY_REQ, |(_, opcode)| *opcode)
}

/// What answers a PDU.
const fn response(opcode: Opcode) -> Option<Opcode> {
    Some(match opcode {
        Opcode::FEATURE_REQ => Opcode::FEATURE_RSP,
        Opcode::VERSION_IND => Opcode::VERSION_IND,
        Opcode::LENGTH_REQ => Opcode::LENGTH_RSP,
        Opcode::PING_REQ => Opcode::PING_RSP,
        Opcode::PHY_REQ => Opcode::PHY_RSP,
        Opcode::CONNECTION_PARAM_REQ => Opcode::CONNECTION_PARAM_RSP,
        Opcode::ENC_REQ => Opcode::ENC_RSP,
        Opcode::START_ENC_RSP => Opcode::START_ENC_RSP,
        Opcode::PAUSE_ENC_REQ => Opcode::PAUSE_ENC_RSP,
        _ => return None,
    })
}

fn config() -> Config {
    Config {
        phy_update: PhyUpdate::Never,
        data_length: DataLengthUpdate::Never,
        param_update: ParamUpdate::Never,
        feature_exchange: FeatureExchange::Cached,
        accept: Accept::Anyone,
        ..Config::recommended()
    }
}

pub(crate) fn connect() -> ConnectInd {
    ConnectInd {
        initiator: Address::public([0xCE; 6]),
        advertiser: config().address,
        access_address: 0x5065_5DAB,
        crc_init: 0x12_3456,
        win_size: 2,
        win_offset: 1,
        interval: 6,
        latency: 0,
        timeout: 400,
        channel_map: CHANNEL_MAP_ALL,
        hop: 7,
        sca: 5,
        ch_sel: false,
    }
}

pub(crate) fn world(setup: &Setup, script: Script, seed: u64) -> World<Actor> {
    let mut world = World::new(WorldConfig { seed, recording: true, ..WorldConfig::default() });
    let mut peripheral =
        PeripheralNode::new(Build::new(config(), LedButton::default()), CpuConfig::default());
    let bond = Bond {
        identity: connect().initiator,
        ltk: Secret::new(LTK),
        irk: None,
        level: 4,
        key_size: 16,
        slot: 0,
        cccd: 0,
        configured: LedButton::GATT.digest(),
        known: LedButton::GATT.digest(),
        number: 1,
    };
    if let Some(record) = bond.to_record().filter(|_| !setup.no_bond) {
        peripheral.storage_mut().put(0, record);
    }
    let central = Actor::Central(Box::new(RawCentral::new(script)));
    world.add("peripheral", Actor::Peripheral(Box::new(peripheral)), Placement::default());
    let place = Placement { position_m: (2, 0), ..Placement::default() };
    world.add("central", central, place);
    world
}

/// Plays a case.
pub(crate) fn play(table: &Table, case: &Case, mut draw: Draw) -> Outcome {
    let setup = reach(case.state, case.features);
    let row = table.row(case.state, case.pdu);
    let follows = row.is_some_and(|row| row.done);
    let mut sent = packets(case.pdu, &mut draw, asked(case.state), follows);
    let mut steps = setup.steps.clone();
    match case.variant {
        Variant::Unheard(events) => steps.push(ScriptStep::Deaf(events)),
        Variant::Late(events) => steps.push(ScriptStep::Silent(events)),
        Variant::Jitter(us) => steps.push(ScriptStep::Jitter(us)),
        Variant::Reserved(bits) => sent.iter_mut().for_each(|packet| packet.flip ^= bits),
        Variant::Several(other) => {
            if let Some(last) = sent.last_mut() {
                last.more = true;
            }
            sent.extend(packets(other, &mut draw, asked(case.state), false));
        }
        Variant::Plain | Variant::Repeated(_) => {}
    }
    let at = steps.len();
    let test = sent.first().cloned();
    steps.extend(sent.into_iter().map(ScriptStep::Send));
    if case.pdu == "repeat" {
        steps.extend([ScriptStep::Repeat, ScriptStep::Repeat]);
    }
    if let Variant::Repeated(times) = case.variant {
        steps.extend((0..times).map(|_| ScriptStep::Repeat));
    }
    steps.push(ScriptStep::Idle(AFTERWARDS));
    let mut world = world(&setup, Script::new(connect(), steps), case.seed);
    let run = || {
        run(&mut world, &setup);
        let found = oracle::judge(&bletwin_sim::view(world.records()));
        found
            .into_iter()
            .filter(|found| found.culprit == PERIPHERAL)
            .map(|found| format!("{} at {} us: {}", found.rule, found.at.as_us(), found.text))
            .collect()
    };
    let accused = catch_unwind(AssertUnwindSafe(run));
    let panicked = accused.is_err();
    let answer = (!panicked).then(|| answer(&world, at, test.as_ref(), case)).flatten();
    let records = world.records().to_vec();
    Outcome { answer, accused: accused.unwrap_or_default(), panicked, records }
}

fn central(world: &World<Actor>) -> &RawCentral {
    match world.node(CENTRAL) {
        Actor::Central(central) => central,
        Actor::Peripheral(_) => unreachable!("the second node is the central"),
    }
}

pub(crate) fn run(world: &mut World<Actor>, setup: &Setup) {
    let mut acts = setup.acts.iter();
    let mut next = acts.next();
    while world.now() < Instant::ZERO + LIMIT && !central(world).is_done() && world.step() {
        if let Some((step, act)) = next
            && central(world).begun(*step).is_some()
        {
            world.act(PERIPHERAL, world.now(), act.clone());
            next = acts.next();
        }
        if setup.slow_host.is_some_and(|step| central(world).begun(step).is_some())
            && let Actor::Peripheral(node) = world.node_mut(PERIPHERAL)
        {
            node.cpu_mut().host_latency = LIMIT;
        }
    }
}

/// The answer in the record to the PDU that the step `at` sends.
fn answer(
    world: &World<Actor>,
    at: usize,
    test: Option<&ScriptPacket>,
    case: &Case,
) -> Option<Answer> {
    let records = world.records();
    let raw = central(world);
    let tag = u32::try_from(at + 1).unwrap_or(0);
    let begun = |record: &&Record| {
        record.node == CENTRAL && matches!(&record.kind, RecordKind::AirTx(tx) if tx.tag == tag)
    };
    let from = match test {
        Some(_) => records.iter().find(begun)?.id,
        // A repetition has no tag of its own.
        None => records.last().filter(|_| raw.begun(at).is_some())?.id,
    };
    if raw.missed() > 0 {
        return None;
    }
    let gone = |record: &Record| match &record.kind {
        RecordKind::Note(Note::HciEvent(Event::DisconnectionComplete { reason, .. })) => {
            Some((record.id, reason.0))
        }
        _ => None,
    };
    let control = test.filter(|packet| packet.llid == Llid::Control as u8);
    let opcode = control.map(|packet| Opcode(packet.payload.first().copied().unwrap_or(0xFF)));
    let said = said(records, from);
    if let Some((when, reason)) = records.iter().find_map(gone) {
        if when < from && test.is_some() {
            return None;
        }
        let told = control.filter(|_| case.pdu == "terminate").and_then(|p| p.payload.get(1));
        let goodbye = said.iter().find_map(|pdu| match pdu {
            ControlPdu::TerminateInd(code) => Some(Answer::Terminate(code.0)),
            _ => None,
        });
        return Some(match told {
            Some(code) if *code == reason => Answer::End,
            _ => goodbye.unwrap_or(Answer::Leave(reason)),
        });
    }
    let reaction = said.iter().find_map(|pdu| match pdu {
        ControlPdu::UnknownRsp(of) if Some(*of) == opcode => Some(Answer::Unknown),
        ControlPdu::RejectInd(error) => Some(Answer::Reject(error.0)),
        ControlPdu::RejectExtInd { opcode: of, error } if Some(*of) == opcode => {
            Some(Answer::Reject(error.0))
        }
        ControlPdu::TerminateInd(code) if case.state != "terminating" => {
            Some(Answer::Terminate(code.0))
        }
        _ => None,
    });
    let expected = opcode.and_then(response);
    let answered = said.iter().any(|pdu| Some(pdu.opcode()) == expected);
    Some(match reaction {
        Some(reaction) => reaction,
        None if !lives(records) => Answer::Lost,
        None if answered => Answer::Served,
        None => Answer::Ignore,
    })
}

/// Control PDUs that the peripheral has sent from there on.
fn said(records: &[Record], from: RecordId) -> Vec<ControlPdu> {
    let items = sniff(records);
    let new = |item: &&bletwin_sim::sniffer::AirItem| {
        item.from == PERIPHERAL && item.record > from && !item.retransmission
    };
    items.iter().filter(new).filter_map(|item| item.control().copied()).collect()
}

/// Whether one of the central's last packets was answered.
fn lives(records: &[Record]) -> bool {
    let aired = |node: NodeId| {
        let packets = records.iter().rev().filter(move |record| {
            record.node == node && matches!(record.kind, RecordKind::AirTx(_))
        });
        packets.map(|record| record.id)
    };
    let (asked, answered) = (aired(CENTRAL).nth(2), aired(PERIPHERAL).next());
    matches!((asked, answered), (Some(asked), Some(answered)) if answered > asked)
}
