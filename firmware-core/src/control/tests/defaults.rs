//! The host's settings for future connections (Vol 4, Part E, 7.8.34, 7.8.46 and 7.8.48), and their
//! reset (7.3.2).

use std::vec::Vec;

use super::advertising::{ENABLE, fresh, public, set};
use super::script::{HANDLE, LINK, OK, Script, config, connect_ind};
use crate::control::{Control, ControlConfig, ControlOutput};
use crate::link::message::{LinkOrder, LinkReport};
use ble::address::Address;
use ble::error::ErrorCode;
use ble::hci::{AdvertisingParameters, Command, Event, Return};
use ble::pdu::advertising::AdvertisingData;
use ble::pdu::control::{ControlPdu, DataLength, FeatureSet};
use ble::phy::{Phy, PhySet};
use ble::random::Entropy;
use ble::secret::Secret;

const ONE: PhySet = PhySet::LE_1M;
const TWO: PhySet = PhySet::LE_2M;
const ALL: PhySet = PhySet(7);

fn suggest(tx_octets: u16, tx_time: u16) -> Command {
    Command::LeWriteSuggestedDefaultDataLength { tx_octets, tx_time }
}

fn prefer(tx: PhySet, rx: PhySet) -> Command {
    Command::LeSetDefaultPhy { tx, rx }
}

/// The lengths in the next connection's LL_LENGTH_RSP.
fn answered_lengths(s: &mut Script) -> DataLength {
    let minimum =
        DataLength { max_rx_octets: 27, max_rx_time: 328, max_tx_octets: 27, max_tx_time: 328 };
    s.connect(connect_ind());
    s.event(&[ControlPdu::LengthReq(minimum)]);
    let sent = s.event(&[]);
    let [ControlPdu::LengthRsp(lengths)] = sent[..] else { panic!("{sent:?}") };
    lengths
}

/// The preferred PHYs in the next connection's LL_PHY_RSP.
fn answered_phys(s: &mut Script) -> (PhySet, PhySet) {
    s.connect(connect_ind());
    s.event(&[ControlPdu::PhyReq { tx: ALL, rx: ALL }]);
    let sent = s.event(&[]);
    let [ControlPdu::PhyRsp { tx, rx }] = sent[..] else { panic!("{sent:?}") };
    (tx, rx)
}

/// Within the ranges of the command, and as far as the controller can.
#[test]
fn a_connection_begins_with_the_length_that_was_suggested() {
    assert_eq!(answered_lengths(&mut fresh()).max_tx_octets, 27, "nothing was suggested");
    for (octets, time, said) in [
        (27, 328, Some((27, 328))),
        (100, 1_000, Some((100, 1_000))),
        (251, 2_120, Some((251, 2_120))),
        (251, 17_040, Some((251, 2_120))),
        (26, 328, None),
        (252, 328, None),
        (27, 327, None),
        (27, 17_041, None),
    ] {
        let mut s = fresh();
        let status = if said.is_some() { OK } else { ErrorCode::INVALID_PARAMETERS };
        assert_eq!(s.ask(suggest(octets, time)), status, "{octets} {time}");
        let lengths = answered_lengths(&mut s);
        let (octets, time) = said.unwrap_or((27, 328));
        assert_eq!((lengths.max_tx_octets, lengths.max_tx_time), (octets, time));
        assert_eq!(
            (lengths.max_rx_octets, lengths.max_rx_time),
            (251, 2_120),
            "what can be received"
        );
    }
    let mut s = Script::unconnected_as(ControlConfig {
        max_tx_octets: 60,
        max_tx_time: 592,
        ..config(ControlConfig::SUPPORTED)
    });
    assert_eq!(s.ask(suggest(251, 2_120)), OK);
    let lengths = answered_lengths(&mut s);
    assert_eq!((lengths.max_tx_octets, lengths.max_tx_time), (60, 592), "more is not possible");
}

/// 7.8.46. Times beyond 2,120 µs need LE Coded; everybody can do 27 octets in 328 µs.
#[test]
fn the_longest_packets_are_what_is_configured_within_the_rules() {
    let all = ControlConfig::SUPPORTED;
    let uncoded = FeatureSet(all.0 & !FeatureSet::LE_CODED.0);
    for (features, octets, time, maximum) in [
        (all, 251, 17_040, (251, 17_040)),
        (all, 251, 17_041, (251, 17_040)),
        (uncoded, 251, 17_040, (251, 2_120)),
        (uncoded, 251, 2_119, (251, 2_119)),
        (all, 300, 100, (251, 328)),
        (all, 0, 2_120, (27, 2_120)),
    ] {
        let config = ControlConfig { max_tx_octets: octets, max_tx_time: time, ..config(features) };
        let mut s = Script::unconnected_as(config);
        s.command(Command::LeReadMaximumDataLength);
        let maximum = Return::MaximumDataLength {
            tx_octets: maximum.0,
            tx_time: maximum.1,
            rx_octets: maximum.0,
            rx_time: maximum.1,
        };
        let opcode = Command::LeReadMaximumDataLength.opcode();
        assert_eq!(s.events(), [Event::CommandComplete { opcode, status: OK, returned: maximum }]);
    }
}

