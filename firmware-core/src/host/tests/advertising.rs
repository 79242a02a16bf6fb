//! Who may connect, and what is logged about it.

use super::*;
use crate::host::gap::{advertising_data, scan_response_data};
use ble::hci::FilterPolicy;

fn filter(rig: &Rig) -> FilterPolicy {
    let of = |command: &Command| match command {
        Command::LeSetAdvertisingParameters { parameters } => Some(parameters.filter),
        _ => None,
    };
    rig.commands.iter().rev().find_map(of).unwrap()
}

#[test]
fn gap_adv_bv_02_and_03_flags_name_and_service() {
    // GAP-AD-1: structures of advertising data. GAP-AD-2: data types in their places.
    // GAP-DISC-1: one discoverable mode.
    let data = [&[2, 0x01, 0x06, 11, 0x09][..], b"Nordic_LBS"].concat();
    assert_eq!(advertising_data(&LedButton::GATT, true)[..], data);
    let uuid = 0x0000_1523_1212_EFDE_1523_785F_EABC_D123_u128;
    assert_eq!(
        scan_response_data(&LedButton::GATT)[..],
        [&[17, 0x07], &uuid.to_le_bytes()[..]].concat()
    );
}

#[test]
fn set_up_in_order_then_open_advertising() {
    let rig = Rig::started(&Config::zephyr_2024());
    let expected = [
        "Reset",
        "SetEventMask",
        "LeSetEventMask",
        "LeReadBufferSize",
        "LeReadLocalFeatures",
        "LeReadMaximumDataLength",
        "LeSetRandomAddress",
        "LeClearFilterAcceptList",
        "LeSetAddressResolutionEnable",
        "LeClearResolvingList",
        "LeSetAdvertisingParameters",
        "LeSetAdvertisingData",
        "LeSetScanResponseData",
        "LeSetAdvertisingEnable",
    ];
    assert_eq!(rig.names(), expected);
    assert_eq!(filter(&rig), FilterPolicy::Any);
    let lines = [
        "Bluetooth initialized",
        "Advertising with no Accept list",
        "Advertising successfully started",
    ];
    assert_eq!(rig.logs, lines);
    assert_eq!(rig.lights, [Light { led: 1, on: true }]);
}

#[test]
fn a_public_address_is_not_set_as_random() {
    let address = Address::public([1, 2, 3, 4, 5, 6]);
    let rig = Rig::started(&Config { address, ..Config::zephyr_2024() });
    assert!(!rig.names().contains(&"LeSetRandomAddress"));
}

#[test]
fn a_bond_closes_the_accept_list_and_the_pairing_button_opens_it_once() {
    let config = Config::zephyr_2024();
    let mut rig = Rig::with_bond(&config, Some(&bond()));
    assert_eq!(filter(&rig), FilterPolicy::ConnectFromList);
    assert!(rig.commands.contains(&Command::LeAddToFilterAcceptList { address: INTEL }));
    assert_eq!(rig.logs[1], "Acceptlist setup number  = 1");
    assert_eq!(rig.logs[2], "Advertising with Accept list");
    rig.forget();
    rig.press(Press::Pairing);
    assert_eq!(rig.commands[0], Command::LeSetAdvertisingEnable { enable: false });
    assert_eq!(rig.commands[1], Command::LeClearFilterAcceptList);
    assert_eq!(filter(&rig), FilterPolicy::Any);
    let lines = [
        "Accept list cleared succesfully",
        "Pairing mode on",
        "Advertising with no Accept list",
        "Advertising successfully started",
    ];
    assert_eq!(rig.logs, lines);
    rig.connect(Address::public([9; 6]));
    rig.disconnect(ErrorCode::REMOTE_USER_TERMINATED);
    assert_eq!(filter(&rig), FilterPolicy::ConnectFromList, "only once");
}

/// GAP-DISC-2: who is discoverable answers everybody.
#[test]
fn who_answers_its_bonds_alone_is_not_discoverable() {
    let flags = |rig: &Rig| {
        let data = rig.commands.iter().rev().find_map(|command| match command {
            Command::LeSetAdvertisingData { data } => Some(data.clone()),
            _ => None,
        });
        data.unwrap()[..3].to_vec()
    };
    let mut rig = Rig::with_bond(&Config::zephyr_2024(), Some(&bond()));
    assert_eq!(flags(&rig), [2, 1, 4]);
    rig.press(Press::Pairing);
    assert_eq!(flags(&rig), [2, 1, 6]);
}

#[test]
fn anyone_may_connect_if_configured() {
    let config = Config { accept: crate::config::Accept::Anyone, ..Config::zephyr_2024() };
    assert_eq!(filter(&Rig::with_bond(&config, Some(&bond()))), FilterPolicy::Any);
}

