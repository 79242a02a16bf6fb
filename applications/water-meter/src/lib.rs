//! A water meter with a valve: a counter that survives a reset, and a write that is answered when
//! the valve has moved, 200 ms later.
//!
//! ```
//! use ble::{random::Entropy, time::Instant};
//! use firmware_core::config::Config;
//! use firmware_core::peripheral::{Input, Peripheral};
//! use water_meter::WaterMeter;
//!
//! let application = WaterMeter::default();
//! let mut device: Peripheral<WaterMeter, 1> =
//!     Peripheral::new(Config::recommended(), application, &Entropy::new([7; 32]));
//! device.handle(Instant::ZERO, Input::Start);
//! assert!(device.pending().is_some(), "its host has work to do");
//! ```
#![no_std]
#![forbid(unsafe_code)]

use core::fmt;

use ble::armed::{Armed, Tell, What};
use ble::log::Severity;
use ble::time::{Duration, Instant};
use ble::work::{Level, Work};
use firmware_core::application::{Application, Button, Effects, Event, Request};
use firmware_core::host::att::AttError;
use firmware_core::host::gatt::table::{Characteristic, Table};
use firmware_core::host::gatt::{Gatt, Uuid};

/// The service, as advertised.
pub const SERVICE: Uuid = meter(1);
/// Litres since ever: four octets, least significant first; read and notified.
pub const LITRES: Uuid = meter(2);
/// The valve: one octet, 0 closed, 1 open; read and written.
pub const VALVE: Uuid = meter(3);

const fn meter(number: u128) -> Uuid {
    Uuid::printed(0x6d65_7465_0000_4000_8000_7761_7465_7200 | number)
}

/// All attributes: those of every device, then the service and its two characteristics.
pub static TABLE: Table<24> = Table::new("Water meter", &[0, 0])
    .advertised(SERVICE)
    .characteristic(Characteristic::new(LITRES).readable().notifies().described("Litres"))
    .characteristic(Characteristic::new(VALVE).readable().writable().described("Valve"));

/// Handle of the litres.
pub const LITRES_HANDLE: u16 = TABLE.handle(LITRES);
/// Handle of the valve.
pub const VALVE_HANDLE: u16 = TABLE.handle(VALVE);

/// How long the valve takes from one end to the other.
pub const MOVES: Duration = Duration::from_ms(200);
/// How long after the last litre the count is written: flash wears.
pub const RESTS: Duration = Duration::from_secs(1);
/// The key of the count in storage.
const COUNT: u8 = 0;
/// Procedure Already in Progress (Core Specification Supplement).
const IN_PROGRESS: AttError = AttError(0xFE);

/// What drives the meter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Wheel {
    /// A litre has passed.
    Litre,
}

impl Button for Wheel {
    const ALL: &'static [Self] = &[Self::Litre];

    fn name(self) -> &'static str {
        "litre"
    }
}

/// The valve as one sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Valve {
    /// Open (or closed).
    pub open: bool,
}

impl fmt::Display for Valve {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.open { "valve open" } else { "valve closed" })
    }
}

/// A valve on its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Moving {
    request: Request,
    open: bool,
    until: Instant,
}

/// The water meter: its count, its valve, and what is under way with them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct WaterMeter {
    litres: u32,
    open: bool,
    moving: Option<Moving>,
    /// When the count is written.
    store: Option<Instant>,
}

impl WaterMeter {
    /// Litres since ever.
    #[must_use]
    pub const fn litres(&self) -> u32 {
        self.litres
    }

    fn turn(
        &mut self,
        now: Instant,
        request: Request,
        offset: u16,
        value: &[u8],
    ) -> Result<(), AttError> {
        let [open @ (0 | 1)] = *value else {
            let long = value.len() != 1;
            return Err(if long { AttError::INVALID_LENGTH } else { AttError::VALUE_NOT_ALLOWED });
        };
        if offset != 0 {
            return Err(AttError::INVALID_OFFSET);
        }
        if self.moving.is_some() {
            return Err(IN_PROGRESS);
        }
        self.moving = Some(Moving { request, open: open == 1, until: now + MOVES });
        Ok(())
    }

    fn timer(&mut self, now: Instant, out: &mut Effects<Valve>) {
        if let Some(Moving { request, open, .. }) = self.moving.take_if(|valve| valve.until <= now)
        {
            self.open = open;
            out.show(Valve { open });
            out.answer(request, Ok(&[]));
        }
        if self.store.take_if(|at| *at <= now).is_some() {
            out.store(COUNT, Some(&self.litres.to_le_bytes()));
        }
    }
}

impl Application for WaterMeter {
    type Button = Wheel;
    type Output = Valve;

    const NAME: &'static str = "water-meter";
    const ABOUT: &'static str = "a stored counter, and a write that is answered 200 ms later";
    const GATT: Gatt = TABLE.gatt();

    fn handle(&mut self, now: Instant, event: Event<'_, Wheel>, out: &mut Effects<Valve>) -> Work {
        match event {
            Event::Loaded { key: COUNT, octets } => match octets.try_into() {
                Ok(octets) => self.litres = u32::from_le_bytes(octets),
                Err(_) => out.log(Severity::Warning, "The stored count makes no sense"),
            },
            Event::Button { button: Wheel::Litre, pressed: true } => {
                self.litres = self.litres.wrapping_add(1);
                self.store = Some(now + RESTS);
                out.notify(LITRES_HANDLE);
            }
            Event::Timer => self.timer(now, out),
            Event::Read { request, handle: LITRES_HANDLE } => {
                out.answer(request, Ok(&self.litres.to_le_bytes()));
            }
            Event::Read { request, handle: VALVE_HANDLE } => {
                out.answer(request, Ok(&[u8::from(self.open)]));
            }
            Event::Write { request, handle: VALVE_HANDLE, offset, value } => {
                if let Err(error) = self.turn(now, request, offset, value) {
                    out.answer(request, Err(error));
                }
            }
            Event::Stored { ok: false, .. } => {
                out.log(Severity::Error, "The count could not be stored");
            }
            _ => {}
        }
        Work::none(Level::Host)
    }

    fn deadline(&self) -> Option<Instant> {
        self.moving.map(|valve| valve.until).into_iter().chain(self.store).min()
    }

    fn armed(&self, report: Tell<'_>) {
        if let Some(at) = self.deadline() {
            report(Armed::until(What::Later("valve or count"), at));
        }
    }
}
