//! A chip, or the native core, and a central in a room, with a person who types the passkey.

use std::io::Write as _;

use ble::address::Address;
use ble::time::{Duration, Instant};
use ble::ui::Ui;
use bletwin_emulator::node::{ChipNode, Image};
use bletwin_emulator::nrf52840::Revision;
use bletwin_firmware_node::{Build, CpuConfig, PeripheralNode};
use bletwin_models::central::Central;
use bletwin_models::host::{CentralHost, Status};
use bletwin_models::profile::Profile;
use bletwin_models::raw::RawCentral;
use bletwin_oracle as oracle;
use bletwin_sim::node::{Act, Node, NodeId, NodeInput, Outbox};
use bletwin_sim::record::{Record, RecordKind};
use bletwin_sim::world::{Placement, World, WorldConfig};
use firmware_core::config::{Config, PhyUpdate};
use led_button::LedButton;
use settings::{AskPhy, Identity, Passkeys, Preset, Settings};

/// Where `memory.x` has the configuration page.
const PAGE: u32 = 0x3_B000;

/// The address that the chip was made with, which its firmware has unless its configuration page
/// gives another.
pub(crate) const FACTORY: u64 = 0xC0FF_EE00_0001;

/// The passkey of the feature `trial`.
pub(crate) const PASSKEY: u32 = 123_456;

#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(crate) enum Device {
    Chip(Box<ChipNode>),
    Native(Box<PeripheralNode>),
    Central(Box<Central>),
    Raw(Box<RawCentral>),
}

impl Device {
    /// The firmware on a new chip.
    pub(crate) fn chip(image: Image) -> Self {
        Self::Chip(Box::new(ChipNode::new(image, FACTORY, 1)))
    }

    /// The core without the chip, under the chip's address.
    pub(crate) fn native(config: Config) -> Self {
        let [a, b, c, d, e, f, ..] = FACTORY.to_le_bytes();
        let address = Address::static_random([f, e, d, c, b, a]);
        let build = Build::new(Config { address, ..config }, LedButton::default());
        Self::Native(Box::new(PeripheralNode::new(build, CpuConfig::default())))
    }

    pub(crate) fn central(profile: Profile) -> Self {
        Self::Central(Box::new(Central::new(profile)))
    }
}

impl Node for Device {
    fn handle(&mut self, now: Instant, input: NodeInput, out: &mut Outbox) {
        match self {
            Self::Chip(node) => node.handle(now, input, out),
            Self::Native(node) => node.handle(now, input, out),
            Self::Central(node) => node.handle(now, input, out),
            Self::Raw(node) => node.handle(now, input, out),
        }
    }

    fn deadline(&self) -> Option<Instant> {
        match self {
            Self::Chip(node) => node.deadline(),
            Self::Native(node) => node.deadline(),
            Self::Central(node) => node.deadline(),
            Self::Raw(node) => node.deadline(),
        }
    }
}

pub(crate) const CHIP: NodeId = NodeId(0);
pub(crate) const CENTRAL: NodeId = NodeId(1);

/// Says that a test is skipped: libtest swallows what `println!` prints.
fn skipped(variable: &str) {
    let thread = std::thread::current();
    let test = thread.name().unwrap_or("a test");
    let line = format!("SKIPPED {test}: {variable} names no firmware (.ci/cross.sh builds it)\n");
    std::io::stderr().write_all(line.as_bytes()).expect("standard error");
}

fn named(variable: &str) -> Option<Image> {
    let Some(path) = std::env::var_os(variable) else {
        skipped(variable);
        return None;
    };
    let file = std::fs::read(&path).unwrap_or_else(|error| panic!("{variable}: {error}"));
    Some(Image::from_elf(&file).unwrap_or_else(|error| panic!("{variable}: {error}")))
}

/// The firmware.
pub(crate) fn image() -> Option<Image> {
    named("BLETWIN_FIRMWARE")
}

/// The firmware with the feature `trial`.
pub(crate) fn trial() -> Option<Image> {
    named("BLETWIN_FIRMWARE_TRIAL")
}

#[derive(Clone)]
pub(crate) struct Stage {
    pub(crate) world: World<Device>,
    seen: usize,
}

impl Stage {
    pub(crate) fn new(image: Image, central: Profile, seed: u64) -> Self {
        Self::of(Revision::default(), image, central, seed)
    }

    /// With a chip that is configured to ask for no PHY.
    pub(crate) fn quiet(mut image: Image, central: Profile, seed: u64) -> Self {
        let settings = Settings {
            preset: Preset::Zephyr2024,
            passkey: Passkeys::Fixed(PASSKEY),
            phy_update: AskPhy::Own(PhyUpdate::Never),
            address: Identity::Factory,
        };
        assert!(image.put(PAGE, &settings.page()));
        Self::new(image, central, seed)
    }

