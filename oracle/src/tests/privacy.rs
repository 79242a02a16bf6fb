//! LL Privacy: addresses on air, by the commands of a host.

use ble::crypto::address::resolvable;
use ble::hci::{AdvertisingParameters, AdvertisingType, Command, FilterPolicy};
use ble::pdu::advertising::AdvertisingData;
use ble::secret::Secret;

use super::broken::ids;
use super::later::advertise;
use super::*;

const PEER: Address = Address::public([1; 6]);
const ADVERTISE: u16 = 0x2006;
const CONNECT: u16 = 0x200D;

const fn own() -> Address {
    Address::static_random([2; 6])
}

const fn irk() -> Secret<16> {
    Secret::new([7; 16])
}

const fn local() -> Secret<16> {
    Secret::new([8; 16])
}

/// The peer under a private address, and this device.
fn hidden() -> [Address; 2] {
    [resolvable(&irk(), [1, 2, 3]), resolvable(&local(), [4, 5, 6])]
}

/// A host gives its controller a command; Own_Address_Type is 2 or 0.
fn send(script: &mut Script, by: Role, command: Command, private: Option<(u16, bool)>) {
    if let Some((opcode, private)) = private {
        let [low, high] = opcode.to_le_bytes();
        let mut octets = vec![1, low, high, 25];
        octets.resize(29, 0);
        octets[4 + if opcode == CONNECT { 12 } else { 5 }] = if private { 2 } else { 0 };
        script.record(by, Instant::ZERO, RecordKind::Note(Note::H4 { to_host: false, octets }));
    }
    script.record(by, Instant::ZERO, RecordKind::Note(Note::HciCommand(command)));
}

/// The host lists this peer, and has addresses resolved.
fn list(script: &mut Script, by: Role, identity: Address) {
    let (peer_irk, local_irk) = (irk(), local());
    send(script, by, Command::LeAddToResolvingList { identity, peer_irk, local_irk }, None);
    send(script, by, Command::LeSetAddressResolutionEnable { enable: true }, None);
}

/// One PDU after another, T_IFS apart.
fn exchange(script: &mut Script, pdus: Vec<(Role, AdvertisingPdu)>) {
    let mut at = 1_000;
    for (by, pdu) in pdus {
        let ok = Some(Reception::Ok);
        at = script.on_air(by, at, 37, ADVERTISING_ACCESS_ADDRESS, pdu.encode(), ok).as_us() + 150;
    }
}

/// Directed advertising for the peer, from a private address or not, by its identity or not.
fn directed(script: &mut Script, private: bool, open: bool) -> AdvertisingPdu {
    let [target, advertiser] = hidden();
    let parameters = AdvertisingParameters {
        interval_min: 0x20,
        interval_max: 0x20,
        kind: AdvertisingType::DirectedLowDuty,
        own_address_random: true,
        peer: PEER,
        channel_map: 7,
        filter: FilterPolicy::Any,
    };
    list(script, P, PEER);
    let command = Command::LeSetAdvertisingParameters { parameters };
    send(script, P, command, Some((ADVERTISE, private)));
    send(script, P, Command::LeSetRandomAddress { address: own().octets }, None);
    send(script, P, Command::LeSetAdvertisingEnable { enable: true }, None);
    AdvertisingPdu::AdvDirectInd {
        advertiser: if private { advertiser } else { own() },
        target: if open { PEER } else { target },
        ch_sel: false,
    }
}

pub(super) fn calls(private: bool, open: bool) -> Script {
    let mut script = advertise(&[]);
    let pdu = directed(&mut script, private, open);
    exchange(&mut script, vec![(P, pdu)]);
    script
}

fn connect(initiator: Address, advertiser: Address) -> AdvertisingPdu {
    let script = Script::new();
    let mut pdus = script.records.iter().filter_map(|record| match &record.kind {
        RecordKind::AirTx(tx) => AdvertisingPdu::parse(&tx.pdu),
        _ => None,
    });
    let found = pdus.find_map(|pdu| match pdu {
        AdvertisingPdu::ConnectInd(request) => Some(request),
        _ => None,
    });
    let request = found.expect("it connects");
    AdvertisingPdu::ConnectInd(ConnectInd { initiator, advertiser, ..request })
}

