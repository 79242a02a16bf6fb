//! A peripheral that hides: what is on air of it for a day, and what a linker makes of that.
//!
//! What may link two addresses is what the user has put into advertising data: the name and the
//! service. All else is new with each address.

mod linker;

use std::collections::{BTreeMap, BTreeSet};

use ble::effect::Completion;
use ble::pdu::advertising::AdvertisingPdu;
use ble::time::{Duration, Instant};
use bletwin_firmware_node::{Build, CpuConfig, PeripheralNode};
use bletwin_models::central::Central;
use bletwin_models::host::{Step, Target};
use bletwin_scenarios::participant::Participant;
use bletwin_setup::{Setup, preset};
use bletwin_sim::node::{Act, NodeId};
use bletwin_sim::record::Record;
use bletwin_sim::sniffer::{AirItem, Decoded, sniff};
use bletwin_sim::world::{Placement, World, WorldConfig};

/// Where the firmware keeps its Identity Resolving Key.
const IRK_SLOT: u8 = 15;

/// Firmware that hides behind addresses that live for so long.
fn hidden(timeout_s: u16, interval: u16) -> Build {
    let mut build = preset("recommended").expect("known");
    build.config.rpa_timeout_s = Some(timeout_s);
    build.config.advertising_interval = interval;
    build.config.io = ble::security::IoCapability::NoInputNoOutput;
    build.config.required_level = 2;
    build
}

fn world(seed: u64) -> World<Participant> {
    World::new(WorldConfig { seed, recording: true, ..WorldConfig::default() })
}

fn add(world: &mut World<Participant>, name: &str, build: Build) -> NodeId {
    let node = PeripheralNode::new(build, CpuConfig::default());
    world.add(name, Participant::Peripheral(Box::new(node)), Placement::default())
}

fn irk_of(world: &World<Participant>, node: NodeId) -> [u8; 16] {
    let Participant::Peripheral(node) = world.node(node) else { panic!("a peripheral") };
    let irk = node.storage().load().find_map(|stored| match stored {
        Completion::Loaded { slot: IRK_SLOT, record } => record.expose().try_into().ok(),
        _ => None,
    });
    irk.expect("it has a key")
}

/// The advertiser's address in an advertising PDU of the peripheral.
fn advertiser(item: &AirItem) -> Option<[u8; 6]> {
    match &item.decoded {
        Decoded::Advertising(
            AdvertisingPdu::AdvInd { advertiser, .. } | AdvertisingPdu::ScanRsp { advertiser, .. },
        ) => Some(advertiser.octets),
        _ => None,
    }
}

/// A phone that reconnects ten times in this many hours.
fn day(hours: u64, timeout_s: u16) -> (Vec<Record>, [u8; 6], [u8; 16]) {
    let build = hidden(timeout_s, 1_600);
    let identity = build.config.address.octets;
    let mut world = world(7);
    let peripheral = add(&mut world, "peripheral", build);
    let mut central = Setup::new("recommended", "phone", 7).expect("known names").central;
    central.host.target = Target::Name("Nordic_LBS".into());
    central.host.steps =
        vec![Step::Discover, Step::Secure, Step::Stay(Duration::from_ms(500)), Step::Disconnect];
    central.host.reconnect = Some(Duration::from_secs(hours * 3_600 / 12));
    central.host.max_connections = 11;
    let central = Participant::Central(Box::new(Central::new(central)));
    let central = world.add("central", central, Placement::default());
    world.act(peripheral, Instant::ZERO + Duration::from_ms(50), Act::press("pairing"));
    world.run_until(Instant::ZERO + Duration::from_secs(hours * 3_600));
    let Participant::Central(phone) = world.node(central) else { panic!("a central") };
    let status = phone.host().expect("it is on").status();
    assert_eq!((status.connections, status.attempts), (11, 1), "bonded once, known ten times");
    assert!(status.bonded);
    let irk = irk_of(&world, peripheral);
    (world.records().to_vec(), identity, irk)
}

/// Octets in both orders.
fn both(octets: &[u8]) -> [Vec<u8>; 2] {
    [octets.to_vec(), octets.iter().rev().copied().collect()]
}

