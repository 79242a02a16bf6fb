//! What the person in front of the devices can do when the firmware cannot help.

use bletwin_sim::node::Act;
use firmware_core::config::Config;
use firmware_core::host::message::Button;
use firmware_core::time::Duration;
use serde::Serialize;

use super::bench::{Bench, Trial};
use super::outcome::Share;
use crate::prompt::{Milestone, Prompt, Target};
use crate::setup::Air;

/// Something to tell the user, and whether it helps.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Advice {
    /// What to do.
    pub text: &'static str,
    /// Good runs.
    pub good: Share,
}

/// Something that a person can do.
struct Action {
    text: &'static str,
    prompts: Vec<Prompt>,
    air: Option<Air>,
}

/// Tries everything that a person can do, with each of these seeds. `None`: interrupted.
#[must_use]
pub fn advice(bench: &Bench<'_>, base: &Config, seeds: &[u64]) -> Option<Vec<Advice>> {
    let actions = actions(bench.air());
    let trials: Vec<Trial> = actions
        .iter()
        .flat_map(|action| {
            seeds.iter().map(|&seed| Trial {
                air: action.air.clone(),
                ..Trial::new(base, seed).prompted(&action.prompts)
            })
        })
        .collect();
    let outcomes = bench.outcomes(&trials)?;
    let shares = outcomes.chunks(seeds.len().max(1)).map(Share::good);
    Some(actions.iter().zip(shares).map(|(a, good)| Advice { text: a.text, good }).collect())
}

fn actions(air: &Air) -> Vec<Action> {
    let forget = at_once(Target::Central, Act::Ask("forget".into()));
    let press = |button| at_once(Target::Peripheral, Act::Button { button, pressed: true });
    let pair = Prompt {
        target: Target::Central,
        act: Act::Ask("pair".into()),
        connection: None,
        since: Milestone::Connected,
        after: Duration::from_secs(1),
    };
    let action = |text, prompts: &[&Prompt]| Action {
        text,
        prompts: prompts.iter().map(|prompt| (*prompt).clone()).collect(),
        air: None,
    };
    let (delete, pairing) = (press(Button::DeleteBonds), press(Button::Pairing));
    let mut actions = vec![
        action("start pairing by hand, in the central's Bluetooth settings", &[&pair]),
        action(
            "remove the device in the central's Bluetooth settings, then pair again",
            &[&forget],
        ),
        action("delete the bonds on the device (button 2), then pair again", &[&delete]),
        action("press the device's pairing button (button 3)", &[&pairing]),
        action(
            "remove the device on the central and delete the bonds on the device, then pair",
            &[&forget, &delete],
        ),
    ];
    let calm = Air { loss_ppm: 0, distance_m: 2, ..air.clone() };
    if calm != *air {
        let text = "bring the devices closer together, away from other radios";
        actions.push(Action { text, prompts: Vec::new(), air: Some(calm) });
    }
    actions
}

fn at_once(target: Target, act: Act) -> Prompt {
    let (connection, since, after) = (None, Milestone::Start, Duration::from_ms(10));
    Prompt { target, act, connection, since, after }
}
