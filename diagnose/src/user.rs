//! Actions of the person at the devices if the firmware cannot help.

use ble::time::Duration;
use bletwin_setup::Build;
use bletwin_sim::node::Act;
use serde::Serialize;

use super::behaviour::{self, SECURE_CONNECTIONS, Violation};
use super::bench::{Bench, Trial};
use super::outcome::Share;
use bletwin_scenarios::prompt::{Milestone, Prompt, Target};
use bletwin_scenarios::stage::Finished;
use bletwin_setup::Air;

/// Advice to the user, and whether it helps.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Advice {
    /// What to do.
    pub text: &'static str,
    /// Good runs with it, of seeds that fail without.
    pub good: Share,
    /// How many things that are to be done.
    #[serde(skip)]
    pub steps: usize,
}

/// Something that a person can do.
struct Action {
    text: &'static str,
    prompts: Vec<Prompt>,
    steps: usize,
    air: Option<Air>,
}

/// Tries everything that a person can do, with each of these seeds. `None`: interrupted.
#[must_use]
pub fn advice(bench: &Bench<'_>, base: &Build, seeds: &[u64]) -> Option<Vec<Advice>> {
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
    let advice = |(a, good): (&Action, Share)| Advice { text: a.text, good, steps: a.steps };
    Some(actions.iter().zip(shares).map(advice).collect())
}

/// The last advice if nothing helps, by the observations.
#[must_use]
pub fn last_resort(failing: &Finished, violations: &[Violation], honest_is_good: bool) -> String {
    let offer = behaviour::offer(failing);
    let refused = failing.summary.security_err == Some(AUTHENTICATION_REQUIREMENTS);
    let reason = failing.summary.disconnect_reason;
    if failing.facts.connections == 0 && reason.is_none() && honest_is_good {
        "Tell the user that this central never connects, although others do: update the firmware \
         and the driver of its Bluetooth controller, or take another adapter."
            .into()
    } else if failing.facts.connections == 0 && reason.is_none() {
        "Tell the user that the central never connects: is this device in its list, is it near, \
         is the accept list in the way?"
            .into()
    } else if refused && offer.as_ref().is_some_and(|offer| !offer.contains(SECURE_CONNECTIONS)) {
        "Tell the user that this central asks to pair without LE Secure Connections, and the \
         device takes nothing less: pair in its Bluetooth settings instead of in an application, \
         or with a newer system."
            .into()
    } else if refused && offer.is_some_and(|offer| offer.contains("NoInputNoOutput")) {
        "Tell the user to pair with a central that can show or type a passkey: this one cannot, \
         and without that the demanded security level is out of reach."
            .into()
    } else if !honest_is_good {
        "Another central does not help: one that keeps every rule fails as well.".into()
    } else {
        let rules: Vec<&str> = violations
            .iter()
            .filter(|violation| violation.by_central)
            .map(|violation| violation.rule)
            .collect();
        let rules = if rules.is_empty() {
            String::new()
        } else {
            format!(" It breaks {}: its maker should know.", rules.join(", "))
        };
        format!(
            "Tell the user to take another Bluetooth adapter, or a newer driver or system for this \
             one.{rules}"
        )
    }
}

/// `bt_security_err` when the demanded level is out of reach.
const AUTHENTICATION_REQUIREMENTS: u8 = 4;

fn actions(air: &Air) -> Vec<Action> {
    let forget = at_once(Target::Central, Act::Ask("forget".into()));
    let press = |button| at_once(Target::Peripheral, Act::press(button));
    let pair = Prompt {
        target: Target::Central,
        act: Act::Ask("pair".into()),
        connection: None,
        since: Milestone::Connected,
        after: Duration::from_secs(1),
    };
    let action = |text, prompts: &[&Prompt]| Action {
        text,
        // Also after each connection, for failures that occur only when the central reconnects.
        prompts: prompts
            .iter()
            .flat_map(|prompt| [Some((*prompt).clone()), later(prompt)])
            .flatten()
            .collect(),
        steps: prompts.len(),
        air: None,
    };
    let (delete, pairing) = (press("delete-bonds"), press("pairing"));
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
    let best = Air::default();
    let calm = Air {
        loss_ppm: best.loss_ppm,
        more_loss: best.more_loss,
        distance_m: best.distance_m,
        ..air.clone()
    };
    if calm != *air {
        let text = "bring the devices closer together, away from other radios";
        actions.push(Action { text, prompts: Vec::new(), steps: 1, air: Some(calm) });
    }
    actions
}

fn later(prompt: &Prompt) -> Option<Prompt> {
    let (since, after) = (Milestone::Ended, Duration::from_ms(300));
    (prompt.since == Milestone::Start).then(|| Prompt { since, after, ..prompt.clone() })
}

fn at_once(target: Target, act: Act) -> Prompt {
    let (connection, since, after) = (None, Milestone::Start, Duration::from_ms(10));
    Prompt { target, act, connection, since, after }
}
