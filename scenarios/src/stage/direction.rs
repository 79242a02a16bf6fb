//! The central as a story needs it: what its user wants, never how it behaves.

use ble::time::Duration;
use bletwin_models::central::Central;
use bletwin_models::host::{Attack, HostConfig, OwnAddress, Step, Target};
use bletwin_models::profile::Profile;
use bletwin_setup::Setup;

use super::tour;
use crate::story::Story;

/// Longer than the procedure response timeout of 40 s.
const STAY: Duration = Duration::from_secs(45);

/// Twice the maximum number of attempts that guessing a static passkey takes.
pub(super) const ATTEMPTS_MAX: u32 = 40;

/// In a story about an attacker, the attacker is the central, under its own name.
pub(super) fn directed(story: Story, setup: &Setup) -> Profile {
    let mut central = setup.central.clone();
    let gatt = setup.peripheral.application.gatt();
    let host = &mut central.host;
    // A host without a target of its own selects this peripheral.
    if host.target == HostConfig::default().target {
        host.target = Target::Name(gatt.name.into());
    }
    // Steps of a built-in central for the LED Button apply to the peripheral's own characteristics.
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
        Story::Reconnect
        | Story::Forgotten
        | Story::BondLost
        | Story::DualBoot
        | Story::Updated => {
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
            // They connect on request only.
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

/// The central of a story, and the second device of a story with two, which connects on request.
/// `other`: the profile of the second; by default the same.
pub(super) fn company(
    story: Story,
    central: Central,
    other: Option<Profile>,
) -> (Central, Option<Central>) {
    match (story, other) {
        (Story::TwoHosts, other) => {
            let same = central.profile();
            let other = apart(other.unwrap_or_else(|| same.clone()), same);
            (central, Some(Central::new(other)))
        }
        (Story::DualBoot, Some(mut other)) => {
            // Two systems on one machine: one radio, one address.
            let first = central.profile();
            other.controller.public_address = first.controller.public_address;
            other.host.address = first.host.address;
            (central.with_other_system(other), None)
        }
        _ => (central, None),
    }
}

/// A second device beside the first: at an address of its own.
fn apart(mut other: Profile, first: &Profile) -> Profile {
    if other.controller.public_address == first.controller.public_address {
        other.controller.public_address[0] ^= 0xFF;
    }
    if other.host.address == first.host.address
        && let OwnAddress::StaticRandom(printed) = &mut other.host.address
    {
        printed[5] ^= 0xFF;
    }
    other.host.autostart = false;
    other
}

/// What two centrals are called: by their names, where these are not the same.
pub(super) fn named_apart(story: Story, [first, second]: [&str; 2]) -> [String; 2] {
    let another = match story {
        Story::DualBoot => "the other system",
        _ => "the other",
    };
    let second = match first == second {
        true => format!("{second} ({another})"),
        false => second.to_owned(),
    };
    [first.to_owned(), second]
}
