//! An owner and a stranger over the air: a device without display or keyboard, its owner, who has
//! bonded with it, and a stranger, who wants access or wants the owner out.

use ble::address::Address;
use ble::error::ErrorCode;
use ble::log::{Line, Log};
use ble::pdu::control::Opcode;
use ble::security::IoCapability;
use ble::time::{Duration, Instant};
use bletwin_models::central::Central;
use bletwin_models::host::{OwnAddress, PairingError, Step};
use bletwin_models::profile::Profile;
use bletwin_scenarios::catalogue;
use bletwin_scenarios::participant::Participant;
use bletwin_scenarios::stage::Stage;
use bletwin_setup::Setup;
use bletwin_sim::node::{Act, NodeId};
use bletwin_sim::record::{Note, Record, RecordKind};
use bletwin_sim::sniffer::{AirItem, Decoded, sniff};
use bletwin_sim::world::Placement;
use firmware_core::config::{Accept, BondOverwrite, BondTableFull, Config, PairingOutsideMode};
use firmware_core::host::bonds::Bond;

mod strangers;

const OWNER: [u8; 6] = [0x00, 0x00, 0x5E, 0x00, 0x53, 0x01];
const STRANGER: [u8; 6] = [0x0B, 0xAD, 0x0B, 0xAD, 0x0B, 0xAD];

/// A lamp: Just Works, level 2.
fn lamp() -> Config {
    Config {
        io: IoCapability::NoInputNoOutput,
        required_level: 2,
        accept: Accept::Anyone,
        ..Config::recommended()
    }
}

/// A phone at this address that switches the lamp on and disconnects.
fn phone(address: [u8; 6]) -> Profile {
    let mut profile = Profile::honest();
    profile.controller.public_address = Address::public(address).octets;
    let host = &mut profile.host;
    host.address = OwnAddress::Public;
    host.connect_timeout = Duration::from_secs(600);
    host.steps.retain(|step| !matches!(step, Step::Stay(_)));
    host.steps.push(Step::Stay(Duration::from_secs(1)));
    host.steps.push(Step::Disconnect);
    host.max_connections = 100;
    profile
}

/// An uninvited central, which connects on request.
fn stranger(address: [u8; 6], change: impl FnOnce(&mut Profile)) -> Profile {
    let mut profile = phone(address);
    profile.host.autostart = false;
    change(&mut profile);
    profile
}

struct Room {
    stage: Stage,
    stranger: NodeId,
}

impl Room {
    /// The owner has bonded and gone; the stranger is there.
    fn new(config: Config, stranger: Profile) -> Self {
        Self::after(8, config, phone(OWNER), stranger)
    }

    /// The same after this many seconds.
    fn after(seconds: u64, config: Config, owner: Profile, stranger: Profile) -> Self {
        let mut setup = Setup::new("recommended", "honest", 1).expect("known names");
        setup.peripheral.config = config;
        setup.central = owner;
        let mut stage = Stage::new(catalogue::by_name("pairing").expect("known"), &setup);
        let central = Participant::Central(Box::new(Central::new(stranger)));
        let stranger = stage.world.add("stranger", central, Placement::default());
        let mut room = Self { stage, stranger };
        room.pass(seconds);
        assert_eq!(room.identities(), [Address::public(OWNER)]);
        assert_eq!(room.connections(room.stage.central), 1);
        room
    }

    fn now(&self) -> Instant {
        self.stage.world.now()
    }

    fn pass(&mut self, seconds: u64) {
        let until = self.now() + Duration::from_secs(seconds);
        self.stage.world.run_until(until);
    }

    fn press(&mut self, button: &str) {
        let (now, act) = (self.now(), Act::press(button));
        self.stage.world.act(self.stage.peripheral, now, act);
    }

    fn come(&mut self, central: NodeId) {
        let now = self.now();
        self.stage.world.act(central, now, Act::Ask("connect".into()));
        self.pass(10);
    }