fn nothing_gives_it_away(hours: u64, timeout_s: u16) {
    let (records, identity, irk) = day(hours, timeout_s);
    let secrets = [both(&identity), both(&irk)].concat();
    let mut lives: BTreeMap<[u8; 6], (Instant, Instant)> = BTreeMap::new();
    let mut order: Vec<[u8; 6]> = Vec::new();
    for item in sniff(&records) {
        for secret in &secrets {
            let shown = item.payload.windows(secret.len()).any(|part| part == secret);
            assert!(!shown || item.decrypted == Some(true), "{:?}", item.decoded);
        }
        let Some(address) = advertiser(&item) else { continue };
        let life = lives.entry(address).or_insert((item.at, item.end));
        life.1 = item.end;
        if order.last() != Some(&address) {
            order.push(address);
        }
    }
    let distinct: BTreeSet<_> = order.iter().collect();
    assert_eq!(distinct.len(), order.len(), "an address has returned");
    let least = hours * 3_600 / u64::from(timeout_s);
    assert!(order.len() as u64 >= least, "{} addresses", order.len());
    let at_most = Duration::from_secs(timeout_s.into());
    for (address, (first, last)) in &lives {
        assert!(last.since(*first) <= at_most, "{address:02X?} lives {:?}", last.since(*first));
    }
}

/// Who hides knows its bonded central, which hides as well, by its identity: that one comes back
/// under a private address and is let in, and a stranger is not.
#[test]
fn two_that_hide_know_each_other() {
    let mut build = hidden(30, 160);
    build.config.accept = firmware_core::config::Accept::BondedOnly;
    let mut world = world(3);
    let peripheral = add(&mut world, "peripheral", build);
    let central = |address: &str, connections: u32, reconnect: u64| {
        let mut setup = Setup::new("recommended", "phone", 3).expect("known names");
        setup.set(address).expect("a known key");
        let mut central = setup.central;
        central.host.target = Target::Name("Nordic_LBS".into());
        let stay = Step::Stay(Duration::from_ms(500));
        central.host.steps = vec![Step::Discover, Step::Secure, stay, Step::Disconnect];
        central.host.reconnect = Some(Duration::from_secs(reconnect));
        central.host.max_connections = connections;
        Participant::Central(Box::new(Central::new(central)))
    };
    let known = central("central.address-type=resolvable", 4, 40);
    let known = world.add("known", known, Placement::default());
    world.act(peripheral, Instant::ZERO + Duration::from_ms(50), Act::press("pairing"));
    world.run_until(Instant::ZERO + Duration::from_secs(20));
    let stranger = central("central.address=00:00:5E:00:53:99", 1, 5);
    let stranger = world.add("stranger", stranger, Placement::default());
    world.run_until(Instant::ZERO + Duration::from_secs(200));
    let status = |world: &World<Participant>, node| match world.node(node) {
        Participant::Central(central) => central.host().expect("it is on").status().clone(),
        _ => panic!("a central"),
    };
    // A CONNECT_IND that has just left counts until six intervals have passed without an answer.
    let over = world.now() + Duration::from_secs(1);
    while status(&world, stranger).connections > 0 && world.now() < over {
        world.step();
    }
    let (known, stranger) = (status(&world, known), status(&world, stranger));
    assert!(known.bonded && (known.connections, known.attempts) == (4, 1), "{known:?}");
    assert_eq!((stranger.connections, stranger.bonded), (0, false), "{stranger:?}");
    // What is in the list is the identity, and what is on air is not.
    let items = sniff(world.records());
    let asked = |item: &AirItem| match &item.decoded {
        Decoded::Advertising(AdvertisingPdu::ConnectInd(request)) => {
            Some([request.initiator.octets, request.advertiser.octets])
        }
        _ => None,
    };
    // The stranger's address is a static one.
    let private = |octets: &[u8; 6]| octets[5] >> 6 == 0b01;
    let of_known = |[initiator, _]: &[[u8; 6]; 2]| private(initiator);
    let requests: Vec<_> = items.iter().filter_map(asked).filter(of_known).collect();
    assert_eq!(requests.len(), 4, "{requests:02X?}");
    assert!(requests.iter().flatten().all(private), "{requests:02X?}");
    let shown: BTreeSet<_> = requests.iter().map(|[_, advertiser]| advertiser).collect();
    assert!(shown.len() >= 4, "{shown:02X?}");
}

/// No identity address and no key in the clear, no address beyond its time, none twice.
#[test]
fn nothing_gives_a_hidden_peripheral_away() {
    match crate::one_in(2) == 1 {
        true => nothing_gives_it_away(24, 900),
        false => nothing_gives_it_away(2, 300),
    }
}