    /// With a chip of some revision.
    pub(crate) fn of(revision: Revision, image: Image, central: Profile, seed: u64) -> Self {
        let chip = ChipNode::new(image, FACTORY, 1).of_revision(revision);
        Self::with(Device::Chip(Box::new(chip)), central, seed)
    }

    /// The core without the chip.
    pub(crate) fn native(config: Config, central: Profile, seed: u64) -> Self {
        Self::with(Device::native(config), central, seed)
    }

    /// Any two.
    pub(crate) fn beside(peripheral: Device, central: Device) -> Self {
        Self::of_two(peripheral, central, 1)
    }

    fn with(peripheral: Device, central: Profile, seed: u64) -> Self {
        Self::of_two(peripheral, Device::central(central), seed)
    }

    fn of_two(peripheral: Device, central: Device, seed: u64) -> Self {
        let config =
            WorldConfig { seed, recording: true, air_hash: true, ..WorldConfig::default() };
        let mut world = World::new(config);
        let place = |x| Placement { position_m: (x, 0), ..Placement::default() };
        assert_eq!(world.add("peripheral", peripheral, place(0)), CHIP);
        // A raw central connects once: not before it is let in.
        let waits = if let Device::Raw(_) = central { 1 } else { 0 };
        let there = Placement { start_after: Duration::from_secs(waits), ..place(2) };
        assert_eq!(world.add("central", central, there), CENTRAL);
        Self { world, seen: 0 }
    }

    /// Lets this many milliseconds pass.
    pub(crate) fn run(&mut self, milliseconds: u64) {
        self.until(milliseconds, |_| false);
    }

    /// Lets at most this many milliseconds pass; returns whether the condition was reached.
    pub(crate) fn until(&mut self, milliseconds: u64, reached: impl Fn(&Self) -> bool) -> bool {
        let end = self.world.now() + Duration::from_ms(milliseconds);
        while self.world.next_event().is_some_and(|next| next <= end) {
            self.world.step();
            if self.world.records().len() != self.seen {
                self.type_passkey();
                if reached(self) {
                    return true;
                }
            }
        }
        self.world.run_until(end);
        reached(self)
    }

    /// A person types the passkey that was asked for since this was asked last.
    pub(crate) fn type_passkey(&mut self) {
        let news = &self.world.records()[self.seen..];
        let asked = news.iter().any(|record| {
            record.node == CENTRAL && record.kind == RecordKind::Shown(Ui::AskPasskey)
        });
        self.seen = self.world.records().len();
        if asked {
            let at = self.world.now() + Duration::from_secs(3);
            self.world.act(CENTRAL, at, Act::TypePasskey(PASSKEY));
        }
    }

    /// The records so far, which the world then has no more.
    pub(crate) fn drain(&mut self) -> Vec<Record> {
        let mut records = Vec::new();
        self.world.drain_records(&mut records);
        self.seen = 0;
        records
    }

    pub(crate) fn records(&self) -> &[Record] {
        self.world.records()
    }

    /// The central's host, once it is on.
    pub(crate) fn host(&self) -> Option<&CentralHost> {
        match self.world.node(CENTRAL) {
            Device::Central(central) => central.host(),
            _ => unreachable!("it was added as a central"),
        }
    }

    pub(crate) fn chip(&self) -> &ChipNode {
        match self.world.node(CHIP) {
            Device::Chip(chip) => chip,
            _ => unreachable!("it was added as a chip"),
        }
    }

    /// The central's results.
    pub(crate) fn status(&self) -> Status {
        self.host().map(|host| host.status().clone()).unwrap_or_default()
    }

    /// The three words of the feature `trial`.
    pub(crate) fn result(&self) -> [u32; 3] {
        let word = |n| self.chip().word("BLETWIN_RESULT", n).unwrap_or(u32::MAX);
        [word(0), word(1), word(2)]
    }

    /// The least that was left when the firmware had a reply ready, before its ramp-up.
    pub(crate) fn slack(&self) -> Duration {
        let counts = self.chip().word("BLETWIN_SLACK", 0).expect("a trial has it");
        Duration::from_ticks(u64::from(counts) * 4_000)
    }

    /// The emulator has not stopped, and no rule was broken.
    pub(crate) fn assert_sound(&self) {
        assert_eq!(self.chip().stopped(), None);
        let judged = oracle::examine(&bletwin_sim::view(self.records()));
        assert!(judged.findings.is_empty(), "{:?}", judged.findings);
    }
}
