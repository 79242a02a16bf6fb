//! The revisions of the chip and the errata of each.
//!
//! Which build code belongs to which revision is in the titles of Nordic's errata documents (Cx0,
//! Dx0 and Fx0 are revisions 1, 2 and 3). The words at 0x1000_0130 and which erratum is in which
//! revision are those of Nordic's MDK (`nrf52_erratas.h` of nrfx 4.2.1); what 242 is about is in
//! Zephyr's issue 32118.

/// A revision that was sold; engineering samples are left out.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, Default)]
pub enum Revision {
    /// Build codes Cx0.
    Rev1,
    /// Build codes Dx0.
    Rev2,
    /// Build codes Fx0: the newest. Software has to open the debug port, too.
    #[default]
    Rev3,
}

impl Revision {
    /// All of them, oldest first.
    pub const ALL: [Self; 3] = [Self::Rev1, Self::Rev2, Self::Rev3];

    /// FICR.INFO.VARIANT: variant AA, then the build code, as ASCII.
    pub(super) const fn variant(self) -> u32 {
        u32::from_be_bytes(match self {
            Self::Rev1 => *b"AAC0",
            Self::Rev2 => *b"AAD0",
            Self::Rev3 => *b"AAF0",
        })
    }

    /// The two words by which Nordic's MDK identifies errata: the chip, and its revision.
    pub(super) const fn errata_words(self) -> [u32; 2] {
        let revision = match self {
            Self::Rev1 => 2,
            Self::Rev2 => 3,
            Self::Rev3 => 5,
        };
        [8, revision]
    }

    /// Whether it has an erratum of [`ERRATA`].
    #[must_use]
    pub fn has(self, erratum: u16) -> bool {
        let listed = ERRATA.iter().find(|known| known.number == erratum);
        listed.is_some_and(|known| known.revisions.contains(&self))
    }
}

/// An erratum, or what Nordic numbers like one, of something that is modelled here.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Erratum {
    /// Its number, as Nordic has it.
    pub number: u16,
    /// What it is about.
    pub subject: &'static str,
    /// The revisions that have it.
    pub revisions: &'static [Revision],
    /// What the emulator makes of it; `None`: nothing.
    pub modelled: Option<&'static str>,
}

const ALL: &[Revision] = &Revision::ALL;
const FIRST: &[Revision] = &[Revision::Rev1];
const NEWEST: &[Revision] = &[Revision::Rev3];

const fn erratum(
    number: u16,
    subject: &'static str,
    revisions: &'static [Revision],
    modelled: Option<&'static str>,
) -> Erratum {
    Erratum { number, subject, revisions, modelled }
}

/// All in which these revisions differ, and those of all that concern what is modelled.
pub const ERRATA: &[Erratum] = &[
    erratum(20, "RTC: registers read wrong before it has run", ALL, None),
    erratum(36, "CLOCK: some registers are not reset", ALL, None),
    erratum(66, "TEMP: it is linear only with values of FICR", ALL, None),
    erratum(78, "TIMER: STOP alone does not save current", ALL, None),
    erratum(87, "CPU: a pending FPU exception wakes it", ALL, None),
    erratum(136, "POWER: RESETREAS has bits too many", ALL, None),
    erratum(153, "RADIO: RSSI depends on temperature", ALL, None),
    erratum(155, "GPIOTE: an edge may make two events", ALL, None),
    erratum(172, "RADIO: LE Coded suffers from others on its channel", ALL, None),
    erratum(173, "GPIO: LATCH takes cycles to be written", ALL, None),
    erratum(179, "RTC: an access may double COMPARE", ALL, None),
    erratum(191, "RADIO: too many errors on LE Coded", ALL, None),
    erratum(192, "CLOCK: the RC oscillator is off after calibration", FIRST, None),
    erratum(197, "POWER: REG0 cannot use its DC/DC converter", FIRST, None),
    erratum(201, "CLOCK: HFCLKSTARTED may come twice", FIRST, Some("it does, after 64 µs more")),
    erratum(202, "POWER: it may not start in high voltage mode", FIRST, None),
    erratum(204, "RADIO: emissions between TX and RX", ALL, None),
    erratum(
        242,
        "NVMC: what is asked of it during POFWARN hangs the CPU",
        ALL,
        Some("it does, until a reset"),
    ),
    erratum(
        243,
        "RADIO: TIFS is off on LE Coded",
        ALL,
        Some("TIFS − 150 µs is 6, 1, 11 and −4 µs short for S2–S2, S8–S8, S8–S2 and S2–S8"),
    ),
    erratum(249, "APPROTECT: software closes the debug port", NEWEST, Some("its registers exist")),
    erratum(254, "RADIO: IEEE 802.15.4 with an amplifier", NEWEST, None),
];
