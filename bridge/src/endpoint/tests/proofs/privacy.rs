//! LL Privacy.

use ble::address::Address;
use ble::pdu::advertising::AdvertisingPdu;
use bletwin_sim::sniffer::Decoded;

use super::super::rig::{A, B, PUBLIC, Rig};
use super::{SECOND, air};
use crate::twin::Port;

const IRK_A: [u8; 16] = [0xA1; 16];
const IRK_B: [u8; 16] = [0xB2; 16];

/// Each knows the other by its key. Gives their identities.
fn acquainted(rig: &mut Rig) -> [Vec<u8>; 2] {
    let identities = [A, B].map(|port| rig.address(port));
    let keys = [(A, &identities[1], [IRK_B, IRK_A]), (B, &identities[0], [IRK_A, IRK_B])];
    for (port, peer, [of_peer, own]) in keys {
        rig.ok(port, 0x2027, &[&[PUBLIC], &peer[..], &of_peer, &own].concat());
        rig.ok(port, 0x202D, &[1]);
    }
    identities
}

/// Advertises under a private address of the controller's making, for a peer.
fn advertise_privately(rig: &mut Rig, port: Port, peer: &[u8]) {
    let head = [0x20, 0, 0x20, 0, 0, 2, PUBLIC];
    rig.ok(port, 0x2006, &[&head[..], peer, &[7, 0]].concat());
    rig.ok(port, 0x200A, &[1]);
}

fn on_air(rig: &mut Rig) -> Vec<Address> {
    let advertisers = air(rig).into_iter().filter_map(|item| match item.decoded {
        Decoded::Advertising(AdvertisingPdu::AdvInd { advertiser, .. }) => Some(advertiser),
        _ => None,
    });
    let mut all: Vec<_> = advertisers.collect();
    all.dedup();
    all
}

pub(super) fn resolving_list() {
    let mut rig = Rig::new(2);
    assert_eq!(rig.ok(A, 0x202A, &[]), [8]);
    let [a, b] = acquainted(&mut rig);
    rig.fails(A, 0x2027, &[&[PUBLIC], &b[..], &[0; 32]].concat(), 0x12);
    advertise_privately(&mut rig, B, &a);
    rig.ok(A, 0x200B, &[0, 0x10, 0, 0x10, 0, PUBLIC, 0]);
    rig.ok(A, 0x200C, &[1, 0]);
    rig.fails(A, 0x2029, &[], 0x0C);
    // Reported under the identity, and said to be one.
    let report = rig.subevent(A, 0x02);
    assert_eq!(report[2..9], [&[2], &b[..]].concat()[..]);
    rig.ok(A, 0x200C, &[0, 0]);
    rig.ok(A, 0x2028, &[&[PUBLIC], &b[..]].concat());
    rig.fails(A, 0x2028, &[&[PUBLIC], &b[..]].concat(), 0x02);
    rig.ok(A, 0x200C, &[1, 0]);
    // An unknown device: a random address, resolvable.
    let report = rig.subevent(A, 0x02);
    assert_eq!((report[2], report[8] >> 6), (1, 0b01));
    rig.ok(A, 0x200C, &[0, 0]);
    let device = |number: u8| [&[PUBLIC, number, 0, 0, 0, 0, 0][..], &[3 + number; 32]].concat();
    for number in 0..8 {
        rig.ok(A, 0x2027, &device(number));
    }
    rig.fails(A, 0x2027, &device(9), 0x07);
    rig.ok(A, 0x2029, &[]);
    rig.ok(A, 0x2027, &device(9));
    // The key is another device's.
    rig.fails(A, 0x2027, &[&[PUBLIC, 8, 0, 0, 0, 0, 0][..], &[3 + 9; 32]].concat(), 0x12);
}