    fn bonds(&self) -> Vec<Bond> {
        match self.stage.world.node(self.stage.peripheral) {
            Participant::Peripheral(node) => {
                node.device().map(|d| d.bonds().cloned().collect()).unwrap_or_default()
            }
            _ => panic!("the peripheral is the peripheral"),
        }
    }

    fn identities(&self) -> Vec<Address> {
        self.bonds().iter().map(|bond| bond.identity).collect()
    }

    fn host<T>(&self, central: NodeId, ask: impl Fn(&bletwin_models::host::Status) -> T) -> T {
        match self.stage.world.node(central) {
            Participant::Central(node) => ask(node.host().expect("switched on").status()),
            _ => panic!("a central"),
        }
    }

    fn connections(&self, central: NodeId) -> u32 {
        self.host(central, |status| status.connections)
    }

    fn pairing(&self) -> Option<Result<u8, PairingError>> {
        self.host(self.stranger, |status| status.pairing)
    }

    fn lines(&self, from: Instant) -> Vec<Line> {
        let mine = |r: &&Record| r.node == self.stage.peripheral && r.at >= from;
        let line = |r: &Record| match &r.kind {
            RecordKind::Note(Note::Log(Log { line, .. })) => Some(line.clone()),
            _ => None,
        };
        self.stage.world.records().iter().filter(mine).filter_map(line).collect()
    }

    /// Reasons of LL_TERMINATE_IND from the peripheral since then.
    fn left(&self, from: Instant) -> Vec<u8> {
        let mine = |item: &&AirItem| item.from == self.stage.peripheral && item.at >= from;
        let reason = |item: &AirItem| match &item.decoded {
            Decoded::Control(pdu) if pdu.opcode() == Opcode::TERMINATE_IND => {
                pdu.encode().get(1).copied()
            }
            _ => None,
        };
        let mut reasons: Vec<u8> =
            sniff(self.stage.world.records()).iter().filter(mine).filter_map(reason).collect();
        reasons.dedup();
        reasons
    }

    /// The owner comes back, encrypts with the stored key and switches the lamp on.
    fn owner_returns(&mut self) {
        let (from, before) = (self.now(), self.connections(self.stage.central));
        self.come(self.stage.central);
        assert_eq!(self.connections(self.stage.central), before + 1);
        let secured = |line: &Line| matches!(line, Line::SecurityChanged { level: 2.., .. });
        let lines = self.lines(from);
        assert!(lines.iter().any(secured), "{lines:?}");
        let user = ErrorCode::LOCAL_HOST_TERMINATED;
        assert_eq!(self.host(self.stage.central, |status| status.disconnected), Some(user));
    }
}

#[test]
fn without_the_button_a_stranger_gets_nothing() {
    let mut room = Room::new(lamp(), stranger(STRANGER, |_| {}));
    let from = room.now();
    room.come(room.stranger);
    assert_eq!(room.pairing(), Some(Err(PairingError::Peer(0x05))));
    assert_eq!(room.identities(), [Address::public(OWNER)]);
    let secured = |line: &Line| matches!(line, Line::SecurityChanged { .. });
    assert!(!room.lines(from).iter().any(secured));
    room.owner_returns();
}

#[test]
fn without_bonding_a_stranger_gets_a_connection_and_leaves_no_trace() {
    let outside = Some(PairingOutsideMode::WithoutBonding);
    let config = Config { pairing_outside_mode: outside, ..lamp() };
    let mut room = Room::new(config, stranger(STRANGER, |_| {}));
    room.come(room.stranger);
    assert_eq!(room.pairing(), Some(Ok(2)));
    assert_eq!(room.identities(), [Address::public(OWNER)]);
    room.owner_returns();
}

