//! The states that a connection can be in when something malformed comes, and how each is reached.

use ble::error::ErrorCode;
use ble::hci::{Command, ConnectionParameters, Handle};
use ble::pdu::control::{
    ConnectionParam, ConnectionUpdate, ControlPdu, EncReq, FeatureSet, Opcode,
};
use ble::phy::{Phy, PhySet};
use bletwin_models::raw::{ScriptChange, ScriptPacket, ScriptStep};
use bletwin_sim::node::Act;

/// The only connection's handle.
pub(crate) const HANDLE: Handle = Handle(0);
/// LTK of the bond.
pub(crate) const LTK: [u8; 16] = [0x5A; 16];
/// What the raw central calls its features: everything that has a bit.
pub(crate) const FEATURES: FeatureSet = FeatureSet(0xFF_CFFF);

/// How a state is reached.
#[derive(Clone, Debug, Default)]
pub(crate) struct Setup {
    pub(crate) steps: Vec<ScriptStep>,
    /// Actions of the peripheral's host at the beginning of steps.
    pub(crate) acts: Vec<(usize, Act)>,
    /// The peripheral has forgotten the bond.
    pub(crate) no_bond: bool,
    /// From this step on the peripheral's host takes its time.
    pub(crate) slow_host: Option<usize>,
    /// It stays as it is for some events: a first transmission may be lost.
    pub(crate) steady: bool,
    /// The peripheral knows the central's features, so that it rejects in the long form.
    pub(crate) features: bool,
}

/// All states, each reached before any PDU of the table is sent.
pub(crate) const STATES: &[&str] = &[
    "fresh",
    "idle",
    "own-features",
    "own-version",
    "own-length",
    "own-phy",
    "own-parameters",
    "own-phy-instant",
    "own-parameters-instant",
    "peer-phy",
    "peer-phy-instant",
    "at-phy-instant",
    "after-phy-instant",
    "peer-parameters",
    "peer-parameters-host",
    "update-pending",
    "before-update-instant",
    "at-update-instant",
    "after-update-instant",
    "map-pending",
    "at-map-instant",
    "after-map-instant",
    "key-awaited",
    "own-phy-key-awaited",
    "start-asked",
    "encrypted",
    "sealed-own-version",
    "sealed-own-phy",
    "sealed-own-ping",
    "refused",
    "refused-done",
    "pausing",
    "paused",
    "paused-key-awaited",
    "paused-start-asked",
    "terminating",
];

/// Events that a PDU of the peripheral is waited for.
const PATIENCE: u16 = 30;
/// Events from an announcement to its instant.
const AHEAD: i32 = 9;

fn send(pdu: ControlPdu) -> ScriptStep {
    ScriptPacket::control(&pdu).into()
}

fn wait(opcode: Opcode) -> ScriptStep {
    ScriptStep::Await(opcode, PATIENCE)
}

pub(crate) const fn enc_req(rand: u64) -> EncReq {
    EncReq { rand, ediv: 0, skd_c: [0xC1; 8], iv_c: [0xC2; 4] }
}

pub(crate) fn param_req(interval: u16) -> ConnectionParam {
    ConnectionParam {
        interval_min: interval,
        interval_max: interval,
        latency: 0,
        timeout: 400,
        preferred_periodicity: 0,
        reference_conn_event_count: 0,
        offsets: [0xFFFF; 6],
    }
}

/// Octet of the instant in LL_CONNECTION_UPDATE_IND, in LL_CHANNEL_MAP_IND, in LL_PHY_UPDATE_IND.
pub(crate) const INSTANTS: [usize; 3] = [10, 6, 3];

fn update(interval: u16) -> ScriptStep {
    let pdu = ControlPdu::ConnectionUpdateInd(ConnectionUpdate {
        win_size: 2,
        win_offset: 1,
        interval,
        latency: 0,
        timeout: 400,
        instant: 0,
    });
    let then = ScriptChange::Interval { interval, offset_us: 1_250 + 600 };
    ScriptPacket::control(&pdu).stamped(INSTANTS[0], AHEAD, Some(then)).into()
}

