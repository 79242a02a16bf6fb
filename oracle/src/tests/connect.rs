//! CONNECT_IND: each field at both ends of its range (Vol 6, Part B, 2.1.2, 2.3.3.1 and 4.5).

use ble::hci::{Command, Return};
use ble::pdu::control::FeatureSet;

use super::*;

/// 50 ms, no latency, 1 s.
fn fair(request: &mut ConnectInd) {
    request.interval = 40;
    request.latency = 0;
    request.timeout = 100;
}

/// Whether the oracle accepts CONNECT_IND with this change.
fn accepted(edit: &dyn Fn(&mut ConnectInd)) -> bool {
    let script = Script::with(|request| {
        fair(request);
        edit(request);
    });
    !script.findings().iter().any(|finding| finding.rule == "LL-CONN-1")
}

type Edit = &'static dyn Fn(&mut ConnectInd);

/// LL-CONN-1: fields of CONNECT_IND.
#[test]
fn every_field_of_a_connect_ind_has_its_range() {
    let legal: [Edit; 12] = [
        &|_| {},
        &|r| (r.interval, r.win_size) = (6, 5),
        &|r| (r.interval, r.timeout) = (3200, 3200),
        &|r| (r.interval, r.latency, r.timeout) = (6, 499, 751),
        &|r| (r.interval, r.timeout) = (6, 10),
        &|r| r.timeout = 11,
        &|r| (r.latency, r.timeout) = (2, 31),
        &|r| r.win_size = 8,
        &|r| r.win_offset = 40,
        &|r| r.channel_map = 1 | 1 << 36,
        &|r| r.hop = 5,
        &|r| r.hop = 16,
    ];
    let illegal: [Edit; 18] = [
        &|r| (r.interval, r.win_size) = (5, 1),
        &|r| (r.interval, r.timeout) = (3201, 3200),
        &|r| (r.interval, r.latency, r.timeout) = (6, 500, 3200),
        &|r| (r.interval, r.latency, r.timeout) = (6, 499, 750),
        &|r| (r.interval, r.timeout) = (6, 9),
        &|r| r.timeout = 3201,
        &|r| r.timeout = 10,
        &|r| (r.latency, r.timeout) = (2, 30),
        &|r| r.win_size = 0,
        &|r| r.win_size = 9,
        &|r| (r.interval, r.win_size) = (6, 6),
        &|r| r.win_offset = 41,
        &|r| r.channel_map = 0,
        &|r| r.channel_map = 1,
        &|r| r.channel_map = 1 | 0b11 << 37,
        &|r| r.hop = 4,
        &|r| r.hop = 17,
        &|r| (r.interval, r.latency, r.timeout) = (u16::MAX, u16::MAX, u16::MAX),
    ];
    for (n, edit) in legal.into_iter().enumerate() {
        assert!(accepted(edit), "legal {n}");
    }
    for (n, edit) in illegal.into_iter().enumerate() {
        assert!(!accepted(edit), "illegal {n}");
    }
}

/// LL-CONN-1: access addresses that break one requirement each, and such as just keep it.
#[test]
fn access_addresses_have_enough_and_not_too_many_transitions() {
    let of = |address| accepted(&|request| request.access_address = address);
    // Two bits from that of advertising; 24 transitions; two in the six most significant bits;
    // six equal bits in a row.
    for legal in [0x8E89_BEC7, 0x4D53_6956, 0x9D75_F47A, 0x4B6F_81F1, 0x32CF_D51D] {
        assert!(of(legal), "{legal:08X}");
    }
    for illegal in [
        ADVERTISING_ACCESS_ADDRESS,
        ADVERTISING_ACCESS_ADDRESS ^ 1,
        ADVERTISING_ACCESS_ADDRESS ^ 1 << 15,
        // Four equal octets.
        0x7171_7171,
        // Seven zeros, seven ones, seven zeros at the end.
        0xC406_9545,
        0x4A0F_E75D,
        0x2A7C_1880,
        // 25 transitions.
        0x2B56_955D,
        // One in the six most significant bits.
        0xC27B_231F,
    ] {
        assert!(!of(illegal), "{illegal:08X}");
    }
}

/// LL-AIR-3, LL-CONN-1: what only devices with LE Coded must keep is asked of those alone that are
/// known to have it.
#[test]
fn initiators_with_le_coded_keep_two_conditions_more() {
    let all = FeatureSet(0x59FF);
    let without = all.without(FeatureSet::LE_CODED);
    let accepted = |address, features| {
        let mut script = Script::with(|request| request.access_address = address);
        let opcode = Command::LeReadLocalFeatures.opcode();
        let (status, returned) = (ErrorCode::SUCCESS, Return::Features(features));
        script.hci(C, Event::CommandComplete { opcode, status, returned });
        !script.findings().iter().any(|finding| finding.rule == "LL-CONN-1")
    };
    // Two ones at the end; 15 transitions in the lower half.
    for address in [0x5065_5A82, 0x30F8_5555] {
        assert!(accepted(address, without), "{address:08X}");
        assert!(!accepted(address, all), "{address:08X}");
    }
    assert!(accepted(0x5065_5A8D, all));
}
