//! A host that asks for private addresses alone is never seen under its identity.

use ble::address::{Address, AddressKind};
use ble::pdu::advertising::AdvertisingPdu;
use ble::time::Duration;
use bletwin_oracle::judge;
use bletwin_sim::record::Record;
use bletwin_sim::sniffer::{AirItem, Decoded};
use proptest::prelude::*;

use super::rig::{A, B, PUBLIC, Rig};
use crate::twin::Port;

const IRK_A: [u8; 16] = [0xA1; 16];
const IRK_B: [u8; 16] = [0xB2; 16];
/// Static random address of A.
const STATIC_A: [u8; 6] = [0xA5, 1, 2, 3, 4, 0xC5];
const DISALLOWED: u8 = 0x0C;

/// What one of two hosts does.
#[derive(Clone, Copy, Debug)]
enum Deed {
    /// Advertising_Type, and Own_Address_Type 2 or 3.
    Advertise(u8, u8),
    StopAdvertising,
    /// Own_Address_Type 2 or 3, filter policy.
    Scan(u8, u8),
    StopScanning,
    /// Own_Address_Type 2 or 3, by accept list.
    Connect(u8, u8),
    /// The same, on top of others: refused.
    OpenlyInVain(u8),
    Cancel,
    Disconnect,
    Resolve(u8),
    Mode(u8),
    Pass(u64),
    /// The peer advertises by this type from this kind of address, or stops.
    PeerAdvertises(u8, u8),
    PeerScans(u8),
    PeerConnects(u8),
    PeerResolves(u8),
}

fn deed() -> impl Strategy<Value = Deed> {
    let private = || 2..=3_u8;
    prop_oneof![
        3 => (0..=4_u8, private()).prop_map(|(kind, own)| Deed::Advertise(kind, own)),
        1 => Just(Deed::StopAdvertising),
        3 => (private(), 0..=1_u8).prop_map(|(own, filter)| Deed::Scan(own, filter)),
        1 => Just(Deed::StopScanning),
        3 => (private(), 0..=1_u8).prop_map(|(own, list)| Deed::Connect(own, list)),
        3 => (0..=1_u8).prop_map(Deed::OpenlyInVain),
        1 => Just(Deed::Cancel),
        2 => Just(Deed::Disconnect),
        2 => (0..=1_u8).prop_map(Deed::Resolve),
        1 => (0..=1_u8).prop_map(Deed::Mode),
        6 => (1..2_500_u64).prop_map(Deed::Pass),
        3 => (0..=4_u8, 0..=3_u8).prop_map(|(kind, own)| Deed::PeerAdvertises(kind, own)),
        2 => (0..=3_u8).prop_map(Deed::PeerScans),
        2 => (0..=3_u8).prop_map(Deed::PeerConnects),
        1 => (0..=1_u8).prop_map(Deed::PeerResolves),
    ]
}

/// Two hosts that know each other's keys.
struct Acquainted {
    rig: Rig,
    a: Vec<u8>,
    b: Vec<u8>,
}

impl Acquainted {
    fn new() -> Self {
        let mut rig = Rig::new(2);
        let [a, b] = [A, B].map(|port| rig.address(port));
        rig.ok(A, 0x2005, &STATIC_A);
        rig.ok(B, 0x2005, &[0xB5, 1, 2, 3, 4, 0xC5]);
        for (port, peer, [of_peer, own]) in [(A, &b, [IRK_B, IRK_A]), (B, &a, [IRK_A, IRK_B])] {
            rig.ok(port, 0x2027, &[&[PUBLIC], &peer[..], &of_peer, &own].concat());
            rig.ok(port, 0x202E, &[1, 0]);
            rig.ok(port, 0x2011, &[&[PUBLIC], &peer[..]].concat());
        }
        Self { rig, a, b }
    }

    fn advertise(&mut self, port: Port, kind: u8, own: u8) {
        let peer = if port == A { &self.b } else { &self.a };
        let head = [0x20, 0, 0x20, 0, kind, own, PUBLIC];
        let parameters = [&head[..], peer, &[7, 0]].concat();
        self.rig.ask(port, 0x2006, &parameters);
        self.rig.ask(port, 0x200A, &[1]);
    }

    fn create(&self, peer: &[u8], own: u8, list: u8) -> Vec<u8> {
        let mut create = Rig::create(peer);
        (create[4], create[12]) = (list, own);
        create
    }