/// Both ends hide, and know each other.
pub(super) fn private_addresses() {
    let mut rig = Rig::new(2);
    rig.ok(B, 0x202E, &[5, 0]);
    rig.fails(B, 0x202E, &[0, 0], 0x12);
    let [a, b] = acquainted(&mut rig);
    for port in [A, B] {
        rig.ok(port, 0x2001, &[0xFF; 8]);
    }
    advertise_privately(&mut rig, B, &a);
    rig.pass(SECOND.times(12));
    // A new address every five seconds.
    assert_eq!(on_air(&mut rig).len(), 3);
    let mut create = Rig::create(&b);
    create[12] = 2;
    rig.ok(A, 0x200D, &create);
    for (port, peer) in [(A, &b), (B, &a)] {
        let complete = rig.subevent(port, 0x0A);
        // Identity of the peer, own and the peer's private address.
        assert_eq!(complete[4..11], [&[2], &peer[..]].concat()[..]);
        for (opcode, at) in [(0x202C, 11), (0x202B, 17)] {
            let private = rig.ok(port, opcode, &[&[PUBLIC], &peer[..]].concat());
            assert_eq!(complete[at..at + 6], private);
            assert_eq!(private[5] >> 6, 0b01);
        }
    }
    rig.fails(A, 0x202B, &[PUBLIC, 1, 1, 1, 1, 1, 1], 0x02);
}

fn addresses_of(rig: &mut Rig, of: Who) -> Vec<Address> {
    let mut all: Vec<_> = air(rig)
        .into_iter()
        .filter_map(|item| match (item.decoded, of) {
            (Decoded::Advertising(AdvertisingPdu::ConnectInd(request)), Who::Initiator) => {
                Some(request.initiator)
            }
            (Decoded::Advertising(AdvertisingPdu::AdvDirectInd { target, .. }), Who::Target) => {
                Some(target)
            }
            _ => None,
        })
        .collect();
    all.dedup();
    all
}

#[derive(Clone, Copy)]
enum Who {
    Initiator,
    Target,
}

/// LL-PRIV-3: connecting to whichever device of the accept list shows no identity.
pub(super) fn private_initiator_of_the_list() {
    let mut rig = Rig::new(2);
    let [a, b] = acquainted(&mut rig);
    // Addresses of both keys are there before anything was on air.
    for opcode in [0x202B, 0x202C] {
        let private = rig.ok(A, opcode, &[&[PUBLIC], &b[..]].concat());
        assert_eq!(private[5] >> 6, 0b01, "{opcode:04x}");
    }
    advertise_privately(&mut rig, B, &a);
    rig.ok(A, 0x2011, &[&[PUBLIC], &b[..]].concat());
    let mut create = Rig::create(&b);
    (create[4], create[12]) = (1, 2);
    rig.ok(A, 0x200D, &create);
    rig.subevent(A, 0x01);
    let [initiator] = addresses_of(&mut rig, Who::Initiator)[..] else { panic!("one") };
    assert!(initiator.is_resolvable(), "{initiator}");
}

/// LL-PRIV-1, LL-PRIV-2: directed advertising between two that hide, and they connect.
pub(super) fn directed_reconnection() {
    let mut rig = Rig::new(2);
    let [a, b] = acquainted(&mut rig);
    let head = [0x20, 0, 0x20, 0, 4, 2, PUBLIC];
    rig.ok(B, 0x2006, &[&head[..], &a, &[7, 0]].concat());
    rig.ok(B, 0x200A, &[1]);
    let mut create = Rig::create(&b);
    create[12] = 2;
    rig.ok(A, 0x200D, &create);
    assert_eq!(rig.subevent(A, 0x01)[0], 0);
    assert_eq!(rig.subevent(B, 0x01)[0], 0);
    let [target] = addresses_of(&mut rig, Who::Target)[..] else { panic!("one") };
    assert!(target.is_resolvable(), "{target}");
}

/// Who is asked to hide is heard under its identity with device privacy only.
pub(super) fn privacy_mode() {
    let mut rig = Rig::new(2);
    let [_, b] = acquainted(&mut rig);
    rig.advertise(B);
    rig.ok(A, 0x200B, &[0, 0x10, 0, 0x10, 0, PUBLIC, 0]);
    for device in [false, true] {
        rig.ok(A, 0x200C, &[1, 0]);
        rig.fails(A, 0x204E, &[&[PUBLIC], &b[..], &[1]].concat(), 0x0C);
        rig.waiting(A);
        rig.pass(SECOND);
        assert_eq!(!rig.waiting(A).is_empty(), device);
        rig.ok(A, 0x200C, &[0, 0]);
        rig.ok(A, 0x204E, &[&[PUBLIC], &b[..], &[1]].concat());
    }
}

