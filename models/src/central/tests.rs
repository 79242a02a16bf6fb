//! A central, a person and the tests' own peripheral above `firmware-core`'s link layer, on air.

use std::collections::VecDeque;

use ble::hci::{Acl, AdvertisingParameters, AdvertisingType, Command, Event, FilterPolicy, Handle};
use ble::ui::Ui;
use bletwin_sim::node::NodeId;
use bletwin_sim::record::RecordKind;
use bletwin_sim::world::{Placement, World, WorldConfig};
use firmware_core::control::ControlConfig;
use firmware_core::controller::{Controller, ControllerOutput as LampOutput};
use firmware_core::link::LinkConfig;

use super::*;
use crate::host::peer::{CENTRAL, PERIPHERAL, Peer};
use crate::user::{User, UserConfig};

#[derive(Clone, PartialEq, Eq, Hash, Default)]
struct Lamp {
    controller: Option<Controller<1>>,
    peer: Peer,
    handle: Option<Handle>,
    queue: VecDeque<Acl>,
    room: u16,
}

impl Lamp {
    fn boot(&mut self, now: Instant, entropy: [u8; 32]) {
        let link = LinkConfig { sleep_clock_ppm: 50, csa2: true };
        let control = ControlConfig {
            public_address: [1; 6],
            features: ControlConfig::SUPPORTED,
            version: ble::pdu::control::VersionInd { version: 13, company: 0xFFFF, subversion: 0 },
            max_tx_octets: 251,
            max_tx_time: 2120,
            min_used_channels: None,
            length_from_default: false,
            lapses: Default::default(),
        };
        self.room = 2;
        self.controller = Some(Controller::new(link, control, &Entropy::new(entropy)));
        let parameters = AdvertisingParameters {
            interval_min: 160,
            interval_max: 160,
            kind: AdvertisingType::ConnectableUndirected,
            own_address_random: true,
            peer: CENTRAL,
            channel_map: 7,
            filter: FilterPolicy::Any,
        };
        let data = [&[2, 1, 6, 11, 9][..], b"Nordic_LBS"].concat().into_iter().collect();
        for command in [
            Command::Reset,
            Command::SetEventMask { mask: u64::MAX },
            Command::LeSetEventMask { mask: u64::MAX },
            Command::LeSetRandomAddress { address: PERIPHERAL.octets },
            Command::LeSetAdvertisingParameters { parameters },
            Command::LeSetAdvertisingData { data },
            Command::LeSetAdvertisingEnable { enable: true },
        ] {
            self.command(now, command);
        }
    }

    fn command(&mut self, now: Instant, command: Command) {
        let _work = self.controller.as_mut().unwrap().command(now, command);
    }

    fn send(&mut self, cid: u16, payload: &[u8]) {
        self.queue.extend(crate::host::peer::fragments(self.handle.unwrap(), cid, payload));
    }

    fn event(&mut self, now: Instant, event: Event) {
        match event {
            Event::DisconnectionComplete { .. } => {
                self.peer.encrypted = false;
                self.queue.clear();
                self.room = 2;
                self.command(now, Command::LeSetAdvertisingEnable { enable: true });
            }
            Event::LeConnectionComplete(complete) => self.handle = Some(complete.handle),
            Event::NumberOfCompletedPackets { count, .. } => self.room += count,
            Event::LeLongTermKeyRequest { handle, .. } => {
                let key = self.peer.key();
                self.peer.bonded_ltk.clone_from(&key);
                self.command(
                    now,
                    match key {
                        Some(ltk) => Command::LeLongTermKeyRequestReply { handle, ltk },
                        None => Command::LeLongTermKeyRequestNegativeReply { handle },
                    },
                );
            }
            Event::EncryptionChange { enabled: true, .. } => {
                let key = self.peer.bonded_ltk.clone();
                for (cid, frame) in self.peer.distribution(key) {
                    self.send(cid, &frame);
                }
            }
            _ => {}
        }
    }

    fn pump(&mut self, now: Instant, out: &mut Outbox) {
        loop {
            let controller = self.controller.as_mut().unwrap();
            match controller.poll() {
                Some(LampOutput::Radio(command)) => out.push(NodeOutput::Radio(command)),
                Some(LampOutput::Event(event)) => self.event(now, event),
                Some(LampOutput::Acl(packet)) => {
                    for (cid, frame) in self.peer.packet(&packet) {
                        self.send(cid, &frame);
                    }
                }
                Some(LampOutput::Trace(_)) => {}
                None if controller.control_pending() => {
                    let _work = controller.run_control(now);
                }
                None if self.room > 0 && !self.queue.is_empty() => {
                    self.room -= 1;
                    let _work = controller.acl(now, self.queue.pop_front().unwrap());
                }
                None => return,
            }
        }
    }
}