    fn scan(&mut self, port: Port, own: u8, filter: u8) {
        self.rig.ask(port, 0x200B, &[1, 0x10, 0, 0x10, 0, own, filter]);
        self.rig.ask(port, 0x200C, &[1, 0]);
    }

    fn carry_out(&mut self, deed: Deed) {
        match deed {
            Deed::Advertise(kind, own) => self.advertise(A, kind, own),
            Deed::StopAdvertising => drop(self.rig.ask(A, 0x200A, &[0])),
            Deed::Scan(own, filter) => self.scan(A, own, filter),
            Deed::StopScanning => drop(self.rig.ask(A, 0x200C, &[0, 0])),
            Deed::Connect(own, list) => {
                let create = self.create(&self.b.clone(), own, list);
                self.rig.ask(A, 0x200D, &create);
            }
            Deed::OpenlyInVain(own) => self.openly_in_vain(own),
            Deed::Cancel => drop(self.rig.ask(A, 0x200E, &[])),
            Deed::Disconnect => {
                for handle in [[0, 0], [1, 0], [0, 1], [1, 1]] {
                    self.rig.ask(A, 0x0406, &[&handle[..], &[0x13]].concat());
                }
            }
            Deed::Resolve(on) => drop(self.rig.ask(A, 0x202D, &[on])),
            Deed::Mode(mode) => {
                let device = [&[PUBLIC], &self.b[..], &[mode]].concat();
                self.rig.ask(A, 0x204E, &device);
            }
            Deed::Pass(ms) => self.rig.pass(Duration::from_ms(ms)),
            Deed::PeerAdvertises(kind, own) => {
                self.rig.ask(B, 0x200A, &[0]);
                self.advertise(B, kind, own);
            }
            Deed::PeerScans(own) => {
                self.rig.ask(B, 0x200C, &[0, 0]);
                self.scan(B, own, 0);
            }
            Deed::PeerConnects(own) => {
                let create = self.create(&self.a.clone(), own, 1);
                self.rig.ask(B, 0x200D, &create);
            }
            Deed::PeerResolves(on) => drop(self.rig.ask(B, 0x202D, &[on])),
        }
    }

    /// Commands that would show the identity if they were not refused: a refused command changes
    /// nothing. Where parameters are taken, because nothing runs, private ones follow at once.
    fn openly_in_vain(&mut self, own: u8) {
        let head = [0x20, 0, 0x20, 0, 0, own, PUBLIC];
        let open = [&head[..], &self.b, &[7, 0]].concat();
        if self.rig.ask(A, 0x2006, &open).0 != DISALLOWED {
            let mut private = open;
            private[5] |= 2;
            self.rig.ok(A, 0x2006, &private);
        }
        if self.rig.ask(A, 0x200B, &[1, 0x10, 0, 0x10, 0, own, 0]).0 != DISALLOWED {
            self.rig.ok(A, 0x200B, &[1, 0x10, 0, 0x10, 0, own | 2, 0]);
        }
        let private = self.create(&self.b.clone(), own | 2, 1);
        let (status, _) = self.rig.ask(A, 0x200D, &private);
        if matches!(status, 0 | DISALLOWED) {
            let open = self.create(&self.b.clone(), own, 1);
            self.rig.fails(A, 0x200D, &open, DISALLOWED);
        }
    }

    /// Addresses that A has used on air. No rule was broken.
    fn shown(&mut self) -> Vec<(&'static str, Address)> {
        let (records, items): (Vec<Record>, Vec<Option<AirItem>>) =
            self.rig.twin.settled().into_iter().unzip();
        let findings = judge(&bletwin_sim::view(&records));
        assert!(findings.is_empty(), "{findings:#?}");
        let items = items.into_iter().flatten();
        let from_a = |item: &AirItem| self.rig.twin.port_of(item.from) == Some(A);
        items
            .filter(from_a)
            .filter_map(|item| match item.decoded {
                Decoded::Advertising(pdu) => Some((pdu.name(), own_in(&pdu))),
                _ => None,
            })
            .collect()
    }
}

/// The sender's address.
const fn own_in(pdu: &AdvertisingPdu) -> Address {
    match pdu {
        AdvertisingPdu::AdvInd { advertiser, .. }
        | AdvertisingPdu::AdvDirectInd { advertiser, .. }
        | AdvertisingPdu::AdvNonconnInd { advertiser, .. }
        | AdvertisingPdu::AdvScanInd { advertiser, .. }
        | AdvertisingPdu::ScanRsp { advertiser, .. } => *advertiser,
        AdvertisingPdu::ScanReq { scanner, .. } => *scanner,
        AdvertisingPdu::ConnectInd(request) => request.initiator,
    }
}

