//! Local private addresses: generated from a stored key, changed in time, never used beside the
//! identity.

use super::*;
use crate::host::gap::privacy::SLOT;
use ble::crypto::address::resolves;
use ble::effect::Record;

fn config(timeout: u16) -> Config {
    Config { rpa_timeout_s: Some(timeout), ..Config::recommended() }
}

impl Rig {
    /// The addresses that the host has set in the controller.
    fn shown(&self) -> Vec<Address> {
        let of = |command: &Command| match command {
            Command::LeSetRandomAddress { address } => {
                Some(Address::new(ble::address::AddressKind::Random, *address))
            }
            _ => None,
        };
        self.commands.iter().filter_map(of).collect()
    }

    fn stored_irk(&self) -> Option<Secret<16>> {
        self.effects.iter().find_map(|effect| match effect {
            Effect::Persist { slot: SLOT, record: Some(record), .. } => {
                Some(Secret::new(record.expose().try_into().unwrap()))
            }
            _ => None,
        })
    }
}

/// GAP-RPA-2: private addresses change. GAP-IRK-1: who has some has a key.
#[test]
fn addresses_are_resolvable_change_in_time_and_never_return() {
    let mut rig = Rig::started(&config(900));
    let irk = rig.stored_irk().expect("it is kept");
    let quiet = rig.logs.len();
    for n in 1_usize..8 {
        let shown = rig.shown();
        assert_eq!(shown.len(), n);
        assert!(shown.iter().all(|address| resolves(&irk, *address)), "{shown:?}");
        assert!(shown[..n - 1].iter().all(|before| *before != shown[n - 1]));
        rig.pass(Duration::from_secs(900));
    }
    assert_eq!(rig.logs.len(), quiet, "nothing but the address is new: {:?}", rig.logs);
}

/// While it is connected it advertises nothing; afterwards it has another address.
#[test]
fn a_connection_ends_an_address() {
    let mut rig = Rig::started(&config(900));
    rig.connect(INTEL);
    rig.pass(Duration::from_secs(5_000));
    assert_eq!(rig.shown().len(), 1);
    rig.disconnect(ErrorCode::REMOTE_USER_TERMINATED);
    assert_eq!(rig.shown().len(), 2);
}

/// A key that is found is used again, or bonded peers would not know the device any more.
#[test]
fn the_key_survives_a_restart() {
    let mut rig = Rig::new(&config(900));
    let irk = Secret::new([9; 16]);
    let record = Record::new(irk.expose()).unwrap();
    rig.input(HostInput::Completed(Completion::Loaded { slot: SLOT, record }));
    let _ = rig.host.start(rig.now);
    rig.pump();
    assert!(rig.stored_irk().is_none() && resolves(&irk, rig.shown()[0]), "{:?}", rig.shown());
}

#[test]
fn who_shows_its_identity_has_no_key_and_no_timer() {
    let mut rig = Rig::started(&Config::recommended());
    assert_eq!(rig.shown(), [Config::recommended().address]);
    rig.pass(Duration::from_secs(5_000));
    assert!(rig.stored_irk().is_none() && rig.shown().len() == 1);
}