/// Everything that the tests put into a world.
#[derive(Clone, PartialEq, Eq, Hash)]
enum Actor {
    Central(Box<Central>),
    Lamp(Box<Lamp>),
    User(User),
}

impl Node for Actor {
    fn handle(&mut self, now: Instant, input: NodeInput, out: &mut Outbox) {
        match self {
            Self::Central(central) => central.handle(now, input, out),
            Self::User(user) => user.handle(now, input, out),
            Self::Lamp(lamp) => {
                match input {
                    NodeInput::Start { entropy } => {
                        lamp.boot(now, entropy);
                        out.push(NodeOutput::Show(Ui::ShowPasskey(lamp.peer.responder.passkey)));
                    }
                    NodeInput::Radio(event) => {
                        let _work = lamp.controller.as_mut().unwrap().radio(now, event);
                    }
                    NodeInput::Timer => {
                        let _work = lamp.controller.as_mut().unwrap().timer(now);
                    }
                    _ => {}
                }
                lamp.pump(now, out);
            }
        }
    }

    fn deadline(&self) -> Option<Instant> {
        match self {
            Self::Central(central) => central.deadline(),
            Self::User(user) => user.deadline(),
            Self::Lamp(lamp) => lamp.controller.as_ref()?.deadline(),
        }
    }

    fn watches(&self) -> bool {
        matches!(self, Self::User(_))
    }
}

const LAMP: NodeId = NodeId(0);
const PHONE: NodeId = NodeId(1);

fn world(mut profile: Profile) -> World<Actor> {
    profile.controller.public_address = CENTRAL.octets;
    let mut world = World::new(WorldConfig { seed: 1, recording: true, ..WorldConfig::default() });
    world.add("lamp", Actor::Lamp(Box::default()), Placement::default());
    world.add("phone", Actor::Central(Box::new(Central::new(profile))), Placement::default());
    world.add("user", Actor::User(User::new(UserConfig::default())), Placement::default());
    world.run_until(Instant::from_us(20_000_000));
    world
}

fn host(world: &World<Actor>) -> &CentralHost {
    let Actor::Central(central) = world.node(PHONE) else { panic!() };
    central.host().unwrap()
}

fn lamp(world: &World<Actor>) -> &Lamp {
    let Actor::Lamp(lamp) = world.node(LAMP) else { panic!() };
    lamp
}

/// The log of the central's host, for failing tests.
fn story(world: &World<Actor>) -> Vec<String> {
    let told = |kind: &RecordKind| match kind {
        RecordKind::Note(Note::Host(text)) => Some(text.clone()),
        _ => None,
    };
    world.records().iter().filter_map(|record| told(&record.kind)).collect()
}

#[test]
fn a_central_bonds_over_the_air() {
    // GATT-DISC-1: a discovery ends.
    let world = world(Profile::honest());
    let status = host(&world).status();
    assert_eq!((status.pairing, status.level), (Some(Ok(4)), 4), "{:#?}", story(&world));
    assert_eq!(lamp(&world).peer.led, Some(1));
    assert_eq!(host(&world).bonds()[0].ltk, lamp(&world).peer.bonded_ltk.clone().unwrap());
    assert!(status.finished && status.disconnected.is_none(), "{:#?}", story(&world));
}

#[test]
fn what_crosses_hci_is_on_record() {
    let world = world(Profile::honest());
    let has = |wanted: fn(&Note) -> bool| {
        world.records().iter().any(|record| match &record.kind {
            RecordKind::Note(note) => record.node == PHONE && wanted(note),
            _ => false,
        })
    };
    assert!(has(|n| matches!(n, Note::HciCommand(Command::LeEnableEncryption { .. }))));
    assert!(has(|n| matches!(n, Note::HciEvent(Event::EncryptionChange { enabled: true, .. }))));
    assert!(has(|n| matches!(n, Note::AclOut(_))) && has(|n| matches!(n, Note::AclIn(_))));
}

#[test]
fn a_power_cycle_keeps_the_bond_and_comes_back() {
    let mut world = world(Profile::honest());
    let restarted = world.now();
    world.act(PHONE, restarted, Act::PowerCycle);
    world.run_until(restarted + Duration::from_secs(20));
    assert_eq!(host(&world).bonds().len(), 1);
    let status = host(&world).status();
    assert_eq!((status.attempts, status.level, status.bonded), (0, 4, true));
}
