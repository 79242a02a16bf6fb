//! A scenario, as data.

use ble::security::IoCapability;

use crate::collision::Collision;
use crate::collision::links::Links;
use crate::stage::tour;
use crate::summary::Verdict;
use bletwin_setup::Setup;
use bletwin_setup::applications;
use bletwin_setup::error::BadInput;
use firmware_core::config::{Accept, Config, PairingOutsideMode};

/// The actions of the person and the central.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Story {
    /// The central connects and pairs as its kind does; the person answers each dialog.
    Pair,
    /// As `Pair`; then the central disconnects, reconnects and encrypts with the stored key.
    Reconnect,
    /// As `Pair`; then the central stays connected for most of a minute.
    Stay,
    /// As `Reconnect`, but the user removes the peripheral from the central in between.
    Forgotten,
    /// As `Reconnect`, but the peripheral's bonds are deleted in between.
    BondLost,
    /// As `Reconnect`, but the peripheral's firmware is updated in between, to one with another
    /// table of attributes.
    Updated,
    /// As `Reconnect`, but between two connections the central's other system is booted: it has the
    /// same address, its own store of keys, and may behave differently. It bonds, and then the
    /// first one comes back.
    DualBoot,
    /// Two centrals bond, one after the other. Then both try to reconnect at the same time: one
    /// wins, and when it disconnects the other one has its turn.
    TwoHosts,
    /// As `Pair`, but the person types a wrong passkey.
    WrongPasskey,
    /// The central reads and subscribes to everything open, stays for a while and disconnects,
    /// without pairing.
    Unpaired,
    /// An attacker guesses the passkey bit by bit.
    StaticPasskey,
    /// Both hosts start procedures that collide, without pairing. See [`crate::collision::play`].
    Collision(&'static Collision),
    /// The same on two links of one peripheral, whose devices the scenario brings along. See
    /// [`crate::collision::links::play`].
    Links(&'static Links),
}

impl Story {
    /// Whether it includes a pairing that the devices start.
    #[must_use]
    pub const fn pairs(self) -> bool {
        !matches!(self, Self::Unpaired | Self::StaticPasskey | Self::Collision(_) | Self::Links(_))
    }

    /// Whether the central comes back a second time.
    #[must_use]
    pub const fn comes_back(self) -> bool {
        self.connections() > 1
    }

    /// Centrals that take part: two devices, or two systems of one.
    #[must_use]
    pub const fn centrals(self) -> usize {
        match self {
            Self::DualBoot | Self::TwoHosts => 2,
            _ => 1,
        }
    }

    /// Number of connections that it takes.
    #[must_use]
    pub const fn connections(self) -> u32 {
        match self {
            Self::Reconnect | Self::Forgotten | Self::BondLost | Self::Updated => 2,
            Self::DualBoot => 3,
            Self::TwoHosts => 4,
            _ => 1,
        }
    }
}

/// A story with its expected outcome and time limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scenario {
    /// As on the command line.
    pub name: &'static str,
    /// What happens in it, in a line.
    pub text: &'static str,
    /// The actions of the person and the central.
    pub story: Story,
    /// The outcome with which the run counts as passed.
    pub expects: Verdict,
    /// Simulated seconds within which its outcome has to be reached. Then it continues until
    /// nothing is under way and the link has survived that; see [`crate::stage`].
    pub limit_s: u64,
    /// What may still be under way then, as [`What::kind`](ble::armed::What::kind) has
    /// it.
    pub busy: &'static [&'static str],
}

/// Names of the scenarios in which two centrals take part.
pub(crate) const WITH_TWO: [&str; 2] = ["dual-boot", "two-hosts"];

/// The button that deletes the bonds of a peripheral.
pub(crate) const DELETE_BONDS: &str = "delete-bonds";

/// The button that lets a new central bond.
pub(crate) const PAIRING: &str = "pairing";

/// Whether a peripheral bonds with a new central only after its pairing button was pressed: without
/// display and keyboard no person takes part in a pairing.
pub(crate) fn bonds_by_button(config: &Config) -> bool {
    config.outside_mode() != PairingOutsideMode::Authenticated
        || config.io == IoCapability::NoInputNoOutput
}

