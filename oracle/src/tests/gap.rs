//! What advertising says, and requests for parameters on the signalling channel (GAP).

use ble::pdu::advertising::AdvertisingData;

use ble::hci::{Command, FilterPolicy};

use super::later::asked;
use super::pairing::signal;
use super::*;

/// Advertised with this, or answered to a scanner.
fn advertised(octets: &[u8], responds: bool) -> Script {
    let mut script = Script::new();
    let (advertiser, data) =
        (Address::static_random([2; 6]), AdvertisingData::from_slice(octets).unwrap());
    let pdu = match responds {
        true => AdvertisingPdu::ScanRsp { advertiser, data }.encode(),
        false => AdvertisingPdu::AdvNonconnInd { advertiser, data }.encode(),
    };
    let at = script.anchor + 100_000;
    script.on_air(P, at, 38, ADVERTISING_ACCESS_ADDRESS, pdu, None);
    script
}

/// The host has asked for advertising with this filter, and advertises with these flags.
fn filtered(filter: FilterPolicy, flags: u8) -> Script {
    let mut script = asked(true);
    for record in &mut script.records {
        match &mut record.kind {
            RecordKind::Note(Note::HciCommand(Command::LeSetAdvertisingParameters {
                parameters,
            })) => parameters.filter = filter,
            RecordKind::AirTx(tx) => {
                let (advertiser, ch_sel) = (Address::static_random([2; 6]), false);
                let data = AdvertisingData::from_slice(&[2, 1, flags]).unwrap();
                tx.pdu = AdvertisingPdu::AdvInd { advertiser, data, ch_sel }.encode();
            }
            _ => {}
        }
    }
    script
}

/// A request for these parameters.
fn request(script: Script, fields: [u16; 4]) -> Script {
    let fields: Vec<_> = fields.iter().flat_map(|field| field.to_le_bytes()).collect();
    signal(script, P, &[&[0x12, 1, 8, 0][..], &fields].concat())
}

const GOOD: [u16; 4] = [6, 3200, 0, 3200];
const REFUSED: [u8; 6] = [0x13, 1, 2, 0, 1, 0];

fn refused() -> Script {
    signal(request(Script::new(), GOOD), C, &REFUSED)
}

pub(super) fn broken() -> Vec<(&'static str, Role, Script)> {
    vec![
        ("GAP-AD-1", P, advertised(&[2, 1, 6, 5, 9, b'a'], false)),
        ("GAP-AD-2", P, advertised(&[2, 1, 6], true)),
        ("GAP-DISC-1", P, advertised(&[2, 1, 7], false)),
        ("GAP-DISC-2", P, filtered(FilterPolicy::ConnectFromList, 6)),
        ("GAP-PAR-1", P, request(refused().events(100), GOOD)),
        ("GAP-PAR-2", P, request(Script::new(), [6, 5, 0, 3200])),
    ]
}

fn broken_by(script: &Script, rule: &'static str, by: Role) {
    assert_eq!(script.named(), BTreeSet::from([(rule, by)]));
}

/// GAP-AD-1: structures of advertising data. GAP-AD-2: data types in their places. GAP-DISC-1: one
/// discoverable mode.
#[test]
fn advertising_data_have_their_form() {
    let good: [&[u8]; 8] = [
        &[],
        &[2, 1, 6, 2, 9, b'a'],
        &[2, 1, 5, 0, 0, 0],
        &[3, 0xFF, 1, 2, 3, 0xFF, 1, 2],
        &[2, 0x0A, 4, 2, 0x0A, 4],
        // A device with BR/EDR, and flags of later versions.
        &[2, 1, 0x1A],
        &[3, 1, 6, 1],
        // Only a discoverable device is bound in its BR/EDR flags.
        &[2, 1, 0x0C],
    ];
    for data in good {
        assert_eq!(advertised(data, false).named(), BTreeSet::new(), "{data:?}");
    }
    // The same type may stand in both blocks.
    assert_eq!(advertised(&[2, 9, b'a'], true).named(), BTreeSet::new());
    for (data, rule) in [
        (&[0, 2, 1, 6][..], "GAP-AD-1"),
        (&[2, 1], "GAP-AD-1"),
        (&[2, 1, 6, 2, 1, 6], "GAP-AD-2"),
        (&[2, 8, b'a', 2, 9, b'a'], "GAP-AD-2"),
        (&[3, 0x19, 1, 2, 3, 0x19, 1, 2], "GAP-AD-2"),
        (&[2, 1, 0x0E], "GAP-DISC-1"),
    ] {
        broken_by(&advertised(data, false), rule, P);
    }
}

/// GAP-DISC-2: who is discoverable answers everybody.
#[test]
fn who_is_not_discoverable_may_filter() {
    for (filter, flags) in [(FilterPolicy::ConnectFromList, 4), (FilterPolicy::Any, 6)] {
        assert_eq!(filtered(filter, flags).named(), BTreeSet::new());
    }
    // Advertising that the host has ended followed an earlier request.
    let mut script = filtered(FilterPolicy::ConnectFromList, 6);
    let ended = Command::LeSetAdvertisingEnable { enable: false };
    let note = RecordKind::Note(Note::HciCommand(ended));
    let air = script.records.iter().position(|record| matches!(record.kind, RecordKind::AirTx(_)));
    let (id, at) = (script.records[air.unwrap()].id, Instant::ZERO);
    script
        .records
        .insert(air.unwrap(), Record { id, causes: Vec::new(), at, node: NodeId(1), kind: note });
    for (number, record) in (1..).zip(&mut script.records) {
        record.id = RecordId(number);
    }
    assert_eq!(script.named(), BTreeSet::new());
}

/// GAP-PAR-1: 30 s between two requests for parameters.
#[test]
fn requests_for_parameters_leave_time() {
    assert_eq!(request(refused().events(3_000), GOOD).named(), BTreeSet::new());
    // A second request without an answer to the first, and one that was queued before it came.
    assert_eq!(request(request(Script::new(), GOOD), GOOD).named(), BTreeSet::new());
    let mut script = request(Script::new(), GOOD);
    let whole = [&[6, 0, 5, 0][..], &REFUSED].concat();
    script.queue[0].push_back((Llid::Start, whole));
    let again = [12, 0, 5, 0, 0x12, 2, 8, 0, 6, 0, 6, 0, 0, 0, 100, 0];
    script.queue[1].push_back((Llid::Start, again.to_vec()));
    script.queue[1].push_back((Llid::Start, again.to_vec()));
    assert_eq!(script.events(4).named(), BTreeSet::new());
}

/// GAP-PAR-2: requests for parameters that are possible.
#[test]
fn parameters_are_possible() {
    assert_eq!(request(Script::new(), GOOD).named(), BTreeSet::new());
    // The timeout is exactly what the others need.
    assert_eq!(request(Script::new(), [400, 400, 0, 100]).named(), BTreeSet::new());
    for fields in
        [[5, 6, 0, 100], [6, 3201, 0, 3200], [6, 6, 500, 3200], [6, 6, 0, 9], [6, 800, 4, 100]]
    {
        broken_by(&request(Script::new(), fields), "GAP-PAR-2", P);
    }
    let by_central = [0x12, 1, 8, 0, 6, 0, 6, 0, 0, 0, 100, 0];
    broken_by(&signal(Script::new(), C, &by_central), "GAP-PAR-2", C);
}
