//! A plant sensor: tells how moist the soil is, and waters on demand.
//!
//! Nothing in here knows whether it runs on a chip or in a simulated world.
#![no_std]

use core::fmt;

use ble::armed::{Armed, Tell, What};
use ble::time::{Duration, Instant};
use ble::work::{Level, Work};
use firmware_core::application::{Application, Button, Effects, Event};
use firmware_core::host::att::AttError;
use firmware_core::host::gatt::table::{Characteristic, Table};
use firmware_core::host::gatt::{Gatt, Uuid};

const SERVICE: Uuid = Uuid::printed(0x706c_616e_7400_4000_8000_0000_0000_0001);
/// One octet, percent; read and notified.
pub const MOISTURE: Uuid = Uuid::printed(0x706c_616e_7400_4000_8000_0000_0000_0002);
/// One octet, seconds of watering, 1 to 10; written.
pub const WATER: Uuid = Uuid::printed(0x706c_616e_7400_4000_8000_0000_0000_0003);

static TABLE: Table<24> = Table::new("My plant", &[0, 0])
    .advertised(SERVICE)
    .characteristic(Characteristic::new(MOISTURE).readable().notifies().described("Moisture, %"))
    .characteristic(Characteristic::new(WATER).writable().described("Water, s"));

/// Handle of the moisture.
pub const MOISTURE_HANDLE: u16 = TABLE.handle(MOISTURE);
/// Handle of what waters.
pub const WATER_HANDLE: u16 = TABLE.handle(WATER);

/// The one button.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Can;

impl Button for Can {
    const ALL: &'static [Self] = &[Self];

    fn name(self) -> &'static str {
        "water"
    }
}

/// The pump, as one hears it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Pump(pub bool);

impl fmt::Display for Pump {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0 { "pump on" } else { "pump off" })
    }
}

/// The application: all that it knows.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Plant {
    moisture: u8,
    stops: Option<Instant>,
}

impl Default for Plant {
    fn default() -> Self {
        Self { moisture: 40, stops: None }
    }
}

impl Plant {
    fn water(&mut self, now: Instant, seconds: u8, out: &mut Effects<Pump>) {
        self.stops = Some(now + Duration::from_secs(seconds.into()));
        self.moisture = self.moisture.saturating_add(seconds).min(100);
        out.show(Pump(true));
        out.notify(MOISTURE_HANDLE);
    }
}

impl Application for Plant {
    type Button = Can;
    type Output = Pump;

    const NAME: &'static str = "plant";
    const ABOUT: &'static str = "a plant that tells how moist it is, and is watered";
    const GATT: Gatt = TABLE.gatt();

    fn handle(&mut self, now: Instant, event: Event<'_, Can>, out: &mut Effects<Pump>) -> Work {
        match event {
            Event::Button { pressed: true, .. } => self.water(now, 1, out),
            Event::Read { request, handle: MOISTURE_HANDLE } => {
                out.answer(request, Ok(&[self.moisture]));
            }
            Event::Write { request, handle: WATER_HANDLE, offset: 0, value } => match value {
                [seconds @ 1..=10] => {
                    self.water(now, *seconds, out);
                    out.answer(request, Ok(&[]));
                }
                [_] => out.answer(request, Err(AttError::VALUE_NOT_ALLOWED)),
                _ => out.answer(request, Err(AttError::INVALID_LENGTH)),
            },
            Event::Write { request, .. } => out.answer(request, Err(AttError::INVALID_OFFSET)),
            Event::Timer if self.stops.take_if(|at| *at <= now).is_some() => out.show(Pump(false)),
            _ => {}
        }
        Work::none(Level::Host)
    }

    fn deadline(&self) -> Option<Instant> {
        self.stops
    }

    fn armed(&self, tell: Tell<'_>) {
        if let Some(at) = self.stops {
            tell(Armed::until(What::Later("the pump"), at));
        }
    }
}
