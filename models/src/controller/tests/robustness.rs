//! Whatever comes from the air or the host: no panic, no endless work.

use ble::error::ErrorCode;
use ble::hci::{Command, ConnectionParameters, Event, HciOpcode};
use ble::pdu::data::Llid;
use ble::phy::PhySet;
use ble::radio::{AirPdu, RadioEvent};
use ble::time::{Duration, Instant};
use proptest::collection::vec;
use proptest::prelude::*;

use super::rig::{HANDLE, PEER, Rig, acquainted};

fn parameters() -> impl Strategy<Value = ConnectionParameters> {
    (0u16..40, 0u16..4000, 0u16..600, 0u16..4000).prop_map(|(min, max, latency, timeout)| {
        ConnectionParameters { interval_min: min, interval_max: max, latency, timeout }
    })
}

fn command() -> impl Strategy<Value = Command> {
    let handle = HANDLE;
    prop_oneof![
        Just(Command::ReadRemoteVersion { handle }),
        Just(Command::LeReadRemoteFeatures { handle }),
        Just(Command::LeReadPhy { handle }),
        Just(Command::LeCreateConnectionCancel),
        Just(Command::LeSetScanEnable { enable: true, filter_duplicates: true }),
        Just(Command::LeEnableEncryption {
            handle,
            rand: 1,
            ediv: 2,
            ltk: ble::secret::Secret::new([1; 16]),
        }),
        any::<u8>().prop_map(move |r| Command::Disconnect { handle, reason: ErrorCode(r) }),
        any::<u64>().prop_map(|m| Command::LeSetHostChannelClassification { channel_map: m >> 27 }),
        (0u16..300, 0u16..20_000).prop_map(move |(tx_octets, tx_time)| {
            Command::LeSetDataLength { handle, tx_octets, tx_time }
        }),
        (0u8..16, 0u8..16).prop_map(move |(tx, rx)| Command::LeSetPhy {
            handle,
            tx: PhySet(tx),
            rx: PhySet(rx),
            coded_options: 0,
        }),
        parameters().prop_map(move |parameters| Command::LeConnectionUpdate { handle, parameters }),
        parameters().prop_map(move |parameters| {
            Command::LeRemoteConnectionParameterRequestReply { handle, parameters }
        }),
        any::<u16>().prop_map(move |timeout| {
            Command::WriteAuthenticatedPayloadTimeout { handle, timeout }
        }),
    ]
}

#[derive(Clone, Debug)]
enum Act {
    Host(Command),
    Acl(Vec<u8>),
    Say(u8, Vec<u8>),
    Deaf(bool),
    Pass(u64),
    Stray(Vec<u8>, bool),
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        command().prop_map(Act::Host),
        vec(any::<u8>(), 0..251).prop_map(Act::Acl),
        (0u8..4, vec(any::<u8>(), 0..60)).prop_map(|(l, o)| Act::Say(l, o)),
        // Control PDUs of the right length, so that they get past the parser.
        (0u8..=0x19, vec(any::<u8>(), 40)).prop_map(|(opcode, mut octets)| {
            let len = ble::pdu::control::Opcode(opcode).ctr_data_len().unwrap_or(0);
            octets.truncate(len);
            octets.insert(0, opcode);
            Act::Say(3, octets)
        }),
        any::<bool>().prop_map(Act::Deaf),
        (0u64..100).prop_map(Act::Pass),
        (vec(any::<u8>(), 2..60), any::<bool>()).prop_map(|(o, ok)| Act::Stray(o, ok)),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn anything_goes(acts in vec(act(), 1..40)) {
        let mut rig = Rig::connected(acquainted());
        for act in acts {
            match act {
                Act::Host(command) => rig.command(command),
                Act::Acl(octets) => rig.host_sends(&octets),
                Act::Say(llid, octets) => {
                    rig.say.push_back((Llid::from_bits(llid), octets));
                    rig.pass(Duration::from_ms(31));
                }
                Act::Deaf(deaf) => rig.deaf = deaf,
                Act::Pass(ms) => rig.pass(Duration::from_ms(ms)),
                Act::Stray(octets, crc_ok) => {
                    let pdu = AirPdu::from_octets(&octets).unwrap();
                    let (start, end) = (rig.now, rig.now);
                    let event = RadioEvent::Received { start, end, pdu, crc_ok, rssi_dbm: 0 };
                    rig.central.radio(rig.now, event);
                    rig.pass(Duration::from_ms(31));
                }
            }
        }
        // It can always be reset and used again.
        rig.deaf = true;
        rig.command(Command::Reset);
        prop_assert_eq!(rig.central.deadline(), None);
    }

    #[test]
    fn time_may_jump(ms in 0u64..10_000_000_000) {
        let mut rig = Rig::connected(acquainted());
        rig.central.timer(Instant::from_us(ms.saturating_mul(1_000)));
        rig.central.timer(Instant::MAX);
    }
}

#[test]
fn commands_without_a_connection_or_a_meaning() {
    let mut rig = Rig::new(acquainted());
    rig.command(Command::LeReadRemoteFeatures { handle: HANDLE });
    rig.command(Command::Unknown(HciOpcode(0xFC06)));
    let told = rig.take_events();
    assert!(matches!(
        told.as_slice(),
        [
            Event::CommandStatus { status: ErrorCode::UNKNOWN_CONNECTION, .. },
            Event::CommandComplete { status: ErrorCode::UNKNOWN_COMMAND, .. }
        ]
    ));
}

/// The state can be copied, compared and hashed; a copy goes the same way.
#[test]
fn a_copy_goes_the_same_way() {
    let mut rig = Rig::connected(acquainted());
    let mut copy = rig.central.clone();
    assert_eq!(copy, rig.central);
    let at = copy.deadline().unwrap();
    copy.timer(at);
    rig.central.timer(at);
    assert_eq!(copy, rig.central);
    let mut other = Rig::connected(acquainted());
    other.command(Command::LeAddToFilterAcceptList { address: PEER });
    other.events.clear();
    assert_ne!(copy, other.central);
}
