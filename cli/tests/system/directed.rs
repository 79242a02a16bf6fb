//! Reconnection by directed advertising, and private addresses of a central that change: who is
//! known, who is called, and who stays outside.

use std::collections::BTreeSet;

use ble::address::Address;
use ble::crypto::address::resolves;
use ble::pdu::advertising::AdvertisingPdu;
use ble::time::{Duration, Instant};
use bletwin_models::central::Central;
use bletwin_models::host::{Status, Step, Target};
use bletwin_scenarios::catalogue;
use bletwin_scenarios::participant::Participant;
use bletwin_scenarios::stage::{Finished, Stage};
use bletwin_setup::Setup;
use bletwin_sim::node::{Act, NodeId};
use bletwin_sim::record::Record;
use bletwin_sim::sniffer::{Decoded, sniff};
use bletwin_sim::world::{Placement, World, WorldConfig};

/// A central that hides, and knows when it is called.
const HIDES: [&str; 2] = ["central.address-type=resolvable", "central.address-resolution=true"];

fn reconnect(peripheral: &str, central: &str, set: &[&str]) -> Finished {
    let mut setup = Setup::new(peripheral, central, 1).expect("known names");
    set.iter().for_each(|assignment| setup.set(assignment).expect("a known key"));
    Stage::new(catalogue::by_name("reconnect").expect("known"), &setup).play()
}

/// The advertisements that were answered by CONNECT_IND, and who answered.
fn answered(records: &[Record]) -> Vec<(AdvertisingPdu, Address)> {
    let mut heard = None;
    let mut found = Vec::new();
    for item in sniff(records) {
        match item.decoded {
            Decoded::Advertising(AdvertisingPdu::ConnectInd(request)) => {
                found.extend(heard.take().map(|pdu| (pdu, request.initiator)));
            }
            Decoded::Advertising(
                pdu @ (AdvertisingPdu::AdvInd { .. } | AdvertisingPdu::AdvDirectInd { .. }),
            ) => heard = Some(pdu),
            _ => {}
        }
    }
    found
}

/// Advertiser and target when the bonded central reconnected; `None`: undirected.
fn call(run: &Finished) -> Option<(Address, Address)> {
    match answered(&run.records).get(1).expect("it came back").0 {
        AdvertisingPdu::AdvDirectInd { advertiser, target, .. } => Some((advertiser, target)),
        _ => None,
    }
}

fn is_good(run: &Finished, what: &str) {
    assert!(run.passed() && run.summary.findings.is_empty(), "{what}: {:?}", run.summary);
}

/// With and without private addresses on either side; both kinds of directed advertising.
#[test]
fn a_bonded_central_reconnects_by_directed_advertising() {
    for how in ["directed-high", "directed-low"] {
        let how = format!("reconnect-advertising={how}");
        for (set, hides, called_privately) in [
            (&[][..], false, false),
            (&HIDES[..], false, true),
            (&["rpa-timeout=900"][..], true, false),
            (&[HIDES[0], HIDES[1], "rpa-timeout=900"], true, true),
        ] {
            let set = [&[how.as_str()], set].concat();
            let run = reconnect("recommended", "honest", &set);
            is_good(&run, &format!("{set:?}"));
            let (advertiser, target) = call(&run).unwrap_or_else(|| panic!("{set:?}: no call"));
            let private = (advertiser.is_resolvable(), target.is_resolvable());
            assert_eq!(private, (hides, called_privately), "{set:?}");
            let requests = answered(&run.records);
            assert_eq!(requests[1].1 == target, !called_privately, "{set:?}: {requests:?}");
        }
    }
}

/// GAP-CAR-1: who is called by a private address.
#[test]
fn who_does_not_resolve_calls_is_not_called_by_a_private_address() {
    let set = ["reconnect-advertising=directed-low", HIDES[0]];
    let run = reconnect("recommended", "honest", &set);
    is_good(&run, "undirected");
    assert_eq!(call(&run), None);
    let ladder = bletwin_explain::report::ladder(&run);
    let refused = "ATT Error Response to Read By Type Request, handle 0x0001, 0x0a";
    assert!(ladder.contains(refused), "{ladder}");
}

fn central(set: &[&str], connections: u32, reconnect_s: u64) -> Central {
    let mut setup = Setup::new("recommended", "phone", 3).expect("known names");
    set.iter().for_each(|assignment| setup.set(assignment).expect("a known key"));
    let mut central = setup.central;
    central.host.target = Target::Name("Nordic_LBS".into());
    let stay = Step::Stay(Duration::from_ms(500));
    central.host.steps = vec![Step::Discover, Step::Secure, stay, Step::Disconnect];
    central.host.reconnect = Some(Duration::from_secs(reconnect_s));
    central.host.max_connections = connections;
    Central::new(central)
}

/// A peripheral of this configuration, and these centrals, one after the other every 20 s.
struct Meeting {
    world: World<Participant>,
    centrals: Vec<NodeId>,
}

