//! From the air: a whole peripheral behind encryption, and a raw central that has the key.

use std::cell::RefCell;

use ble::address::Address;
use ble::pdu::advertising::{CHANNEL_MAP_ALL, ConnectInd};
use ble::pdu::control::{ControlPdu, EncReq, Opcode};
use ble::secret::Secret;
use ble::time::Duration;
use bletwin_firmware_node::{Build, CpuConfig, PeripheralNode};
use bletwin_models::raw::{RawCentral, Script, ScriptPacket, ScriptStep, Seal};
use bletwin_sim::node::{End, NodeId};
use bletwin_sim::world::{Placement, World, WorldConfig};
use firmware_core::application::Application as _;
use firmware_core::config::{Accept, Config};
use firmware_core::host::bonds::Bond;
use led_button::LedButton;

use crate::pieces;

const CENTRAL: NodeId = NodeId(1);
const LTK: [u8; 16] = [0x5A; 16];
/// PDUs that are made of one input.
const PDUS_MAX: usize = 24;
/// Octets of L2CAP in one PDU.
const FRAGMENT: usize = 27;

type Actor = End<PeripheralNode, RawCentral>;

/// Data channel PDUs of any kind. The first octet of a piece: LLID, how it is sealed, whether
/// another PDU follows in the same event, an event left out before, reserved bits, a repetition.
pub fn air(data: &[u8]) {
    let steps = pieces(data, PDUS_MAX).flat_map(|(kind, payload)| {
        let seal = match kind >> 2 & 3 {
            1 => Seal::Clear,
            2 => Seal::WrongMic,
            _ => Seal::AsLink,
        };
        let packet = ScriptPacket {
            seal,
            more: kind & 0x10 != 0,
            flip: if kind & 0x40 != 0 { 0xE0 } else { 0 },
            ..ScriptPacket::new(kind & 3, payload.to_vec())
        };
        let before = (kind & 0x20 != 0).then_some(ScriptStep::Silent(1));
        let after = (kind & 0x80 != 0).then_some(ScriptStep::Repeat);
        before.into_iter().chain([ScriptStep::Send(packet)]).chain(after)
    });
    play(steps.collect());
}

/// L2CAP frames, well framed, on the channels that the peripheral has and on another one.
pub fn l2cap(data: &[u8]) {
    let mut steps = Vec::new();
    for (kind, payload) in pieces(data, PDUS_MAX) {
        for (number, part) in frame(kind, payload).chunks(FRAGMENT).enumerate() {
            let llid = if number == 0 { 2 } else { 1 };
            steps.push(ScriptStep::Send(ScriptPacket::new(llid, part.to_vec())));
        }
        steps.push(ScriptStep::Idle(u16::from(kind >> 6)));
    }
    play(steps);
}

/// An input of [`l2cap`] as one of [`air`]: the same frames in data PDUs, an event skipped where
/// time passes. Frames too long for an input of `air` are omitted.
#[must_use]
pub fn aired(data: &[u8]) -> Vec<u8> {
    let mut octets = Vec::new();
    for (kind, payload) in pieces(data, PDUS_MAX) {
        let passes = if kind >> 6 == 0 { 0 } else { 0x20 };
        for (number, part) in frame(kind, payload).chunks(FRAGMENT).enumerate() {
            let llid = if number == 0 { 2 | passes } else { 1 };
            octets.extend([llid, part.len() as u8]);
            octets.extend_from_slice(part);
        }
    }
    octets
}

/// A frame on the channel that a piece names.
fn frame(kind: u8, payload: &[u8]) -> Vec<u8> {
    let channel: u16 = [4, 5, 6, 0x40][usize::from(kind & 3)];
    let length = payload.len() as u16;
    [&length.to_le_bytes()[..], &channel.to_le_bytes(), payload].concat()
}

fn play(steps: Vec<ScriptStep>) {
    thread_local! {
        static BASE: RefCell<Option<World<Actor>>> = const { RefCell::new(None) };
    }
    let mut world = BASE.with_borrow_mut(|base| base.get_or_insert_with(encrypted).clone());
    if let Actor::Central(central) = world.node_mut(CENTRAL) {
        central.extend(steps);
        central.extend([ScriptStep::Idle(6)]);
    }
    let over = |world: &World<Actor>| central(world).is_done();
    let latest = world.now() + Duration::from_secs(5);
    world.run_while(latest, |world| !over(world));
}

fn central(world: &World<Actor>) -> &RawCentral {
    match world.node(CENTRAL) {
        Actor::Central(central) => central,
        Actor::Peripheral(_) => unreachable!("the second node is the central"),
    }
}

/// A connection on which encryption runs and nothing is open.
fn encrypted() -> World<Actor> {
    let config = Config { accept: Accept::Anyone, ..Config::recommended() };
    let initiator = Address::public([0xCE; 6]);
    let connect = ConnectInd {
        initiator,
        advertiser: config.address,
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
    };
    let request = EncReq { rand: 0, ediv: 0, skd_c: [1; 8], iv_c: [2; 4] };
    let steps = vec![
        ScriptPacket::control(&ControlPdu::EncReq(request)).into(),
        ScriptStep::Await(Opcode::START_ENC_REQ, 30),
        ScriptStep::Key(LTK),
        ScriptStep::SealTx(true),
        ScriptStep::SealRx(true),
        ScriptPacket::control(&ControlPdu::StartEncRsp).into(),
        ScriptStep::Await(Opcode::START_ENC_RSP, 30),
        ScriptStep::Idle(1),
    ];
    let last = steps.len() - 1;
    let mut peripheral =
        PeripheralNode::new(Build::new(config, LedButton::default()), CpuConfig::default());
    let bond = Bond {
        identity: initiator,
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
    if let Some(record) = bond.to_record() {
        peripheral.storage_mut().put(0, record);
    }
    let mut world = World::new(WorldConfig::default());
    let raw = RawCentral::new(Script::new(connect, steps));
    world.add("peripheral", Actor::Peripheral(Box::new(peripheral)), Placement::default());
    world.add("central", Actor::Central(Box::new(raw)), Placement::default());
    let latest = world.now() + Duration::from_secs(5);
    let reached = world.run_while(latest, |world| central(world).begun(last).is_none());
    assert!(reached && central(&world).missed() == 0, "encryption runs");
    world
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The peripheral's answers to both are the same: no L2CAP request is lost on the way.
    #[test]
    fn a_request_is_the_same_request_on_air() {
        let read: &[u8] = &[0x40, 3, 0x0A, 0x03, 0x00];
        let long: &[u8] = &[0x00, 40, 0x12, 0x15, 0x00];
        let long = [long, &[7; 37]].concat();
        assert_eq!(aired(read), [0x22, 7, 3, 0, 4, 0, 0x0A, 0x03, 0x00]);
        let parts = aired(&long);
        assert_eq!((parts[0], parts[1], parts[29], parts[30]), (2, 27, 1, 17));
        assert_eq!(parts.len(), 2 + 27 + 2 + 17);
        assert!(aired(&[]).is_empty());
    }
}