fn map() -> ScriptStep {
    let channel_map = 0x1F_0FFF_0F0F;
    let then = ScriptChange::ChannelMap(channel_map);
    ScriptPacket::control(&ControlPdu::ChannelMapInd { channel_map, instant: 0 })
        .stamped(INSTANTS[1], AHEAD, Some(then))
        .into()
}

fn phy_update() -> ScriptStep {
    let two = PhySet::LE_2M;
    let then = ScriptChange::Phy { tx: Phy::Le2M, rx: Phy::Le2M };
    ScriptPacket::control(&ControlPdu::PhyUpdateInd { c_to_p: two, p_to_c: two, instant: 0 })
        .stamped(INSTANTS[2], AHEAD, Some(then))
        .into()
}

fn phy_req() -> ScriptStep {
    send(ControlPdu::PhyReq { tx: PhySet(3), rx: PhySet(3) })
}

fn ask(setup: &mut Setup, command: Command, opcode: Opcode) {
    setup.acts.push((setup.steps.len(), Act::Command(command)));
    setup.steps.push(wait(opcode));
}

fn ask_phy(setup: &mut Setup) {
    let (tx, rx) = (PhySet::LE_2M, PhySet::LE_2M);
    let command = Command::LeSetPhy { handle: HANDLE, tx, rx, coded_options: 0 };
    ask(setup, command, Opcode::PHY_REQ);
}

fn ask_parameters(setup: &mut Setup) {
    let parameters =
        ConnectionParameters { interval_min: 12, interval_max: 24, latency: 0, timeout: 400 };
    let command = Command::LeConnectionUpdate { handle: HANDLE, parameters };
    ask(setup, command, Opcode::CONNECTION_PARAM_REQ);
}

fn request_key(setup: &mut Setup) {
    setup.steps.extend([send(ControlPdu::EncReq(enc_req(0))), wait(Opcode::ENC_RSP)]);
}

fn start(setup: &mut Setup) {
    let keys = [ScriptStep::Key(LTK), ScriptStep::SealTx(true), ScriptStep::SealRx(true)];
    setup.steps.push(wait(Opcode::START_ENC_REQ));
    setup.steps.extend(keys);
}

fn encrypt(setup: &mut Setup) {
    request_key(setup);
    start(setup);
    setup.steps.extend([
        send(ControlPdu::StartEncRsp),
        wait(Opcode::START_ENC_RSP),
        ScriptStep::Idle(2),
    ]);
}

fn pause(setup: &mut Setup) {
    encrypt(setup);
    setup.steps.extend([send(ControlPdu::PauseEncReq), wait(Opcode::PAUSE_ENC_RSP)]);
    setup.steps.extend([ScriptStep::SealTx(false), ScriptStep::SealRx(false)]);
}

fn paused(setup: &mut Setup) {
    pause(setup);
    setup.steps.extend([send(ControlPdu::PauseEncRsp), ScriptStep::Idle(1)]);
}