impl Meeting {
    fn new(set: &[&str]) -> Self {
        let mut setup = Setup::new("recommended", "phone", 3).expect("known names");
        let just_works = ["io=none", "required-level=2"];
        for assignment in just_works.iter().chain(set) {
            setup.set(assignment).expect("a known key");
        }
        let config = WorldConfig { seed: 3, recording: true, ..WorldConfig::default() };
        let mut world = World::new(config);
        let node = bletwin_firmware_node::PeripheralNode::new(
            setup.peripheral,
            bletwin_firmware_node::CpuConfig::default(),
        );
        let peripheral = Participant::Peripheral(Box::new(node));
        let peripheral = world.add("peripheral", peripheral, Placement::default());
        world.act(peripheral, Instant::ZERO + Duration::from_ms(50), Act::press("pairing"));
        Self { world, centrals: Vec::new() }
    }

    fn joined_by(&mut self, central: Central) {
        let central = Participant::Central(Box::new(central));
        self.centrals.push(self.world.add("central", central, Placement::default()));
    }

    fn until(&mut self, seconds: u64) {
        self.world.run_until(Instant::ZERO + Duration::from_secs(seconds));
    }

    fn status(&self, at: usize) -> &Status {
        match self.world.node(self.centrals[at]) {
            Participant::Central(central) => central.host().expect("it is on").status(),
            _ => panic!("a central"),
        }
    }

    fn initiators(&self) -> Vec<Address> {
        answered(self.world.records()).into_iter().map(|(_, initiator)| initiator).collect()
    }
}

/// LL-PRIV-2: only the target may answer. A stranger that looks for the same name gets no answer
/// during directed advertising, and is kept out by the accept list afterwards.
#[test]
fn a_stranger_does_not_answer_a_call() {
    for hides in [&[][..], &HIDES[..]] {
        let mut meeting = Meeting::new(&["reconnect-advertising=directed-low"]);
        meeting.joined_by(central(hides, 1, 600));
        meeting.until(20);
        assert!(meeting.status(0).bonded && meeting.status(0).connections == 1);
        let another = ["central.address-type=public", "central.address=00:00:5E:00:53:99"];
        meeting.joined_by(central(&another, 3, 1));
        // It finds the name afterwards, and the accept list refuses it.
        for (seconds, asked) in [(30, 1), (60, 2)] {
            meeting.until(seconds);
            let initiators: BTreeSet<_> =
                meeting.initiators().iter().map(|address| address.octets).collect();
            assert_eq!(initiators.len(), asked, "{hides:?}: after {seconds} s");
        }
        assert!(!meeting.status(1).bonded && meeting.status(1).attempts == 0, "{hides:?}");
        let calls = sniff(meeting.world.records()).into_iter().filter(|item| {
            matches!(item.decoded, Decoded::Advertising(AdvertisingPdu::AdvDirectInd { .. }))
        });
        assert!(calls.count() > 300, "{hides:?}: it was called for half a minute");
    }
}

/// GAP-RPA-2: private addresses change. A bonded central is known all the same; the record of
/// what is on air has another address in each connection.
#[test]
fn a_central_that_has_changed_its_address_is_known_by_its_bond() {
    let mut meeting = Meeting::new(&[]);
    let hides = ["central.address-type=resolvable", "central.rpa-timeout-ms=20000"];
    meeting.joined_by(central(&hides, 4, 30));
    meeting.until(200);
    let status = meeting.status(0);
    assert_eq!((status.connections, status.attempts, status.bonded), (4, 1, true), "{status:?}");
    let initiators = meeting.initiators();
    let different: BTreeSet<_> = initiators.iter().map(|address| address.octets).collect();
    assert_eq!((initiators.len(), different.len()), (4, 4), "{initiators:?}");
    let Participant::Peripheral(node) = meeting.world.node(NodeId(0)) else { panic!("first") };
    let bond = node.device().expect("it is on").bonds().next().expect("a bond").clone();
    let irk = bond.irk.expect("it hides");
    assert!(initiators.iter().all(|address| resolves(&irk, *address)), "{initiators:?}");
    // It stays as it is for as long as it may.
    let mut meeting = Meeting::new(&[]);
    meeting.joined_by(central(&["central.address-type=resolvable"], 4, 30));
    meeting.until(200);
    let different: BTreeSet<_> = meeting.initiators().iter().map(|a| a.octets).collect();
    assert_eq!((meeting.status(0).connections, different.len()), (4, 1));
}

/// The accept list of a bonded peripheral holds identities: a central that has changed its address
/// may connect, and a stranger may not: its CONNECT_IND is not answered.
#[test]
fn the_accept_list_knows_a_central_that_has_changed_its_address() {
    let mut meeting = Meeting::new(&["accept=bonded-only"]);
    let hides = ["central.address-type=resolvable", "central.rpa-timeout-ms=20000"];
    meeting.joined_by(central(&hides, 4, 30));
    meeting.until(20);
    assert!(meeting.status(0).bonded && meeting.status(0).connections == 1);
    let another = ["central.address-type=public", "central.address=00:00:5E:00:53:99"];
    meeting.joined_by(central(&another, 3, 1));
    meeting.until(200);
    let (owner, stranger) = (meeting.status(0), meeting.status(1));
    assert_eq!((owner.connections, owner.attempts), (4, 1), "{owner:?}");
    assert_eq!((stranger.attempts, stranger.bonded), (0, false), "{stranger:?}");
    let public = Address::public([0, 0, 0x5E, 0, 0x53, 0x99]);
    let initiators = meeting.initiators();
    let strange = initiators.iter().filter(|address| **address == public).count();
    let different: BTreeSet<_> = initiators.iter().map(|address| address.octets).collect();
    assert!(strange > 1 && different.len() == 5, "{initiators:?}");
}
