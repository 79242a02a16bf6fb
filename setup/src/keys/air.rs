//! What can be set of the air, the clocks, the processor and the person, by `--set` alone.

use ble::time::Duration;
use bletwin_emulator::nrf52840::Revision;
use bletwin_models::profile::Millis;
use bletwin_schema::{Number, OrNever, Shape, ValueKind, Written, keys, words};

use crate::{Air, Person};

keys! {
    /// What can be set of the air, the clocks and the processor.
    pub static AIR: Air;

    "The air, the clocks and the processor" {
        /// Packets lost at random, beyond what noise does, percent.
        "loss": Percent = |a| a.loss_ppm;
        /// Packets lost besides, of those from central to peripheral, percent.
        "loss-to-peripheral": Percent = |a| a.more_loss.to_peripheral;
        /// Packets lost besides, of those from peripheral to central, percent.
        "loss-to-central": Percent = |a| a.more_loss.to_central;
        /// Packets lost besides, of those on LE 1M, percent; advertising is on it, too.
        "loss-1m": Percent = |a| a.more_loss.le_1m;
        /// Packets lost besides, of those on LE 2M, percent.
        "loss-2m": Percent = |a| a.more_loss.le_2m;
        /// Packets lost besides, of those on LE Coded, percent.
        "loss-coded": Percent = |a| a.more_loss.coded;
        /// Error of the peripheral's sleep clock, ppm; the central's is off the other way.
        "clock-ppm": Number<i32, -500, 500> = |a| a.clock_ppm;
        /// Distance between the two devices, metres.
        "distance": Number<u32, 1, 10_000> = |a| a.distance_m;
        /// How late the peripheral's host gets to work, ms; 0: as fast as the chip is.
        "host-latency": Number<u32, 0, 1_000> = |a| a.host_latency_ms;
        /// From when on and for how long the peripheral's host gets to nothing, ms after the start
        /// and ms: an application that keeps its work queue.
        "host-busy": OrNever<Busy> = |a| a.host_busy;
        /// From when on nothing arrives between the two devices, ms after the start.
        "out-of-reach": OrNever<Millis<1, 3_600_000>> = |a| a.out_of_reach;
        /// Revision of the emulated nRF52840, with a file that it runs: build code Cx0, Dx0 or Fx0,
        /// as the marking on the chip has it.
        "chip": Revisions = |a| a.chip;
    }
    "The person in front of the devices" {
        /// What the person does about a dialog of pairing; absent: nobody presses the pairing
        /// button either.
        "person": Persons = |a| a.person;
        /// How long the person takes from seeing to acting, ms.
        "reaction": Millis<100, 600_000> = |a| a.reaction;
    }
}

words! {
    /// Revisions of the chip.
    pub(super) Revisions: Revision {
        "rev1" => Revision::Rev1,
        "rev2" => Revision::Rev2,
        "rev3" => Revision::Rev3,
    }
}

words! {
    /// What the person does about a dialog.
    pub(super) Persons: Person {
        "right" => Person::Right,
        "wrong" => Person::Wrong,
        "cancels" => Person::Cancels,
        "absent" => Person::Absent,
    }
}

/// From when on, and for how long, milliseconds.
#[derive(Debug)]
enum Busy {}

/// Latest start and longest time.
type BusyMillis = Millis<1, 600_000>;

impl ValueKind for Busy {
    type Value = [Duration; 2];

    fn shape() -> Shape {
        let how = "FROM:LENGTH, each 1 to 600000".into();
        Shape::Form { how, words: Vec::new(), examples: vec!["1000:34000".into()] }
    }

    fn parse(text: &str) -> Option<[Duration; 2]> {
        let (from, length) = text.split_once(':')?;
        Some([BusyMillis::parse(from)?, BusyMillis::parse(length)?])
    }

    fn write([from, length]: &[Duration; 2]) -> Written {
        Written::Text(format!("{}:{}", from.as_us() / 1_000, length.as_us() / 1_000))
    }
}

/// Percent, kept in parts per million, so that the simulation itself stays integer.
#[derive(Debug)]
enum Percent {}

impl ValueKind for Percent {
    type Value = u32;

    fn shape() -> Shape {
        let examples = ["0", "0.5", "100"].map(str::to_owned).into();
        Shape::Form { how: "0 to 100".into(), words: Vec::new(), examples }
    }

    fn parse(text: &str) -> Option<u32> {
        let percent: f64 = text.parse().ok().filter(|p| (0.0..=100.0).contains(p))?;
        Some((percent * 10_000.0).round() as u32)
    }

    fn write(value: &u32) -> Written {
        Written::Text((f64::from(*value) / 10_000.0).to_string())
    }
}
