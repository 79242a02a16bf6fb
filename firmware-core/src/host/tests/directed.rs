//! Directed advertising to a bonded central that has disconnected, by an address that it
//! recognises, for a limited time.

use super::*;
use crate::config::ReconnectAdvertising;
use ble::address::AddressKind;
use ble::crypto::address::{resolvable, resolves};
use ble::hci::{AdvertisingParameters, AdvertisingType};

const READ: [u8; 7] = [0x08, 0x01, 0x00, 0xFF, 0xFF, 0xA6, 0x2A];
const YES: [u8; 5] = [0x09, 3, 7, 0, 1];
const NO: [u8; 5] = [0x09, 3, 7, 0, 0];
const NOT_THERE: [u8; 5] = [0x01, 0x08, 1, 0, 0x0A];

fn irk() -> Secret<16> {
    Secret::new([5; 16])
}

/// A private address of the bonded central.
fn private(n: u8) -> Address {
    resolvable(&irk(), [n, 2, 3])
}

fn config(reconnect_advertising: ReconnectAdvertising) -> Config {
    Config { reconnect_advertising, ..Config::recommended() }
}

/// How it advertises now.
fn advertises(rig: &Rig) -> AdvertisingParameters {
    let of = |command: &Command| match command {
        Command::LeSetAdvertisingParameters { parameters } => Some(parameters.clone()),
        _ => None,
    };
    rig.commands.iter().rev().find_map(of).expect("it advertises")
}

impl Rig {
    /// The bonded central comes under this address, and shows that it has the key.
    fn meet(&mut self, peer: Address) {
        self.frames.clear();
        self.event(Event::LeConnectionComplete(ConnectionComplete {
            status: ErrorCode::SUCCESS,
            handle: HANDLE,
            role: Role::Peripheral,
            peer,
            peer_identity: Some(INTEL),
            local: Config::zephyr_2024().address,
            interval: 12,
            latency: 0,
            timeout: 200,
            sca: 0,
        }));
        self.encrypt();
    }

    fn leave(&mut self) -> AdvertisingType {
        self.disconnect(ErrorCode::REMOTE_USER_TERMINATED);
        advertises(self).kind
    }

    /// The controller's event at the end of high duty cycle.
    fn times_out(&mut self) {
        self.event(Event::LeConnectionComplete(ConnectionComplete {
            status: ErrorCode::ADVERTISING_TIMEOUT,
            handle: Handle(0),
            role: Role::Peripheral,
            peer: Address::new(AddressKind::Public, [0; 6]),
            peer_identity: None,
            local: Address::new(AddressKind::Public, [0; 6]),
            interval: 0,
            latency: 0,
            timeout: 0,
            sca: 0,
        }));
    }
}

fn started(how: ReconnectAdvertising, bond: &Bond) -> Rig {
    let rig = Rig::with_bond(&config(how), Some(bond));
    assert_eq!(advertises(&rig).kind, AdvertisingType::ConnectableUndirected, "nobody has left");
    rig
}

/// LL-ADV-3: high duty cycle ends, and is not begun anew.
#[test]
fn advertising_after_a_disconnection_is_directed_and_then_undirected() {
    let mut rig = started(ReconnectAdvertising::DirectedHigh, &bond());
    rig.meet(INTEL);
    assert!(rig.frames.is_empty(), "who shows its identity is not asked: {:?}", rig.frames);
    rig.forget();
    assert_eq!(rig.leave(), AdvertisingType::DirectedHighDuty);
    assert_eq!(advertises(&rig).peer, INTEL);
    let said = format!("Advertising directed to {INTEL}");
    assert!(rig.logs.contains(&said), "{:?}", rig.logs);
    rig.forget();
    rig.times_out();
    assert_eq!(advertises(&rig).kind, AdvertisingType::ConnectableUndirected);
    assert!(!rig.logs.iter().any(|line| line.contains("failed")), "{:?}", rig.logs);
    assert!(rig.logs.iter().any(|line| line == "Advertising with Accept list"), "{:?}", rig.logs);
}

#[test]
fn low_duty_cycle_lasts_for_half_a_minute() {
    let mut rig = started(ReconnectAdvertising::DirectedLow, &bond());
    rig.meet(INTEL);
    assert_eq!(rig.leave(), AdvertisingType::DirectedLowDuty);
    rig.pass(Duration::from_ms(29_900));
    assert_eq!(advertises(&rig).kind, AdvertisingType::DirectedLowDuty);
    rig.pass(Duration::from_ms(200));
    assert_eq!(advertises(&rig).kind, AdvertisingType::ConnectableUndirected);
    // A central that reconnects and disconnects again is a target again.
    rig.meet(INTEL);
    assert_eq!(rig.leave(), AdvertisingType::DirectedLowDuty);
}