/// The device that answers directed advertising.
#[derive(Clone, Copy)]
pub(super) enum Met {
    /// The target under the private address that was called.
    Called,
    /// Under another one.
    Resolved,
    /// Under its identity, in network privacy.
    Hider,
    Stranger,
}

/// Directed advertising is answered, and the host gets a connection event.
pub(super) fn accepted(by: Met) -> Script {
    answered(by, false)
}

/// The same; the advertiser may continue before the connection event, which then is about another
/// connection.
fn answered(by: Met, goes_on: bool) -> Script {
    let mut script = advertise(&[]);
    let pdu = directed(&mut script, true, false);
    let [called, advertiser] = hidden();
    let initiator = match by {
        Met::Called => called,
        Met::Resolved => resolvable(&irk(), [9, 9, 9]),
        Met::Hider => PEER,
        Met::Stranger => resolvable(&Secret::new([9; 16]), [9, 9, 9]),
    };
    let next = pdu.encode();
    exchange(&mut script, vec![(P, pdu), (C, connect(initiator, advertiser))]);
    if goes_on {
        let ok = Some(Reception::Ok);
        script.on_air(P, 26_000, 37, ADVERTISING_ACCESS_ADDRESS, next, ok);
    }
    let complete = ConnectionComplete {
        status: ErrorCode::SUCCESS,
        handle: Handle(0),
        role: Role::Peripheral,
        peer: initiator,
        peer_identity: None,
        local: advertiser,
        interval: 16,
        latency: 0,
        timeout: 100,
        sca: 0,
    };
    let event = Event::LeConnectionComplete(complete);
    script.record(
        P,
        Instant::from_us(if goes_on { 30_000 } else { 3_000 }),
        RecordKind::Note(Note::HciEvent(event)),
    );
    script
}

/// A scanner asks a device that ought to hide, under its identity.
pub(super) fn seeks_who_ought_to_hide() -> Script {
    let mut script = advertise(&[]);
    list(&mut script, C, own());
    let (advertiser, data) = (own(), AdvertisingData::default());
    let scanner = Address::public([3; 6]);
    let undirected = AdvertisingPdu::AdvInd { advertiser, data, ch_sel: false };
    let request = AdvertisingPdu::ScanReq { scanner, advertiser };
    exchange(&mut script, vec![(P, undirected), (C, request)]);
    script
}

/// An initiator that should use private addresses connects to a listed device, with one or not;
/// that advertiser is directed or not.
pub(super) fn initiates(privately: bool, called: Option<Address>) -> Script {
    let mut script = advertise(&[]);
    list(&mut script, C, PEER);
    let request = ble::hci::CreateConnection {
        scan_interval: 16,
        scan_window: 16,
        peer: Some(PEER),
        own_address_random: false,
        parameters: ble::hci::ConnectionParameters {
            interval_min: 16,
            interval_max: 16,
            latency: 0,
            timeout: 100,
        },
    };
    send(&mut script, C, Command::LeCreateConnection { request }, Some((CONNECT, true)));
    let [advertiser, private] = hidden();
    let initiator = if privately { private } else { Address::public([3; 6]) };
    let data = AdvertisingData::default();
    let first = match called {
        Some(target) => AdvertisingPdu::AdvDirectInd { advertiser, target, ch_sel: false },
        None => AdvertisingPdu::AdvInd { advertiser, data, ch_sel: false },
    };
    exchange(&mut script, vec![(P, first), (C, connect(initiator, advertiser))]);
    script
}

/// LL-PRIV-1 to LL-PRIV-4: correct behaviour is not accused.
#[test]
fn who_keeps_privacy_is_not_accused() {
    let [_, private] = hidden();
    let right = [
        calls(true, false),
        // A device that does not use private addresses may name any target.
        calls(false, true),
        accepted(Met::Called),
        accepted(Met::Resolved),
        answered(Met::Stranger, true),
        initiates(true, None),
        initiates(true, Some(private)),
    ];
    for (number, script) in right.iter().enumerate() {
        assert_eq!(ids(&script.findings()), BTreeSet::new(), "case {number}");
    }
}
