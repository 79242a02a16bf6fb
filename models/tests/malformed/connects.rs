//! Requests for a connection that no initiator may send: the peripheral does not enter such a
//! connection, and is not blamed for that.

use ble::pdu::advertising::{AdvertisingPdu, ConnectInd};
use bletwin_models::raw::{Script, ScriptStep};
use bletwin_sim::record::RecordKind;

use super::play::{PERIPHERAL, connect, run, world};
use super::states::reach;

/// Whether the peripheral speaks in the connection, and what the oracle says against it.
fn answered(script: Script) -> (bool, Vec<&'static str>) {
    let setup = reach("fresh", false);
    let address = script.connect.access_address;
    let mut world = world(&setup, script, 1);
    run(&mut world, &setup);
    let spoke = world.records().iter().any(|record| {
        record.node == PERIPHERAL
            && matches!(&record.kind, RecordKind::AirTx(tx) if tx.access_address == address)
    });
    let found = bletwin_oracle::judge(&bletwin_sim::view(world.records()));
    let against = found.iter().filter(|found| found.culprit == PERIPHERAL);
    (spoke, against.map(|found| found.rule).collect())
}

fn script(connect: ConnectInd) -> Script {
    Script::new(connect, vec![ScriptStep::Idle(8)])
}

/// LL-CONN-1: 2.3.3.1, 4.5.
#[test]
fn a_connect_ind_with_a_field_out_of_range_is_ignored() {
    let good = connect();
    assert_eq!(answered(script(good.clone())), (true, vec![]));
    let limits = [
        ConnectInd { interval: 6, win_size: 5, win_offset: 6, ..good.clone() },
        ConnectInd { interval: 8, latency: 0, timeout: 10, win_offset: 0, ..good.clone() },
        ConnectInd { hop: 5, channel_map: 3, ..good.clone() },
        ConnectInd { hop: 16, channel_map: 1 << 36 | 1 << 20, ..good },
    ];
    for connect in limits {
        assert_eq!(answered(script(connect.clone())), (true, vec![]), "{connect:?}");
    }
    let bad = [
        ConnectInd { interval: 5, win_offset: 0, ..good.clone() },
        ConnectInd { interval: 0, win_offset: 0, ..good.clone() },
        ConnectInd { interval: 3201, timeout: 3200, ..good.clone() },
        ConnectInd { win_size: 0, ..good.clone() },
        ConnectInd { win_size: 6, ..good.clone() },
        ConnectInd { win_size: 9, interval: 40, ..good.clone() },
        ConnectInd { win_offset: 7, ..good.clone() },
        ConnectInd { latency: 500, timeout: 3200, ..good.clone() },
        ConnectInd { timeout: 9, ..good.clone() },
        ConnectInd { timeout: 3201, ..good.clone() },
        ConnectInd { latency: 100, timeout: 100, ..good.clone() },
        ConnectInd { channel_map: 1 << 9, ..good.clone() },
        ConnectInd { channel_map: 0, ..good.clone() },
        ConnectInd { hop: 4, ..good.clone() },
        ConnectInd { hop: 17, ..good.clone() },
        ConnectInd { access_address: 0x8E89_BED7, ..good },
    ];
    for connect in bad {
        assert_eq!(answered(script(connect.clone())), (false, vec![]), "{connect:?}");
    }
}

/// 2.3: an octet too few or too many, another advertiser, another kind of PDU.
#[test]
fn what_is_no_connect_ind_for_this_advertiser_is_ignored() {
    let pdu = AdvertisingPdu::ConnectInd(connect()).encode();
    let (header, payload) = (pdu.header(), pdu.payload().to_vec());
    let with = |header: u8, payload: Vec<u8>| {
        let script = Script { connect_octets: Some((header, payload)), ..script(connect()) };
        answered(script)
    };
    assert_eq!(with(header, payload.clone()), (true, vec![]));
    // The reserved bit of the header is ignored.
    assert_eq!(with(header | 0x10, payload.clone()), (true, vec![]));
    let mut other = payload.clone();
    other[6] ^= 1;
    let longer = [&payload[..], &[0]].concat();
    for (header, payload) in [
        (header, payload[..33].to_vec()),
        (header, longer),
        (header, other),
        (header, Vec::new()),
        // AdvA is of the other kind, or the PDU is one of the reserved types.
        (header ^ 0x80, payload.clone()),
        (header & 0xF0 | 0x0F, payload.clone()),
        (header & 0xF0 | 0x02, payload),
    ] {
        assert_eq!(with(header, payload.clone()), (false, vec![]), "{header:02x} {payload:02x?}");
    }
}
