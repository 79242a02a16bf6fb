//! `bletwin serve`.

use std::path::Path;

use bletwin_bridge::endpoint::Endpoint;
use bletwin_bridge::serve::{
    self, Address, Capture, EndpointSpec, Options, PeripheralSpec, Time, Watching,
};

use super::args::Serve;
use super::ending::{Exit, warn};
use super::typed;
use crate::interrupt;
use crate::meeting;
use crate::output::{Outputs, Stream};
use bletwin_setup::Setup;
use bletwin_setup::error::BadInput;

/// Name of an endpoint's link layer if no central is named: honest, with all that there is.
const FULL: &str = "full";
/// Where such an endpoint takes the rest from.
const BASE: &str = "honest";

pub(super) fn serve(options: &Serve) -> anyhow::Result<Exit> {
    let mut outputs = outputs(options);
    let options = read(options, &mut outputs)?;
    let mut out = outputs.console();
    match serve::serve(options, serve::signalled(interrupt::requested), &mut *out) {
        Ok(()) => Ok(Exit::Expected),
        Err(error) => Err(meeting::failed(error)),
    }
}

/// What describes the devices is not overwritten.
fn outputs(options: &Serve) -> Outputs {
    let centrals = options.endpoints.iter().filter_map(|text| text.rsplit_once('='));
    let centrals = centrals.map(|(_, file)| ("--endpoint", file));
    let peripherals = options.peripherals.iter().map(|file| ("--peripheral", file.as_str()));
    Outputs::reading(centrals.chain(peripherals))
}

fn read(options: &Serve, outputs: &mut Outputs) -> Result<Options, BadInput> {
    let time = time(options)?;
    let mut idle = Vec::new();
    let peripherals = options.peripherals.iter().map(|name| peripheral(options, name, &mut idle));
    let peripherals = peripherals.collect::<Result<Vec<_>, _>>()?;
    let endpoints = options.endpoints.iter().map(|text| endpoint(options, text, &mut idle));
    let endpoints = endpoints.collect::<Result<_, _>>()?;
    warn(&idle);
    let owner_confirms = match options.owner.as_str() {
        "yes" => true,
        "no" => false,
        other => return Err(wrong("--owner", other, "yes or no")),
    };
    let capture = options.pcapng.as_deref().map(|path| outputs.stream("--pcapng", path));
    let capture = capture.transpose()?.map(|Stream { file, replaces }| Capture { file, replaces });
    let (log, ladder, decrypted) = (options.log, options.ladder, options.decrypted);
    let watching = Watching { log, ladder, capture, decrypted };
    let (seed, keyboard) = (options.seed, !matches!(time, Time::Controlled(_)));
    let gdb = debugger(options.gdb, &peripherals, &time)?;
    Ok(Options { seed, endpoints, peripherals, owner_confirms, time, watching, keyboard, gdb })
}

/// A debugger halts the first chip, and with it the time that nobody else controls.
fn debugger(
    gdb: Option<u16>,
    peripherals: &[PeripheralSpec],
    time: &Time,
) -> Result<Option<u16>, BadInput> {
    if gdb.is_some() && !peripherals.iter().any(|peripheral| peripheral.chip.is_some()) {
        return Err(BadInput {
            what: "--gdb halts a chip, and there is none".into(),
            help: "give --peripheral elf=FILE; `bletwin chip build` builds one".into(),
        });
    }
    if gdb.is_some() && matches!(time, Time::Controlled(_)) {
        return Err(BadInput {
            what: "a debugger and a program cannot both control time".into(),
            help: "leave out --gdb, or --time controlled".into(),
        });
    }
    Ok(gdb)
}

fn wrong(option: &str, value: &str, right: &str) -> BadInput {
    BadInput { what: format!("{option} is `{value}`"), help: format!("give {right}") }
}

pub(super) fn time(options: &Serve) -> Result<Time, BadInput> {
    match (options.time.as_str(), &options.control) {
        ("controlled", Some(control)) => address(control).map(Time::Controlled),
        // The started program gets the address.
        ("controlled", None) if options.host.is_some() => address("tcp:0").map(Time::Controlled),
        ("controlled", None) => Err(BadInput {
            what: "nobody would control time".into(),
            help: "say where the program that does finds us: --control tcp:9100".into(),
        }),
        (_, Some(_)) => Err(BadInput {
            what: "there is a control port, but time is not controlled".into(),
            help: "add --time controlled".into(),
        }),
        (text, None) => typed::passing(text),
    }
}

fn address(text: &str) -> Result<Address, BadInput> {
    text.parse()
        .map_err(|what| BadInput { what, help: "`bletwin serve --help` has examples".into() })
}

/// Keys of the firmware, of the centrals; a run has a pair of them.
fn setup(options: &Serve, peripheral: &str, central: &str) -> Result<Setup, BadInput> {
    let mut setup = Setup::open(peripheral, central, options.seed)?;
    for assignment in &options.set {
        setup.set(assignment)?;
    }
    setup.check()?;
    Ok(setup)
}

/// `idle` takes what can have no effect.
fn peripheral(
    options: &Serve,
    name: &str,
    idle: &mut Vec<BadInput>,
) -> Result<PeripheralSpec, BadInput> {
    let setup = setup(options, name, BASE)?;
    idle.extend(setup.firmware_warnings());
    let Setup { peripheral: build, chip, air, .. } = setup;
    let stem = Path::new(name).file_stem().map(|stem| stem.to_string_lossy().into_owned());
    let name = if name.ends_with(".toml") || chip.is_some() {
        stem.unwrap_or_default()
    } else {
        name.to_owned()
    };
    Ok(PeripheralSpec { name, build, chip: chip.map(|image| (image, air.chip)) })
}

/// `idle` takes what can have no effect.
pub(super) fn endpoint(
    options: &Serve,
    text: &str,
    idle: &mut Vec<BadInput>,
) -> Result<EndpointSpec, BadInput> {
    let (at, named) = match text.rsplit_once('=') {
        Some((at, name)) if name != FULL => (at, Some(name)),
        Some((at, _)) => (at, None),
        None => (text, None),
    };
    let address = address(at)?;
    let setup = setup(options, "recommended", named.unwrap_or(BASE))?;
    idle.extend(setup.central_warnings());
    let mut controller = setup.central.controller;
    if named.is_none() {
        controller.features = controller.features.with(Endpoint::OFFERED);
    }
    let profile = named.unwrap_or(FULL);
    Ok(EndpointSpec { address, profile: profile.to_owned(), controller })
}