/// No rule is broken, and A never uses its identity address.
fn keeps_hidden(deeds: impl IntoIterator<Item = Deed>) {
    let mut both = Acquainted::new();
    for deed in deeds {
        both.carry_out(deed);
    }
    both.rig.pass(Duration::from_ms(1_500));
    let public = <[u8; 6]>::try_from(both.a.clone()).unwrap();
    let identities =
        [Address::new(AddressKind::Public, public), Address::new(AddressKind::Random, STATIC_A)];
    for (pdu, address) in both.shown() {
        assert!(!identities.contains(&address), "{pdu} shows {address}");
        assert!(address.is_resolvable(), "{pdu} shows {address}");
    }
}

proptest! {
    /// For any commands in any order, and any peer: advertiser, scanner and initiator at the same
    /// time, with and without address resolution, in both privacy modes.
    #[test]
    fn who_hides_is_never_seen_under_its_identity(
        deeds in proptest::collection::vec(deed(), 4..40)
    ) {
        keeps_hidden(deeds);
    }
}

/// What once led to a finding.
#[test]
fn these_are_not_accused() {
    use Deed::*;
    let cases: [&[Deed]; 7] = [
        // LL-LAT-3: another link's event lies in the window of a link's first one.
        &[
            PeerResolves(1),
            Advertise(0, 2),
            PeerConnects(1),
            Pass(1408),
            Pass(2306),
            Pass(513),
            Pass(326),
            Advertise(0, 2),
            PeerConnects(1),
        ],
        // LL-ADV-2: the address changes between an event's preparation and its start.
        &[
            PeerAdvertises(2, 0),
            Pass(895),
            Pass(1254),
            Advertise(0, 2),
            PeerAdvertises(2, 2),
            Advertise(0, 2),
            Pass(530),
        ],
        // LL-ADV-2: an event whose first PDU was left out for a connection.
        &[
            Advertise(0, 2),
            PeerResolves(1),
            Pass(1146),
            Pass(537),
            PeerAdvertises(2, 0),
            Pass(882),
            Pass(85),
            Pass(671),
            Pass(830),
            Pass(666),
            Pass(987),
            PeerAdvertises(0, 0),
            PeerConnects(1),
        ],
        // LL-AGREE-1: directed advertising that found nobody, after a connection.
        &[Mode(1), PeerAdvertises(0, 0), Connect(2, 0), Pass(2), PeerAdvertises(1, 0), Pass(800)],
        // LL-END-1: a connection is ended before it is established.
        &[Resolve(1), Connect(2, 0), PeerAdvertises(4, 2), Pass(2), Disconnect],
        // LL-TERM-2: both connections of an endpoint in both roles end at once.
        &[
            Resolve(1),
            PeerResolves(1),
            Advertise(1, 2),
            PeerAdvertises(0, 2),
            PeerConnects(2),
            Connect(2, 0),
            Pass(107),
            Disconnect,
        ],
        // LL-TIFS-3: a peripheral that sends as central elsewhere.
        &[
            PeerResolves(1),
            Mode(1),
            Connect(2, 0),
            Advertise(1, 2),
            PeerAdvertises(0, 0),
            PeerConnects(1),
            Disconnect,
        ],
    ];
    for deeds in cases {
        keeps_hidden(deeds.iter().copied());
    }
}

/// LL-PRIV-4: who is called by its identity does not answer under a private address, for that
/// would tell whose it is.
#[test]
fn a_call_by_identity_is_not_answered_privately() {
    for (list, connects) in [(0, false), (1, false), (0, true), (1, true)] {
        let mut both = Acquainted::new();
        both.rig.ok(A, 0x202D, &[1]);
        both.rig.ok(B, 0x202D, &[u8::from(connects)]);
        // TargetA is made by B's controller only if B hides itself.
        both.advertise(B, 4, if connects { 2 } else { 0 });
        both.rig.ok(A, 0x204E, &[&[PUBLIC], &both.b[..], &[1]].concat());
        let create = both.create(&both.b.clone(), 2, list);
        both.rig.ok(A, 0x200D, &create);
        both.rig.pass(Duration::from_ms(1_000));
        let answered = both.shown().iter().any(|(pdu, _)| *pdu == "CONNECT_IND");
        assert_eq!(answered, connects, "by accept list: {list}");
    }
}
