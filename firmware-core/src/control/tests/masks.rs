//! Set Event Mask and LE Set Event Mask (Vol 4, Part E, 7.3.1 and 7.8.1): each event has its bit.

use super::super::outbox::Masks;
use super::script::{HANDLE, OK};
use ble::address::Address;
use ble::error::ErrorCode;
use ble::hci::{AdvertisingReport, ConnectionComplete, Event, HciOpcode, Return, Role};
use ble::pdu::control::FeatureSet;
use ble::phy::Phy;

/// Of Set Event Mask: LE Meta event.
const LE_META: u64 = 1 << 61;

/// Events with their bit of Set Event Mask, from the list of the specification.
fn events() -> [(Event, u32); 5] {
    let (handle, status) = (HANDLE, OK);
    let (version, company, subversion) = (0, 0, 0);
    [
        (Event::DisconnectionComplete { handle, reason: status }, 4),
        (Event::EncryptionChange { handle, status, enabled: true }, 7),
        (Event::RemoteVersion { handle, status, version, company, subversion }, 11),
        (Event::HardwareError { code: 1 }, 15),
        (Event::EncryptionKeyRefreshComplete { handle, status }, 47),
    ]
}

/// LE events with their bits of LE Set Event Mask, any of which lets them through.
fn le_events() -> [(Event, u64); 9] {
    let (handle, status) = (HANDLE, OK);
    let nobody = Address::public([0; 6]);
    let (interval, latency, timeout) = (24, 0, 100);
    let (interval_min, interval_max) = (24, 24);
    let (tx_octets, tx_time, rx_octets, rx_time) = (27, 328, 27, 328);
    let (tx, rx) = (Phy::Le1M, Phy::Le1M);
    let connected = ConnectionComplete {
        status,
        handle,
        role: Role::Peripheral,
        peer: nobody,
        peer_identity: None,
        local: nobody,
        interval,
        latency,
        timeout,
        sca: 0,
    };
    let report = AdvertisingReport {
        event_type: 0,
        address: nobody,
        resolved: false,
        data: Default::default(),
        rssi: 0,
    };
    let features = FeatureSet(0);
    [
        // LE Connection Complete or LE Enhanced Connection Complete.
        (Event::LeConnectionComplete(connected), 1 | 1 << 9),
        (Event::LeAdvertisingReport(report), 1 << 1),
        (Event::LeConnectionUpdateComplete { handle, status, interval, latency, timeout }, 1 << 2),
        (Event::LeRemoteFeatures { handle, status, features }, 1 << 3),
        (Event::LeLongTermKeyRequest { handle, rand: 0, ediv: 0 }, 1 << 4),
        (
            Event::LeRemoteConnectionParameterRequest {
                handle,
                interval_min,
                interval_max,
                latency,
                timeout,
            },
            1 << 5,
        ),
        (Event::LeDataLengthChange { handle, tx_octets, tx_time, rx_octets, rx_time }, 1 << 6),
        (Event::LePhyUpdateComplete { handle, status, tx, rx }, 1 << 11),
        (Event::LeChannelSelectionAlgorithm { handle, second: true }, 1 << 19),
    ]
}

#[test]
fn each_event_has_its_bit_and_no_other() {
    for (event, of) in events() {
        for bit in 0..64 {
            let masks = Masks { events: 1 << bit, le_events: u64::MAX };
            assert_eq!(masks.allow(&event), bit == of, "{event:?} {bit}");
        }
    }
}

#[test]
fn each_le_event_has_its_bits_and_needs_the_meta_event() {
    for (event, of) in le_events() {
        for bit in 0..64 {
            let le_events = 1 << bit;
            let on = Masks { events: LE_META, le_events };
            assert_eq!(on.allow(&event), of & le_events != 0, "{event:?} {bit}");
            assert!(!Masks { events: !LE_META, le_events }.allow(&event));
        }
    }
}

/// The host is not asked a question whose event is masked.
#[test]
fn questions_follow_the_masks_of_their_events() {
    for bit in 0..64 {
        let le_events = 1 << bit;
        let on = Masks { events: LE_META, le_events };
        assert_eq!((on.key_request(), on.parameter_request()), (bit == 4, bit == 5));
        let off = Masks { events: !LE_META, le_events };
        assert!(!off.key_request() && !off.parameter_request());
    }
}

#[test]
fn answers_to_commands_and_credits_cannot_be_masked() {
    let opcode = HciOpcode(0);
    let none = Masks { events: 0, le_events: 0 };
    for event in [
        Event::CommandComplete { opcode, status: OK, returned: Return::None },
        Event::CommandStatus { opcode, status: ErrorCode::SUCCESS },
        Event::NumberOfCompletedPackets { handle: HANDLE, count: 1 },
    ] {
        assert!(none.allow(&event));
    }
}