impl Scenario {
    /// Whether it can be played with this peripheral at all.
    ///
    /// # Errors
    /// If the story needs a button that the application does not have, or steps given by the user
    /// name a characteristic that it does not have: these would do nothing, and the result would be
    /// that of another story.
    pub fn fits(&self, setup: &Setup) -> Result<(), BadInput> {
        self.fits_centrals(setup)?;
        self.fits_steps(setup)?;
        let application = &setup.peripheral.application;
        let buttons = application.buttons();
        let lacks = |button: &str| !buttons.contains(&button);
        if self.story == Story::Updated {
            return self.fits_update(setup);
        }
        let refused = if setup.chip.is_some() {
            None
        } else if self.story == Story::BondLost && lacks(DELETE_BONDS) {
            let begins = format!("`{}` begins with the button `{DELETE_BONDS}`", self.name);
            Some((begins, "take another scenario (`bletwin list`)"))
        } else if self.presses_pairing(&setup.peripheral.config) && lacks(PAIRING) {
            let first =
                "with these settings nobody can bond before the button `pairing` is pressed";
            let help = "let the device take part in a pairing (`--set io=…`, \
                        `--set pairing-outside-mode=…`: docs/FIRMWARE.md)";
            Some((first.into(), help))
        } else {
            None
        };
        refused.map_or(Ok(()), |(what, help)| {
            Err(BadInput {
                what: format!("{what}, which `{}` does not have", application.name()),
                help: format!(
                    "{help}, or give your application a button of that name: \
                     docs/YOUR-PERIPHERAL.md"
                ),
            })
        })
    }

    fn fits_centrals(&self, setup: &Setup) -> Result<(), BadInput> {
        if setup.other.is_none() || self.story.centrals() > 1 {
            return Ok(());
        }
        Err(BadInput {
            what: format!("`{}` is a scenario with one central, and two are named", self.name),
            help: format!(
                "name one by --central, or take a scenario with two: {}; `bletwin matrix` compares \
                 centrals in one scenario",
                WITH_TWO.join(", ")
            ),
        })
    }

    fn fits_update(&self, setup: &Setup) -> Result<(), BadInput> {
        let name = setup.peripheral.application.name();
        let what = if setup.chip.is_some() {
            "a chip's file is not updated in the middle of a run".into()
        } else if applications::updated(&setup.peripheral).is_none() {
            format!("there is no next edition of `{name}` to update it to")
        } else {
            return Ok(());
        };
        Err(BadInput {
            what: format!("`{}`: {what}", self.name),
            help: "say which application the firmware has afterwards (`--set updated-app=…`), or \
                   add one that is called as yours is, with -2 behind it: docs/YOUR-PERIPHERAL.md"
                .into(),
        })
    }

    fn fits_steps(&self, setup: &Setup) -> Result<(), BadInput> {
        let theirs = setup.is_central_key_given("steps") && setup.chip.is_none();
        let played = self.story.pairs() || self.story == Story::Unpaired;
        let gatt = setup.peripheral.application.gatt();
        let Some((step, why)) =
            tour::impossible(&setup.central.host.steps, &gatt).filter(|_| theirs && played)
        else {
            return Ok(());
        };
        let all: Vec<String> =
            tour::characteristics(&gatt).map(|(uuid, ..)| uuid.to_string()).collect();
        let name = setup.peripheral.application.name();
        Err(BadInput {
            what: format!("the central's steps: {step} is not possible, `{name}` {why}"),
            help: match all.as_slice() {
                [] => format!("`{name}` has no characteristics of its own"),
                all => format!("`{name}` has {}", all.join(", ")),
            },
        })
    }

    /// Whether a person who wants to pair, and has read the manual, presses the pairing button: not
    /// where the passkey suffices, unless a bonded central shuts all others out. An attacker has no
    /// accomplice at the device.
    pub(crate) fn presses_pairing(&self, config: &Config) -> bool {
        let another = self.story == Story::TwoHosts && config.accept == Accept::BondedOnly;
        self.story.pairs() && (bonds_by_button(config) || another)
    }
}
