//! What a scenario is.

use crate::collision::Collision;
use crate::collision::links::Links;
use crate::summary::Verdict;
use bletwin_setup::Setup;
use bletwin_setup::error::BadInput;

/// What the person and the central do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Story {
    /// The central connects and pairs as its kind does; the person types what is asked.
    Pair,
    /// As `Pair`; then the central leaves, comes back and encrypts with the stored key.
    Reconnect,
    /// As `Pair`; then the central stays connected for most of a minute.
    Stay,
    /// As `Reconnect`, but the user removes the peripheral from the central in between.
    Forgotten,
    /// As `Reconnect`, but the peripheral's bonds are deleted in between.
    BondLost,
    /// As `Pair`, but the person types a wrong passkey.
    WrongPasskey,
    /// The central reads and subscribes to whatever anyone may, stays for a while and leaves;
    /// nobody pairs.
    Unpaired,
    /// An attacker guesses the passkey bit by bit.
    StaticPasskey,
    /// Both hosts ask for procedures that meet; nobody pairs. See [`crate::collision::play`].
    Collision(&'static Collision),
    /// The same on two links of one peripheral, whose devices the scenario brings along. See
    /// [`crate::collision::links::play`].
    Links(&'static Links),
}

impl Story {
    /// Whether somebody pairs in it because the devices want it.
    #[must_use]
    pub const fn pairs(self) -> bool {
        !matches!(self, Self::Unpaired | Self::StaticPasskey | Self::Collision(_) | Self::Links(_))
    }

    /// Whether the central comes back a second time.
    #[must_use]
    pub const fn comes_back(self) -> bool {
        matches!(self, Self::Reconnect | Self::Forgotten | Self::BondLost)
    }
}

/// A scenario.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scenario {
    /// As on the command line.
    pub name: &'static str,
    /// What happens in it, in a line.
    pub text: &'static str,
    /// What the person and the central do.
    pub story: Story,
    /// The outcome with which the run counts as passed.
    pub expects: Verdict,
    /// Simulated seconds within which its outcome has to be reached. Then it goes on until nothing
    /// is under way and the link has survived that; see [`crate::stage`].
    pub limit_s: u64,
    /// What may still be under way then, as [`What::kind`](ble::armed::What::kind) has
    /// it.
    pub busy: &'static [&'static str],
}

/// The button that deletes the bonds of a peripheral.
pub(crate) const DELETE_BONDS: &str = "delete-bonds";

impl Scenario {
    /// Whether it can be played with this peripheral at all.
    ///
    /// # Errors
    /// If the story turns on a button that the application does not have: pressing it would do
    /// nothing, and what the run then says would be about another story.
    pub fn fits(&self, setup: &Setup) -> Result<(), BadInput> {
        let application = &setup.peripheral.application;
        let has = application.buttons().contains(&DELETE_BONDS) || setup.chip.is_some();
        if has || self.story != Story::BondLost {
            return Ok(());
        }
        Err(BadInput {
            what: format!(
                "`{}` begins with the button `{DELETE_BONDS}`, which `{}` does not have",
                self.name,
                application.name()
            ),
            help: "take another scenario (`bletwin list`), or give your application a button of \
                   that name: docs/YOUR-PERIPHERAL.md"
                .into(),
        })
    }
}