/// Own_Address_Type 3 falls back on the random address; without one, and where no key of the list
/// serves, the command is refused (Vol 4, Part E, 7.8.9, 7.8.11, 7.8.12, 7.8.56, 7.8.65, 7.8.66).
pub(super) fn own_addresses_that_are_not_there() {
    const ENABLE_SET: [u8; 6] = [1, 1, 0, 0, 0, 0];
    let undirected =
        |kind: u8, peer: &[u8]| [&[0x20, 0, 0x20, 0, kind, 3, PUBLIC], peer, &[7, 0]].concat();
    let set = |peer: &[u8]| {
        let head = [0, 1, 0, 0x20, 0, 0, 0x20, 0, 0, 7, 3, PUBLIC];
        [&head[..], peer, &[0, 0, 1, 0, 1, 0, 0]].concat()
    };
    let create = |list: u8, peer: &[u8]| {
        let mut create = Rig::create(peer);
        (create[4], create[12]) = (list, 3);
        create
    };
    let extended = |list: u8, peer: &[u8]| {
        let phy = [0x10, 0, 0x10, 0, 24, 0, 24, 0, 0, 0, 100, 0, 0, 0, 0, 0];
        [&[list, 3, PUBLIC], peer, &[1], &phy].concat()
    };
    let stranger = [9, 9, 9, 9, 9, 9];
    for random in [false, true] {
        // The two families of commands do not go together.
        let rigs = [Rig::new(2), Rig::new(2)].map(|mut rig| {
            let [_, b] = acquainted(&mut rig);
            if random {
                rig.ok(A, 0x2005, &[1, 2, 3, 4, 5, 0xC6]);
            }
            (rig, b)
        });
        let [(mut legacy, b), (mut rig, _)] = rigs;
        let try_one = |rig: &mut Rig, opcode: u16, octets: &[u8], serves: bool| {
            if serves {
                rig.ok(A, opcode, octets);
            } else {
                rig.fails(A, opcode, octets, 0x12);
            }
        };
        for (peer, known) in [(&stranger[..], false), (&b[..], true)] {
            legacy.ok(A, 0x2006, &undirected(0, peer));
            try_one(&mut legacy, 0x200A, &[1], random || known);
            legacy.ok(A, 0x200A, &[0]);
            try_one(&mut legacy, 0x200D, &create(0, peer), random || known);
            if random || known {
                legacy.ok(A, 0x200E, &[]);
            }
            rig.ok(A, 0x2036, &set(peer));
            if random {
                rig.ok(A, 0x2035, &[0, 1, 2, 3, 4, 5, 0xC6]);
            }
            try_one(&mut rig, 0x2039, &ENABLE_SET, random || known);
            rig.ok(A, 0x2039, &[0, 0]);
            rig.ok(A, 0x203D, &[]);
            try_one(&mut rig, 0x2043, &extended(0, peer), random || known);
            if random || known {
                rig.ok(A, 0x200E, &[]);
            }
        }
        // The devices that a scanner asks, or that pass the accept list, are not known before.
        legacy.ok(A, 0x200B, &[0, 0x10, 0, 0x10, 0, 3, 0]);
        try_one(&mut legacy, 0x200C, &[1, 0], random);
        legacy.ok(A, 0x200C, &[0, 0]);
        try_one(&mut legacy, 0x200D, &create(1, &b), random);
        rig.ok(A, 0x2041, &[3, 0, 1, 0, 0x40, 0, 0x40, 0]);
        try_one(&mut rig, 0x2042, &[1, 0, 0, 0, 0, 0], random);
        rig.ok(A, 0x2042, &[0, 0, 0, 0, 0, 0]);
        try_one(&mut rig, 0x2043, &extended(1, &b), random);
    }
}

