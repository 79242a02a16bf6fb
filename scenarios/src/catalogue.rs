//! The scenarios that `bletwin run` knows.

use crate::collision::links::{self, Links};
use crate::collision::{Collision, table};
use crate::story::WITH_TWO;
pub use crate::story::{Scenario, Story};
use crate::summary::Verdict;
use bletwin_setup::error::{BadInput, unknown_name};

const ALL: &[Scenario] = &[
    Scenario {
        name: "pairing",
        text: "the founding case: connect, write the protected LED, pair with a passkey, bond",
        story: Story::Pair,
        expects: Verdict::Bonded,
        limit_s: 60,
        busy: &[],
    },
    Scenario {
        name: "reconnect",
        text: "bond, leave, come back and encrypt with the stored key",
        story: Story::Reconnect,
        expects: Verdict::Bonded,
        limit_s: 90,
        busy: &[],
    },
    Scenario {
        name: "stay",
        text: "bond and stay connected for most of a minute",
        story: Story::Stay,
        expects: Verdict::Bonded,
        limit_s: 120,
        busy: &[],
    },
    Scenario {
        name: "unpaired",
        text: "nobody pairs: read, subscribe, be notified, stay, leave; all of it has to work",
        story: Story::Unpaired,
        expects: Verdict::Served,
        limit_s: 120,
        // An application that notifies each second always has something under way.
        busy: &["data"],
    },
    Scenario {
        name: "forgotten",
        text: "bond, leave, be removed from the central's list, come back and bond anew",
        story: Story::Forgotten,
        expects: Verdict::Bonded,
        limit_s: 90,
        busy: &[],
    },
    Scenario {
        name: "bond-lost",
        text: "bond, leave, lose the peripheral's bonds, come back and bond anew",
        story: Story::BondLost,
        expects: Verdict::Bonded,
        limit_s: 90,
        busy: &[],
    },
    Scenario {
        name: "updated",
        text: "bond, leave, get firmware with another table of attributes, come back and be served",
        story: Story::Updated,
        expects: Verdict::Bonded,
        limit_s: 90,
        busy: &[],
    },
    Scenario {
        name: WITH_TWO[0],
        text: "bond, boot the central's other system (its address, keys of its own), bond there, \
               boot back, come back",
        story: Story::DualBoot,
        expects: Verdict::Bonded,
        limit_s: 120,
        busy: &[],
    },
    Scenario {
        name: WITH_TWO[1],
        text: "bond with one host and with another; both want back at once, one has to wait",
        story: Story::TwoHosts,
        expects: Verdict::Bonded,
        limit_s: 180,
        busy: &[],
    },
    Scenario {
        name: "wrong-passkey",
        text: "the person types a wrong passkey: pairing must fail and nothing be stored",
        story: Story::WrongPasskey,
        expects: Verdict::PairingFailed,
        limit_s: 60,
        busy: &[],
    },
    Scenario {
        name: "static-passkey",
        text: "an attacker, as the central, guesses the passkey bit by bit and must not get in",
        story: Story::StaticPasskey,
        expects: Verdict::PairingFailed,
        limit_s: 3600,
        busy: &[],
    },
    collision(
        "phy-collides-with-phy",
        "both ask for 2M in the same event: the central's request goes on (X1)",
        &table::PHY_AND_PHY,
    ),
    collision(
        "parameters-collide-with-parameters",
        "both ask for parameters in the same event: the central's request goes on (X2)",
        &table::PARAMETERS_AND_PARAMETERS,
    ),
    collision(
        "parameters-wait-for-parameters",
        "the peripheral asks after the central did: its request waits for the instant (X3)",
        &table::PARAMETERS_AFTER_PARAMETERS,
    ),
    collision(
        "parameters-come-too-late",
        "as the second, and the peripheral asks again before the instant (X4)",
        &table::PARAMETERS_TOO_LATE,
    ),
    two_links(
        "parameters-on-two-links",
        "the peripheral asks on one link and is asked on the other: both are served (X5)",
        &links::OWN_REQUEST_ELSEWHERE,
    ),
    two_links(
        "two-centrals-want-parameters",
        "a second central asks before the first is answered: both are served (X6)",
        &links::REQUEST_ELSEWHERE,
    ),
    collision(
        "length-meets-length",
        "both ask for longer PDUs in the same event, which is no collision (X7)",
        &table::LENGTH_AND_LENGTH,
    ),
    collision(
        "parameters-collide-with-phy",
        "the central asks for 2M, the peripheral for parameters: the central's goes on (X8)",
        &table::PARAMETERS_AND_PHY,
    ),
    collision(
        "phy-waits-for-phy",
        "the central asks after the peripheral did: its request waits for the instant (X9)",
        &table::PHY_AFTER_PHY,
    ),
];

const fn collision(name: &'static str, text: &'static str, which: &'static Collision) -> Scenario {
    let (story, expects) = (Story::Collision(which), Verdict::Resolved);
    Scenario { name, text, story, expects, limit_s: 60, busy: &[] }
}

const fn two_links(name: &'static str, text: &'static str, which: &'static Links) -> Scenario {
    let (story, expects) = (Story::Links(which), Verdict::Resolved);
    Scenario { name, text, story, expects, limit_s: 60, busy: &[] }
}

/// All of them.
#[must_use]
pub const fn all() -> &'static [Scenario] {
    ALL
}

/// A scenario with pairing, by its name.
///
/// # Errors
/// [`BadInput`] that names the nearest ones, or says that it has no pairing.
pub fn pairing_by_name(name: &str) -> Result<&'static Scenario, BadInput> {
    let scenario = by_name(name)?;
    match scenario.story {
        Story::Collision(_) | Story::Links(_) => Err(BadInput {
            what: format!("`{name}` is about procedures that meet, and nobody pairs in it"),
            help: "`bletwin run` says where such a run departs from the rules".into(),
        }),
        _ => Ok(scenario),
    }
}

/// One by its name.
///
/// # Errors
/// [`BadInput`] that names the nearest ones.
pub fn by_name(name: &str) -> Result<&'static Scenario, BadInput> {
    ALL.iter().find(|s| s.name == name).ok_or_else(|| {
        let names: Vec<&str> = ALL.iter().map(|s| s.name).collect();
        unknown_name("scenario", name, &names, "`bletwin list` shows all")
    })
}
