//! The central as a story needs it: what its user wants, never how it behaves.

use ble::time::Duration;
use bletwin_models::host::{Attack, HostConfig, Step, Target, Uuid};
use bletwin_models::profile::Profile;
use bletwin_setup::Setup;
use firmware_core::host::gatt::{Access, CHARACTERISTIC, Gatt, Uuid as OfTable};

use crate::story::Story;

/// Longer than the procedure response timeout of 40 s.
const STAY: Duration = Duration::from_secs(45);

/// How long a central that does not pair stays: an application that does something each second, or
/// every five, has done it.
const VISIT: Duration = Duration::from_secs(12);

/// Attempts after which the attacker has had twice what a static passkey takes at worst.
pub(super) const ATTEMPTS_MAX: u32 = 40;

/// First handle of an application's own services.
const FIRST: u16 = 0x0010;

const READ: u8 = 0x02;
const NOTIFY_OR_INDICATE: u8 = 0x30;

/// Where the story is about an attacker, that is the central, under its own name.
pub(super) fn directed(story: Story, setup: &Setup) -> Profile {
    let mut central = setup.central.clone();
    let gatt = setup.peripheral.application.gatt();
    let host = &mut central.host;
    // Whoever has picked nobody else picks this peripheral.
    if host.target == HostConfig::default().target {
        host.target = Target::Name(gatt.name.into());
    }
    match story {
        Story::Pair | Story::WrongPasskey | Story::Collision(_) | Story::Links(_) => {}
        Story::Stay => {
            host.steps.retain(|step| !matches!(step, Step::Stay(_)));
            host.steps.push(Step::Stay(STAY));
        }
        Story::Unpaired => {
            if !setup.is_central_key_given("steps") {
                host.steps = visit(&gatt, setup.peripheral.config.required_level);
            }
        }
        Story::Reconnect | Story::Forgotten | Story::BondLost => {
            host.steps.retain(|step| !matches!(step, Step::Stay(_)));
            host.steps.push(Step::Stay(Duration::from_ms(500)));
            host.steps.push(Step::Disconnect);
            host.reconnect = Some(Duration::from_secs(1));
            host.max_connections = 2;
        }
        Story::StaticPasskey => {
            central = Profile::attacker();
            central.host.attack = Some(Attack { max_attempts: ATTEMPTS_MAX });
        }
    }
    central
}

/// Reads and subscribes to all that anyone may, stays, and leaves.
fn visit(gatt: &Gatt, demanded: u8) -> Vec<Step> {
    let mut steps = vec![Step::ExchangeMtu, Step::Discover];
    let pairs = gatt.attributes.iter().zip(gatt.attributes.iter().skip(1));
    let own = (1_u16..).zip(pairs).skip(usize::from(FIRST - 1)).map(|(_, pair)| pair);
    for (declaration, value) in own.filter(|(declaration, _)| declaration.kind == CHARACTERISTIC) {
        let properties = declaration.constant_value().and_then(|value| value.first().copied());
        let properties = properties.unwrap_or(0);
        let uuid = || match value.kind {
            OfTable::Short(octets) => Uuid::Short(u16::from_le_bytes(octets)),
            OfTable::Long(octets) => Uuid::Long(octets),
        };
        let open = match value.read {
            Access::Level(level) => level <= 1,
            Access::Demanded => demanded <= 1,
            Access::Never => false,
        };
        if properties & READ != 0 && open {
            steps.push(Step::Read(uuid()));
        }
        if properties & NOTIFY_OR_INDICATE != 0 {
            steps.push(Step::Subscribe(uuid()));
        }
    }
    steps.extend([Step::Stay(VISIT), Step::Disconnect]);
    steps
}
