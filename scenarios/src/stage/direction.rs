//! The central as a story needs it: what its user wants, never how it behaves.

use ble::time::Duration;
use bletwin_models::host::{Attack, HostConfig, OwnAddress, Step, Target};
use bletwin_models::profile::Profile;
use bletwin_setup::Setup;

use super::tour;
use crate::story::Story;

/// Longer than the procedure response timeout of 40 s.
const STAY: Duration = Duration::from_secs(45);

/// Attempts after which the attacker has had twice what a static passkey takes at worst.
pub(super) const ATTEMPTS_MAX: u32 = 40;

/// Where the story is about an attacker, that is the central, under its own name.
pub(super) fn directed(story: Story, setup: &Setup) -> Profile {
    let mut central = setup.central.clone();
    let gatt = setup.peripheral.application.gatt();
    let host = &mut central.host;
    // Whoever has picked nobody else picks this peripheral.
    if host.target == HostConfig::default().target {
        host.target = Target::Name(gatt.name.into());
    }
    // What a built-in central does with the LED Button it does with whatever the peripheral has.
    if story.pairs() && !setup.is_central_key_given("steps") && setup.chip.is_none() {
        host.steps = tour::fitted(&host.steps, &gatt);
    }
    match story {
        Story::Pair | Story::WrongPasskey | Story::Collision(_) | Story::Links(_) => {}
        Story::Stay => {
            host.steps.retain(|step| !matches!(step, Step::Stay(_) | Step::Disconnect));
            host.steps.push(Step::Stay(STAY));
        }
        Story::Unpaired => {
            if !setup.is_central_key_given("steps") {
                host.steps = tour::visit(&gatt, setup.peripheral.config.required_level);
            }
        }
        Story::Reconnect | Story::Forgotten | Story::BondLost | Story::DualBoot => {
            host.steps.retain(|step| !matches!(step, Step::Stay(_) | Step::Disconnect));
            host.steps.push(Step::Stay(Duration::from_ms(500)));
            host.steps.push(Step::Disconnect);
            host.reconnect = Some(Duration::from_secs(1));
            host.max_connections = story.connections();
        }
        Story::TwoHosts => {
            host.steps.retain(|step| !matches!(step, Step::Stay(_) | Step::Disconnect));
            host.steps.push(Step::Stay(Duration::from_ms(500)));
            host.steps.push(Step::Disconnect);
            // They come when they are told to.
            host.reconnect = None;
            host.connect_timeout = Duration::from_secs(60);
        }
        Story::StaticPasskey => {
            let target = host.target.clone();
            central = Profile::attacker();
            central.host.target = target;
            central.host.attack = Some(Attack { max_attempts: ATTEMPTS_MAX });
        }
    }
    central
}

/// The other host of a story with two: the same kind of central at another address.
pub(super) fn beside(central: &Profile) -> Profile {
    let mut other = central.clone();
    other.controller.public_address[0] ^= 0xFF;
    if let OwnAddress::StaticRandom(printed) = &mut other.host.address {
        printed[5] ^= 0xFF;
    }
    other.host.autostart = false;
    other
}