/// How the two meet: which commands they use, and what A does.
#[derive(Clone, Copy, Debug)]
enum Role {
    Scans,
    Initiates,
    IsScanned,
    IsCalled,
}

/// Network privacy holds in every role, with both families of commands, whether addresses are
/// resolved or not (Vol 6, Part B, 6.2 to 6.5); device privacy lets the identity through.
pub(super) fn network_privacy() {
    use Role::{Initiates, IsCalled, IsScanned, Scans};
    for (role, extended, resolves, device) in [Scans, Initiates, IsScanned, IsCalled]
        .into_iter()
        .flat_map(|role| [false, true].map(|extended| (role, extended)))
        .flat_map(|(role, extended)| [false, true].map(|on| (role, extended, on)))
        .flat_map(|(role, extended, on)| [false, true].map(|device| (role, extended, on, device)))
    {
        let mut rig = Rig::new(2);
        let b = rig.address(B);
        rig.ok(A, 0x2027, &[&[PUBLIC], &b[..], &IRK_B, &IRK_A].concat());
        rig.ok(A, 0x202D, &[u8::from(resolves)]);
        rig.ok(A, 0x204E, &[&[PUBLIC], &b[..], &[u8::from(device)]].concat());
        let met = meets(&mut rig, role, extended);
        assert_eq!(met, device, "{role:?}, extended {extended}, resolves {resolves}");
    }
}

/// Whether A and B, who shows its identity, have to do with each other within three seconds.
fn meets(rig: &mut Rig, role: Role, extended: bool) -> bool {
    let (advertiser, other) = match role {
        Role::Scans | Role::Initiates => (B, A),
        Role::IsScanned | Role::IsCalled => (A, B),
    };
    let scans = matches!(role, Role::Scans | Role::IsScanned);
    let peer = rig.address(advertiser);
    if extended {
        let properties = if scans { 2 } else { 1 };
        let head = [0, properties, 0, 0x20, 0, 0, 0x20, 0, 0, 7, 0, PUBLIC];
        rig.ok(advertiser, 0x2036, &[&head[..], &[0; 6], &[0, 0, 1, 0, 1, 0, 0]].concat());
        if scans {
            rig.ok(advertiser, 0x2038, &[0, 3, 0, 1, 0x5A]);
        }
        rig.ok(advertiser, 0x2039, &[1, 1, 0, 0, 0, 0]);
    } else {
        rig.advertise(advertiser);
    }
    match (scans, extended) {
        (true, true) => {
            rig.ok(other, 0x2041, &[PUBLIC, 0, 1, 1, 0x40, 0, 0x40, 0]);
            rig.ok(other, 0x2042, &[1, 0, 0, 0, 0, 0]);
        }
        (true, false) => {
            rig.ok(other, 0x200B, &[1, 0x40, 0, 0x40, 0, PUBLIC, 0]);
            rig.ok(other, 0x200C, &[1, 0]);
        }
        (false, true) => {
            let phy = [0x10, 0, 0x10, 0, 24, 0, 24, 0, 0, 0, 100, 0, 0, 0, 0, 0];
            rig.ok(other, 0x2043, &[&[0, 0, PUBLIC], &peer[..], &[1], &phy].concat());
        }
        (false, false) => {
            rig.ok(other, 0x200D, &Rig::create(&peer));
        }
    }
    rig.pass(SECOND.times(3));
    // A scan response, a report at all, or a connection: an initiator has one until it is alone.
    let packets = rig.waiting(if matches!(role, Role::IsCalled) { A } else { other });
    packets.iter().any(|packet| match (packet.as_slice(), role) {
        ([4, 0x3E, _, 0x02, _, kind, ..], Role::IsScanned) => *kind == 4,
        ([4, 0x3E, _, 0x0D, _, kind, ..], Role::IsScanned) => kind & 8 != 0,
        ([4, 0x3E, _, 0x02 | 0x0D, ..], Role::Scans) => true,
        ([4, 0x3E, _, 0x01 | 0x0A, 0, ..], Role::Initiates | Role::IsCalled) => true,
        _ => false,
    })
}
