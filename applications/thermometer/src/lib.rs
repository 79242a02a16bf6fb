//! A thermometer (Health Thermometer Service): notified every second, indicated every five seconds,
//! and open: no attribute needs security, so no central has to pair.
//!
//! ```
//! use ble::{random::Entropy, time::Instant};
//! use firmware_core::config::Config;
//! use firmware_core::peripheral::{Input, Peripheral};
//! use thermometer::Thermometer;
//!
//! let application = Thermometer::default();
//! let mut device: Peripheral<Thermometer, 1> =
//!     Peripheral::new(Config::recommended(), application, &Entropy::new([7; 32]));
//! device.handle(Instant::ZERO, Input::Start);
//! assert!(device.pending().is_some(), "its host has work to do");
//! ```
#![no_std]
#![forbid(unsafe_code)]

use core::fmt;

use ble::log::Severity;
use ble::time::{Duration, Instant};
use ble::work::{Level, Work};
use firmware_core::application::{Application, Effects, Event, Nothing};
use firmware_core::host::gatt::table::{Characteristic, Table};
use firmware_core::host::gatt::{Gatt, Uuid};

/// Health Thermometer Service, as advertised.
pub const SERVICE: Uuid = Uuid::short(0x1809);
/// Temperature Measurement: indicated.
pub const MEASUREMENT: Uuid = Uuid::short(0x2A1C);
/// Temperature Type: read.
pub const TYPE: Uuid = Uuid::short(0x2A1D);
/// Intermediate Temperature: notified.
pub const INTERMEDIATE: Uuid = Uuid::short(0x2A1E);
/// Measurement Interval: read.
pub const INTERVAL: Uuid = Uuid::short(0x2A21);

/// Appearance: generic thermometer.
const APPEARANCE: [u8; 2] = 0x0300_u16.to_le_bytes();
/// Temperature Type: body (general).
const BODY: u8 = 2;
/// Seconds between two measurements that are indicated.
const SECONDS: u8 = 5;

/// All attributes: those of every device, then the service and its four characteristics.
pub static TABLE: Table<28> = Table::new("Thermometer", &APPEARANCE)
    .advertised(SERVICE)
    .characteristic(Characteristic::new(MEASUREMENT).indicates())
    .characteristic(Characteristic::new(TYPE).readable().constant(&[BODY]))
    .characteristic(Characteristic::new(INTERMEDIATE).notifies())
    .characteristic(Characteristic::new(INTERVAL).readable().constant(&[SECONDS, 0]));

/// Handle of Temperature Measurement's value.
pub const MEASUREMENT_HANDLE: u16 = TABLE.handle(MEASUREMENT);
/// Handle of Intermediate Temperature's value.
pub const INTERMEDIATE_HANDLE: u16 = TABLE.handle(INTERMEDIATE);

/// What the display shows, in hundredths of a degree Celsius.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Reading(pub u16);

impl fmt::Display for Reading {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{:02} °C", self.0 / 100, self.0 % 100)
    }
}

/// The thermometer: it measures while at least one central is connected.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Thermometer {
    connections: u8,
    /// The next second, while a central is connected.
    next: Option<Instant>,
    seconds: u32,
}

impl Thermometer {
    /// What a sensor would say: it warms up on the skin.
    fn reading(&self) -> Reading {
        Reading(3_580 + self.seconds.min(120) as u16)
    }

    /// Flags (Celsius, no time, no type) and an IEEE 11073 FLOAT with exponent -2.
    fn value(&self) -> [u8; 5] {
        let [low, high] = self.reading().0.to_le_bytes();
        [0x00, low, high, 0, 0xFE]
    }

    fn second(&mut self, now: Instant, out: &mut Effects<Reading>) {
        self.next = Some(now + Duration::from_secs(1));
        self.seconds = self.seconds.wrapping_add(1);
        out.notify(INTERMEDIATE_HANDLE);
        if self.seconds.is_multiple_of(SECONDS.into()) {
            out.show(self.reading());
            out.indicate(MEASUREMENT_HANDLE);
        }
    }
}

impl Application for Thermometer {
    type Button = Nothing;
    type Output = Reading;

    const NAME: &'static str = "thermometer";
    const ABOUT: &'static str = "Health Thermometer: notifications and indications, nobody pairs";
    const GATT: Gatt = TABLE.gatt();

    fn handle(
        &mut self,
        now: Instant,
        event: Event<'_, Nothing>,
        out: &mut Effects<Reading>,
    ) -> Work {
        match event {
            Event::Connected { .. } => {
                self.connections = self.connections.saturating_add(1);
                self.next.get_or_insert(now + Duration::from_secs(1));
            }
            Event::Disconnected { .. } => {
                self.connections = self.connections.saturating_sub(1);
                if self.connections == 0 {
                    self.next = None;
                }
            }
            Event::Timer if self.next.is_some_and(|next| next <= now) => self.second(now, out),
            Event::Read { request, handle: MEASUREMENT_HANDLE | INTERMEDIATE_HANDLE } => {
                out.answer(request, Ok(&self.value()));
            }
            Event::Confirmed { ok: true, .. } => out.log(Severity::Info, "Measurement confirmed"),
            _ => {}
        }
        Work::none(Level::Host)
    }

    fn deadline(&self) -> Option<Instant> {
        self.next
    }
}

#[cfg(test)]
mod tests {
    extern crate std;

    use ble::error::ErrorCode;
    use ble::hci::Handle;
    use firmware_core::application::Effect;
    use std::vec::Vec;

    use super::*;

    /// An application needs no world to be tested: it is called.
    #[test]
    fn it_measures_each_second_while_a_central_is_connected() {
        let mut thermometer = Thermometer::default();
        let connection = Handle(0);
        let mut at = Instant::from_us(7);
        let _ = thermometer.handle(at, Event::Connected { connection }, &mut Effects::new());
        let mut indicated = Vec::new();
        for second in 1..=1_000 {
            at = thermometer.deadline().unwrap();
            let mut effects = Effects::new();
            let _ = thermometer.handle(at, Event::Timer, &mut effects);
            let notify = Effect::Notify(None, INTERMEDIATE_HANDLE);
            assert!(effects.iter().any(|effect| *effect == notify));
            let indicate = Effect::Indicate(None, MEASUREMENT_HANDLE);
            indicated.extend(effects.iter().any(|effect| *effect == indicate).then_some(second));
        }
        assert!(indicated.iter().copied().eq((5..=1_000).step_by(5)));
        assert_eq!(at, Instant::from_us(1_000_000_007));
        let reason = ErrorCode::REMOTE_USER_TERMINATED;
        let gone = Event::Disconnected { connection, reason };
        let _ = thermometer.handle(at, gone, &mut Effects::new());
        assert_eq!(thermometer.deadline(), None);
    }

    #[test]
    fn a_measurement_is_a_float_of_hundredths() {
        let thermometer = Thermometer { seconds: 10, ..Thermometer::default() };
        // 3590 × 10^-2.
        assert_eq!(thermometer.value(), [0, 0x06, 0x0E, 0, 0xFE]);
        assert_eq!(std::format!("{}", thermometer.reading()), "35.90 °C");
    }
}