#[test]
fn a_connection_begins_with_the_phys_that_were_preferred() {
    assert_eq!(answered_phys(&mut fresh()), (ALL, ALL));
    for (tx, rx, said) in [
        (TWO, ONE, (TWO, ONE)),
        (ONE, TWO, (ONE, TWO)),
        // No preference.
        (PhySet::NONE, ONE, (ALL, ONE)),
        (ONE, PhySet::NONE, (ONE, ALL)),
        (ALL, ALL, (ALL, ALL)),
    ] {
        let mut s = fresh();
        assert_eq!(s.ask(prefer(tx, rx)), OK);
        assert_eq!(answered_phys(&mut s), said);
    }
    // A refused command changes neither direction.
    let mut s = fresh();
    s.ask(prefer(TWO, TWO));
    let unsupported = ErrorCode::UNSUPPORTED_FEATURE_OR_PARAMETER;
    assert_eq!(s.ask(prefer(ONE, PhySet(8))), unsupported);
    assert_eq!(s.ask(prefer(PhySet(9), ONE)), unsupported);
    assert_eq!(answered_phys(&mut s), (TWO, TWO));
    // LE Coded is there, LE 2M is not.
    let features = FeatureSet(ControlConfig::SUPPORTED.0 & !FeatureSet::LE_2M.0);
    let mut s = Script::unconnected(features);
    assert_eq!(s.ask(prefer(TWO, ONE)), unsupported);
    assert_eq!(s.ask(prefer(PhySet::CODED, PhySet::NONE)), OK);
    assert_eq!(answered_phys(&mut s), (PhySet::CODED, PhySet(5)));
}

/// All that a host can set is as after power-on; only random numbers go on.
#[test]
fn a_reset_drops_all_settings() {
    let mut s = fresh();
    let identity = Address::public([9; 6]);
    let (peer_irk, local_irk) = (Secret::new([9; 16]), Secret::new([0; 16]));
    let data = AdvertisingData::from_slice(&[2, 1, 6]).unwrap();
    for command in [
        suggest(251, 2_120),
        prefer(TWO, TWO),
        Command::LeSetRandomAddress { address: [0xC0; 6] },
        Command::LeSetAdvertisingData { data: data.clone() },
        Command::LeSetScanResponseData { data },
        Command::LeAddToFilterAcceptList { address: identity },
        Command::LeAddToResolvingList { identity, peer_irk, local_irk },
        Command::LeSetAddressResolutionEnable { enable: true },
        set(AdvertisingParameters { channel_map: 1, ..public() }),
        ENABLE,
        Command::Reset,
    ] {
        assert_eq!(s.ask(command.clone()), OK, "{command:?}");
    }
    let features = ControlConfig::SUPPORTED;
    assert_eq!(s.control, Control::new(config(features), &Entropy::new([9; 32])));
}

/// `Link` forgets the same: connections, advertising, both lists.
#[test]
fn a_reset_leaves_link_nothing_to_do() {
    let mut s = fresh();
    s.ask(ENABLE);
    s.clear();
    s.ask(Command::Reset);
    assert_eq!(s.orders, [LinkOrder::StopAdvertising, LinkOrder::AcceptListClear]);
    let mut s = Script::new();
    s.clear();
    s.ask(Command::Reset);
    assert_eq!(s.orders, [LinkOrder::Drop(LINK), LinkOrder::AcceptListClear]);

    let mut s = fresh();
    let identity = Address::public([9; 6]);
    let (peer_irk, local_irk) = (Secret::new([9; 16]), Secret::new([0; 16]));
    let rpa = ble::crypto::address::resolvable(&peer_irk, [1, 2, 3]);
    s.ask(Command::LeAddToResolvingList { identity, peer_irk, local_irk });
    s.ask(Command::LeSetAddressResolutionEnable { enable: true });
    s.report(LinkReport::Unresolved(rpa));
    s.clear();
    s.ask(Command::Reset);
    assert!(s.orders.contains(&LinkOrder::Resolved { rpa, identity: None }), "{:?}", s.orders);
}

/// A connection that began with extended advertising starts on the PHY of AUX_CONNECT_REQ.
#[test]
fn a_connection_begins_on_the_phy_that_it_was_made_on() {
    let mut s = Script::new();
    s.report(LinkReport::OnPhy { link: LINK, phy: Phy::LeCoded });
    s.command(Command::LeReadPhy { handle: HANDLE });
    let returned = Return::Phy { handle: HANDLE, tx: Phy::LeCoded, rx: Phy::LeCoded };
    let opcode = Command::LeReadPhy { handle: HANDLE }.opcode();
    assert_eq!(s.events(), [Event::CommandComplete { opcode, status: OK, returned }]);
}

/// A place that does not exist cannot be connected: `Link` is ordered to drop it.
#[test]
fn a_connection_without_a_place_is_refused() {
    let features = ControlConfig::SUPPORTED;
    let mut control: Control<1> = Control::new(config(features), &Entropy::new([9; 32]));
    let link = ble::link::LinkId(1);
    let (request, at) = (connect_ind(), ble::time::Instant::ZERO);
    let connected = LinkReport::Connected { link, request, identity: None, provisional: false, at };
    let _ = control.report(at, connected);
    let outputs: Vec<_> = core::iter::from_fn(|| control.poll()).collect();
    assert_eq!(outputs, [ControlOutput::Order(LinkOrder::Refuse(link))]);
}

/// LL-LEN-10: a length to start with beyond what every device has is told at once, if that is what
/// this controller does.
#[test]
fn a_longer_default_is_announced_at_once() {
    for (announces, octets, asks) in [(true, 251, true), (true, 27, false), (false, 251, false)] {
        let mut config = config(ControlConfig::SUPPORTED);
        config.length_from_default = announces;
        let mut s = Script::unconnected_as(config);
        let tx_time = if octets == 27 { 328 } else { 2120 };
        let tx_octets = octets;
        s.ask(Command::LeWriteSuggestedDefaultDataLength { tx_octets, tx_time });
        s.connect(connect_ind());
        let sent = s.event(&[]);
        assert_eq!(matches!(sent[..], [ControlPdu::LengthReq(_)]), asks, "{announces} {octets}");
    }
}
