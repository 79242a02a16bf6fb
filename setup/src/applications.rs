//! The applications that a firmware can be built with, by name.
//!
//! The list is the program's: those that come with bletwin and, before them, the ones of a program
//! that calls [`add`] first of all. Nothing simulated reads it: a setup holds the application
//! itself.

use std::sync::OnceLock;

use bletwin_firmware_node::{Build, Tenant};
use bletwin_schema::{Shape, ValueKind, Written};

static ADDED: OnceLock<Vec<Tenant>> = OnceLock::new();

/// Adds a program's own applications, once and before any setup is read. The first becomes the
/// default application of a firmware.
///
/// # Errors
/// The applications, if that was done before or the list was read already.
pub fn add(applications: Vec<Tenant>) -> Result<(), Vec<Tenant>> {
    ADDED.set(applications)
}

/// All applications: the program's own, then the built-in ones. Of two with one name the first
/// counts.
#[must_use]
pub fn all() -> Vec<Tenant> {
    let mut all: Vec<Tenant> = Vec::new();
    let known = [
        Tenant::new(led_button::LedButton::default()),
        Tenant::new(led_button::SecondLedButton::default()),
        Tenant::new(thermometer::Thermometer::default()),
        Tenant::new(water_meter::WaterMeter::default()),
    ];
    for one in ADDED.get_or_init(Vec::new).iter().cloned().chain(known) {
        if all.iter().all(|other| other.name() != one.name()) {
            all.push(one);
        }
    }
    all
}

/// The one of that name.
#[must_use]
pub fn find(name: &str) -> Option<Tenant> {
    all().into_iter().find(|one| one.name() == name)
}

/// The one that a firmware has unless it says otherwise.
#[must_use]
pub fn default() -> Tenant {
    let added = ADDED.get_or_init(Vec::new).first().cloned();
    added.unwrap_or_else(|| Tenant::new(led_button::LedButton::default()))
}

/// The application after a firmware update: the chosen one, or the next edition, which has `-2`
/// after its name. `None`: there is none.
#[must_use]
pub fn updated(build: &Build) -> Option<Tenant> {
    let next = || find(&format!("{}-2", build.application.name()));
    build.update.clone().or_else(next)
}

/// The application after an update, as a key takes it.
#[derive(Debug)]
pub(crate) enum Updates {}

const NEXT: &str = "next";

impl ValueKind for Updates {
    type Value = Option<Tenant>;

    fn shape() -> Shape {
        let names = all().iter().map(Tenant::name).collect::<Vec<_>>();
        Shape::Words([&[NEXT][..], &names].concat())
    }

    fn parse(text: &str) -> Option<Option<Tenant>> {
        if text == NEXT { Some(None) } else { find(text).map(Some) }
    }

    fn write(value: &Option<Tenant>) -> Written {
        Written::Text(value.as_ref().map_or(NEXT, Tenant::name).into())
    }
}

/// An application by its name, as a key takes it.
#[derive(Debug)]
pub(crate) enum Applications {}

impl ValueKind for Applications {
    type Value = Tenant;

    fn shape() -> Shape {
        Shape::Words(all().iter().map(Tenant::name).collect())
    }

    fn parse(text: &str) -> Option<Tenant> {
        find(text)
    }

    fn write(value: &Tenant) -> Written {
        Written::Text(value.name().into())
    }
}