/// GAP-CAR-1: who is called by a private address.
#[test]
fn who_hides_is_called_by_a_private_address_if_it_resolves_that() {
    let bond = Bond { irk: Some(irk()), ..bond() };
    let (low, open) = (AdvertisingType::DirectedLowDuty, AdvertisingType::ConnectableUndirected);
    let wrong = [0x09, 3, 7, 0];
    for (answer, kind) in
        [(&YES[..], low), (&NO, open), (&NOT_THERE, open), (&wrong, open), (&[], open)]
    {
        let mut rig = started(ReconnectAdvertising::DirectedLow, &bond);
        rig.complete();
        rig.meet(private(1));
        assert_eq!(rig.received(), (CID_ATT, READ.to_vec()));
        if !answer.is_empty() {
            rig.send(CID_ATT, answer);
        }
        assert!(rig.frames.is_empty(), "{answer:?}: {:?}", rig.frames);
        assert_eq!(rig.leave(), kind, "{answer:?}");
        if kind == low {
            let target = advertises(&rig).peer;
            assert!(resolves(&irk(), target) && target != private(1), "{target}");
        }
    }
}

/// LL-PRIV-1: who hides itself calls nobody who has a key by its identity.
#[test]
fn a_private_device_never_directs_advertising_from_its_identity() {
    let bond = Bond { irk: Some(irk()), ..bond() };
    for rpa_timeout_s in [None, Some(10)] {
        let config = Config { rpa_timeout_s, ..config(ReconnectAdvertising::DirectedLow) };
        let mut rig = Rig::with_bond(&config, Some(&bond));
        rig.complete();
        rig.meet(INTEL);
        assert_eq!(rig.frames.is_empty(), rpa_timeout_s.is_none(), "{:?}", rig.frames);
        rig.send(CID_ATT, &YES);
        assert_eq!(rig.leave(), AdvertisingType::DirectedLowDuty);
        let mut targets = Vec::new();
        for _ in 0..2 {
            targets.push(advertises(&rig).peer);
            rig.pass(Duration::from_secs(10));
        }
        match rpa_timeout_s {
            None => assert_eq!(targets, [INTEL, INTEL]),
            Some(_) => {
                assert!(targets.iter().all(|target| resolves(&irk(), *target)), "{targets:?}");
                assert_ne!(targets[0], targets[1], "another own address, another target");
            }
        }
    }
}

/// An answer that does not come within 30 s makes the bearer useless, as any.
#[test]
fn an_answer_that_never_comes_ends_the_bearer() {
    let bond = Bond { irk: Some(irk()), ..bond() };
    let mut rig = started(ReconnectAdvertising::DirectedHigh, &bond);
    rig.complete();
    rig.meet(private(1));
    assert_eq!(rig.received().1, READ);
    rig.pass(Duration::from_secs(31));
    assert!(rig.logs.iter().any(|line| line.contains("ATT")), "{:?}", rig.logs);
    rig.send(CID_ATT, &YES);
    assert_eq!(rig.leave(), AdvertisingType::ConnectableUndirected);
}

#[test]
fn advertising_is_not_directed_without_a_bond_or_in_pairing_mode() {
    let open = AdvertisingType::ConnectableUndirected;
    for how in [ReconnectAdvertising::DirectedHigh, ReconnectAdvertising::DirectedLow] {
        let mut rig = Rig::started(&config(how));
        rig.connect(INTEL);
        assert_eq!(rig.leave(), open, "{how:?}: no bond");
        let mut rig = started(how, &bond());
        rig.meet(INTEL);
        assert_ne!(rig.leave(), open);
        rig.press(Press::Pairing);
        assert_eq!(advertises(&rig).kind, open, "{how:?}: the button");
        let mut rig = started(how, &bond());
        rig.meet(INTEL);
        rig.press(Press::DeleteBonds);
        assert_eq!(rig.leave(), open, "{how:?}: forgotten");
    }
    let mut rig = started(ReconnectAdvertising::Undirected, &bond());
    rig.meet(INTEL);
    assert_eq!(rig.leave(), open);
}