#[test]
fn keys_of_private_peers_go_to_the_resolving_list() {
    let irk = Some(Secret::new([5; 16]));
    let rig = Rig::with_bond(&Config::zephyr_2024(), Some(&Bond { irk, ..bond() }));
    let names = rig.names();
    let at = |name| names.iter().position(|n| *n == name).unwrap();
    assert!(at("LeClearResolvingList") < at("LeAddToResolvingList"));
    assert!(at("LeAddToResolvingList") < at("LeSetPrivacyMode"));
    let enable = Command::LeSetAddressResolutionEnable { enable: true };
    assert!(at("LeSetPrivacyMode") < rig.commands.iter().position(|c| *c == enable).unwrap());
}

#[test]
fn deleting_bonds_opens_advertising_and_empties_storage() {
    let mut rig = Rig::with_bond(&Config::zephyr_2024(), Some(&bond()));
    rig.forget();
    rig.press(Press::DeleteBonds);
    assert_eq!(rig.host.bonds().count(), 0);
    assert!(matches!(rig.effects[..], [Effect::Persist { slot: 0, record: None, .. }]));
    assert_eq!(filter(&rig), FilterPolicy::Any);
    let told = |rig: &Rig| rig.logs.iter().any(|line| line == "Bond deleted succesfully");
    assert!(!told(&rig), "power could fail now, and the bond would be there again");
    rig.complete();
    assert!(told(&rig));
}

#[test]
fn deleting_bonds_leaves_the_bonded_peer() {
    let mut rig = Rig::with_bond(&Config::recommended(), Some(&bond()));
    rig.connect(INTEL);
    rig.encrypt();
    rig.forget();
    rig.press(Press::DeleteBonds);
    let reason = ErrorCode::REMOTE_USER_TERMINATED;
    assert_eq!(rig.commands, [Command::Disconnect { handle: HANDLE, reason }]);
}

#[test]
fn a_connection_and_its_end() {
    let mut rig = Rig::connected(&Config::zephyr_2024());
    assert_eq!(rig.logs, ["Connected"]);
    assert_eq!(rig.lights, [Light { led: 2, on: true }]);
    rig.forget();
    rig.disconnect(ErrorCode::REMOTE_USER_TERMINATED);
    let lines = [
        "Disconnected (reason 19)",
        "Connection object available from previous conn. \
         Disconnect/stop advertising is completed!",
        "Advertising with no Accept list",
        "Advertising successfully started",
    ];
    assert_eq!(rig.logs, lines);
    assert_eq!(rig.lights, [Light { led: 2, on: false }]);
    assert_eq!(rig.host.handles().count(), 0);
}

#[test]
fn security_fails_before_the_disconnection_is_reported() {
    let mut rig = Rig::connected(&Config::zephyr_2024());
    rig.send(CID_SMP, &PAIRING_REQUEST);
    rig.forget();
    rig.disconnect(ErrorCode::CONNECTION_TIMEOUT);
    let failed = rig
        .logs
        .iter()
        .position(|line| line == "Security failed: 58:A0:23:A6:35:0A (public) level 1 err 9");
    let gone = rig.logs.iter().position(|line| line == "Disconnected (reason 8)");
    assert!(failed.is_some() && failed < gone, "{:?}", rig.logs);
}

#[test]
fn security_fails_first_even_if_nothing_was_acknowledged_any_more() {
    let mut rig = Rig::new(&Config::zephyr_2024());
    rig.credits = 1;
    let _ = rig.host.start(rig.now);
    rig.pump();
    rig.connect(INTEL);
    for _ in 0..6 {
        rig.send(CID_ATT, &[0x0A, 0x12, 0]);
    }
    rig.send(CID_SMP, &PAIRING_REQUEST);
    rig.forget();
    rig.disconnect(ErrorCode::CONNECTION_TIMEOUT);
    let failed = "Security failed: 58:A0:23:A6:35:0A (public) level 1 err 9";
    let lines: Vec<_> = rig.logs.iter().filter(|line| !line.starts_with("Pairing")).collect();
    assert_eq!(lines[..2], [failed, "Disconnected (reason 8)"]);
}

#[test]
fn without_pairing_there_is_only_the_disconnection() {
    let mut rig = Rig::connected(&Config::zephyr_2024());
    rig.forget();
    rig.disconnect(ErrorCode::CONNECTION_TIMEOUT);
    assert_eq!(rig.logs[0], "Disconnected (reason 8)");
}

#[test]
fn a_pairing_button_during_a_connection_counts_for_the_next_advertising() {
    let mut rig = Rig::with_bond(&Config::zephyr_2024(), Some(&bond()));
    rig.connect(INTEL);
    rig.forget();
    rig.press(Press::Pairing);
    assert_eq!(rig.names(), [""; 0]);
    rig.disconnect(ErrorCode::REMOTE_USER_TERMINATED);
    assert_eq!(filter(&rig), FilterPolicy::Any);
}
