//! The surroundings of the two devices.

use ble::time::Duration;
use bletwin_emulator::nrf52840::Revision;
use bletwin_models::user::UserConfig;

/// The air between the two devices, the errors of their clocks, the load of the peripheral, and
/// the person in front of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Air {
    /// Packets lost at random, parts per million.
    pub loss_ppm: u32,
    /// Packets lost besides, by receiver and PHY.
    pub more_loss: MoreLoss,
    /// Error of the peripheral's sleep clock in ppm; the central's is off the other way.
    pub clock_ppm: i32,
    /// Metres between the devices.
    pub distance_m: u32,
    /// How late the peripheral's host gets to work, ms; 0: as the chip does it.
    pub host_latency_ms: u32,
    /// How long after the start the peripheral's host gets to nothing, and for how long; `None`:
    /// it always does.
    pub host_busy: Option<[Duration; 2]>,
    /// From when on nothing arrives between the two; `None`: they stay within reach.
    pub out_of_reach: Option<Duration>,
    /// Revision of the chip, where one runs a file.
    pub chip: Revision,
    /// What the person does about a dialog.
    pub person: Person,
    /// How long the person takes from seeing to acting.
    pub reaction: Duration,
}

/// Packets that are lost at random beside [`Air::loss_ppm`], parts per million.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MoreLoss {
    /// Of those that the peripheral receives.
    pub to_peripheral: u32,
    /// Of those that the central receives.
    pub to_central: u32,
    /// Of those on LE 1M.
    pub le_1m: u32,
    /// Of those on LE 2M.
    pub le_2m: u32,
    /// Of those on LE Coded.
    pub coded: u32,
}

/// What the person does about a dialog of pairing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Person {
    /// Types or confirms what is shown.
    #[default]
    Right,
    /// Types another number than the one that is shown.
    Wrong,
    /// Dismisses the dialog.
    Cancels,
    /// Does nothing: has gone.
    Absent,
}

impl Default for Air {
    fn default() -> Self {
        Self {
            loss_ppm: 0,
            more_loss: MoreLoss::default(),
            clock_ppm: 0,
            distance_m: 2,
            host_latency_ms: 0,
            host_busy: None,
            out_of_reach: None,
            chip: Revision::default(),
            person: Person::Right,
            reaction: UserConfig::default().reaction,
        }
    }
}