#[test]
fn a_stranger_who_names_the_owners_identity_is_left() {
    let thief = stranger(STRANGER, |p| p.host.claims = Some(Address::public(OWNER)));
    let mut room = Room::new(lamp(), thief);
    let (from, bonds) = (room.now(), room.bonds());
    room.press("pairing");
    room.come(room.stranger);
    assert_eq!(room.left(from), [0x05]);
    assert_eq!(room.bonds(), bonds);
    let refused = |line: &Line| matches!(line, Line::BondRefused { .. });
    assert!(room.lines(from).iter().any(refused));
    room.owner_returns();
}

/// With and without the accept list, which the address on air passes.
#[test]
fn a_stranger_at_the_owners_address_is_refused() {
    for accept in [Accept::Anyone, Accept::BondedOnly] {
        for (pressed, reason) in [(false, 0x05), (true, 0x03)] {
            let mut room = Room::new(Config { accept, ..lamp() }, stranger(OWNER, |_| {}));
            let bonds = room.bonds();
            if pressed {
                room.press("pairing");
            }
            room.come(room.stranger);
            assert_eq!(room.pairing(), Some(Err(PairingError::Peer(reason))), "{accept:?}");
            assert_eq!(room.bonds(), bonds);
            room.owner_returns();
        }
    }
}

#[test]
fn a_short_key_replaces_no_long_one() {
    let overwrite = BondOverwrite::Unauthenticated;
    let short = stranger(STRANGER, |p| {
        p.host.claims = Some(Address::public(OWNER));
        p.host.pairing.max_key_size = 7;
    });
    let mut room = Room::new(Config { bond_overwrite: overwrite, ..lamp() }, short);
    let (from, bonds) = (room.now(), room.bonds());
    room.press("pairing");
    room.come(room.stranger);
    assert_eq!((room.left(from), room.bonds()), (vec![0x05], bonds));
    room.owner_returns();
}

/// What "trusted" means: with Just Works a device cannot know which central pairs in pairing mode.
#[test]
fn whoever_pairs_in_pairing_mode_is_trusted_where_bonds_may_be_overwritten() {
    let overwrite = BondOverwrite::Unauthenticated;
    let thief = stranger(STRANGER, |p| p.host.claims = Some(Address::public(OWNER)));
    let mut room = Room::new(Config { bond_overwrite: overwrite, ..lamp() }, thief);
    let bonds = room.bonds();
    room.press("pairing");
    room.come(room.stranger);
    assert_eq!(room.identities(), [Address::public(OWNER)]);
    assert_ne!(room.bonds()[0].ltk, bonds[0].ltk);
}

/// Three strangers fill the table, each invited; what is asked of the fourth is the owner's place.
#[test]
fn a_full_table_says_so_or_makes_room() {
    for full in [BondTableFull::Refuse, BondTableFull::ReplaceOldest] {
        let mut room =
            Room::new(Config { bond_table_full: full, ..lamp() }, stranger(STRANGER, |_| {}));
        let mut guests = vec![room.stranger];
        for n in 0..4 {
            let profile = stranger([0x02, 0, 0, 0, 0, n], |_| {});
            let central = Participant::Central(Box::new(Central::new(profile)));
            guests.push(room.stage.world.add("guest", central, Placement::default()));
        }
        let from = room.now();
        for guest in guests {
            room.press("pairing");
            room.come(guest);
        }
        let (identities, lines) = (room.identities(), room.lines(from));
        assert_eq!(identities.len(), 5);
        let kept = identities.contains(&Address::public(OWNER));
        let says_so = |line: &Line| matches!(line, Line::BondTableFull { bonds: 5, .. });
        assert_eq!(lines.iter().any(says_so), full == BondTableFull::Refuse, "{lines:?}");
        assert_eq!(kept, full == BondTableFull::Refuse);
        let dropped = Line::OldestBondDropped { peer: Address::public(OWNER) };
        assert_eq!(lines.contains(&dropped), full == BondTableFull::ReplaceOldest);
    }
}