/// How this state is reached; `features` are exchanged before, where that changes nothing else.
///
/// # Panics
/// If there is no such state.
pub(crate) fn reach(state: &str, features: bool) -> Setup {
    let fixed = ["fresh", "own-features"].contains(&state);
    let mut setup = Setup { features: features && !fixed, ..Setup::default() };
    if setup.features {
        let exchange = [send(ControlPdu::FeatureReq(FEATURES)), wait(Opcode::FEATURE_RSP)];
        setup.steps.extend(exchange);
    }
    // Latency of a device that has just been connected to.
    setup.steps.push(ScriptStep::Idle(if state == "fresh" { 1 } else { 3 }));
    let until = ScriptStep::UntilInstant;
    let (base, moment) = match state.split_once('-') {
        Some(("at" | "after" | "before", of)) => (of, state.split('-').next()),
        _ => (state, None),
    };
    match base {
        "fresh" | "idle" => {}
        "own-features" => {
            let command = Command::LeReadRemoteFeatures { handle: HANDLE };
            ask(&mut setup, command, Opcode::PERIPHERAL_FEATURE_REQ);
        }
        "own-version" => {
            let command = Command::ReadRemoteVersion { handle: HANDLE };
            ask(&mut setup, command, Opcode::VERSION_IND);
        }
        "own-length" => {
            let command =
                Command::LeSetDataLength { handle: HANDLE, tx_octets: 251, tx_time: 2120 };
            ask(&mut setup, command, Opcode::LENGTH_REQ);
        }
        "own-phy" => ask_phy(&mut setup),
        "own-parameters" => ask_parameters(&mut setup),
        "own-phy-instant" => {
            ask_phy(&mut setup);
            setup.steps.extend([phy_update(), ScriptStep::Idle(2)]);
        }
        "own-parameters-instant" => {
            ask_parameters(&mut setup);
            setup.steps.extend([update(16), ScriptStep::Idle(2)]);
        }
        "peer-phy" => setup.steps.extend([phy_req(), wait(Opcode::PHY_RSP)]),
        "peer-phy-instant" | "phy-instant" => {
            setup.steps.extend([
                phy_req(),
                wait(Opcode::PHY_RSP),
                phy_update(),
                ScriptStep::Idle(2),
            ]);
        }
        "peer-parameters" => {
            let request = send(ControlPdu::ConnectionParamReq(param_req(16)));
            setup.steps.extend([request, wait(Opcode::CONNECTION_PARAM_RSP)]);
        }
        "peer-parameters-host" => {
            setup.slow_host = Some(setup.steps.len());
            let request = send(ControlPdu::ConnectionParamReq(param_req(16)));
            setup.steps.extend([request, ScriptStep::Idle(1)]);
        }
        "update-pending" | "update-instant" => {
            setup.steps.extend([update(16), ScriptStep::Idle(2)]);
        }
        "map-pending" | "map-instant" => setup.steps.extend([map(), ScriptStep::Idle(2)]),
        "key-awaited" => {
            setup.slow_host = Some(setup.steps.len());
            request_key(&mut setup);
        }
        "own-phy-key-awaited" => {
            ask_phy(&mut setup);
            setup.slow_host = Some(setup.steps.len());
            request_key(&mut setup);
        }
        "start-asked" => {
            request_key(&mut setup);
            start(&mut setup);
        }
        "encrypted" => encrypt(&mut setup),
        "sealed-own-version" => {
            encrypt(&mut setup);
            let command = Command::ReadRemoteVersion { handle: HANDLE };
            ask(&mut setup, command, Opcode::VERSION_IND);
        }
        "sealed-own-phy" => {
            encrypt(&mut setup);
            ask_phy(&mut setup);
        }
        "sealed-own-ping" => {
            encrypt(&mut setup);
            let command = Command::WriteAuthenticatedPayloadTimeout { handle: HANDLE, timeout: 2 };
            ask(&mut setup, command, Opcode::PING_REQ);
        }
        "refused" | "refused-done" => {
            setup.no_bond = true;
            setup.steps.push(ScriptStep::Brief(true));
            request_key(&mut setup);
            if base == "refused" {
                setup.steps.extend([ScriptStep::Refuse(60), ScriptStep::Idle(2)]);
            } else {
                setup.steps.push(ScriptStep::Idle(4));
            }
        }
        "pausing" => pause(&mut setup),
        "paused" => paused(&mut setup),
        "paused-key-awaited" => {
            paused(&mut setup);
            setup.slow_host = Some(setup.steps.len());
            request_key(&mut setup);
        }
        "paused-start-asked" => {
            paused(&mut setup);
            request_key(&mut setup);
            start(&mut setup);
        }
        "terminating" => {
            let reason = ErrorCode::REMOTE_USER_TERMINATED;
            let command = Command::Disconnect { handle: HANDLE, reason };
            setup.steps.push(ScriptStep::Refuse(60));
            setup.acts.push((setup.steps.len(), Act::Command(command)));
            setup.steps.push(ScriptStep::Idle(3));
        }
        other => panic!("there is no state {other}"),
    }
    match moment {
        Some("before") => setup.steps.push(until(-1)),
        Some("at") => setup.steps.push(until(0)),
        Some(_) => setup.steps.push(until(2)),
        None => {}
    }
    // What passes by itself within a few events is not steady.
    let passing = moment.is_some() || state.ends_with("instant");
    setup.steady = !passing && !state.ends_with("pending");
    setup
}
