//! `bletwin serve --central`: a model central meets the user's own host.

use std::io::Write;

use anyhow::Context as _;
use bletwin_bridge::serve::{Capture, Time, Watching};
use bletwin_explain::html::{self, Exhibit};
use bletwin_scenarios::catalogue;
use bletwin_scenarios::guest::Guest;
use bletwin_setup::Setup;
use bletwin_setup::error::BadInput;

use super::args::Serve;
use super::ending::{Exit, warn};
use super::run::{Printed, print};
use super::{junit, serve};
use crate::guest::Program;
use crate::junit::Case;
use crate::meeting::{Invitation, Met, WHOSE, meet, nobody_came};
use crate::output::{Outputs, Stream};

pub(super) fn run(options: &Serve, central: &str) -> anyhow::Result<Exit> {
    let mut outputs = outputs(options, central)?;
    junit::reported(options.junit.as_deref(), "bletwin serve", &mut outputs, |outputs| {
        play(options, central, outputs)
    })
}

fn outputs(options: &Serve, central: &str) -> Result<Outputs, BadInput> {
    let mut outputs = Outputs::reading([("--central", central)]);
    if options.json {
        outputs.take_standard_output("--json")?;
    }
    Ok(outputs)
}

fn play(
    options: &Serve,
    central: &str,
    outputs: &mut Outputs,
) -> anyhow::Result<(Exit, Vec<Case>)> {
    let (endpoint, time) = checked(options)?;
    let scenario = catalogue::by_name(&options.scenario)?;
    let mut address = endpoint.address.clone();
    let page = outputs.maybe("--html", options.html.as_deref())?;
    let capture = options.pcapng.as_deref().map(|path| outputs.stream("--pcapng", path));
    let mut capture =
        capture.transpose()?.map(|Stream { file, replaces }| Capture { file, replaces });
    // Progress messages are not JSON.
    let mut out = if options.json { Box::new(anstream::stderr()) } else { outputs.console() };
    writeln!(out, "{WHOSE}")?;
    let (mut cases, mut passed, mut last) = (Vec::new(), 0_u64, None);
    for seed in (options.seed..).take(usize::try_from(options.repeat).unwrap_or(usize::MAX)) {
        let setup = setup(options, central, seed)?;
        if seed == options.seed {
            warn(&setup.central_warnings());
        }
        let guest = Guest {
            name: options.name.clone(),
            controller: endpoint.controller.clone(),
            level: options.level,
            passkey: options.passkey,
        };
        let watching = Watching {
            log: false,
            ladder: options.ladder,
            capture: capture.take(),
            decrypted: options.decrypted,
        };
        let invitation = Invitation {
            scenario,
            setup: &setup,
            guest,
            endpoint: (address.clone(), endpoint.profile.clone()),
            time: time.clone(),
            watching,
            keyboard: !matches!(time, Time::Controlled(_)),
            program: program(options, seed),
        };
        let mut found = None;
        let finished = match meet(invitation, &mut found, &mut *out)? {
            Met::Interrupted => return Ok((Exit::Interrupted, Vec::new())),
            Met::NobodyCame(why) => return Err(nobody_came(why).into()),
            Met::Played(finished, _) => finished,
        };
        // The next meeting is at the same place.
        address = found.unwrap_or(address);
        passed += u64::from(finished.passed());
        cases.push(junit::of_run("serve", &options.set, &finished));
        // The ladder was printed while it happened.
        let printed = Printed { json: options.json, ..Printed::default() };
        let mut console = outputs.console();
        print(printed, &finished, &mut *console)?;
        console.flush()?;
        last = Some(finished);
    }
    if options.repeat > 1 && !options.json {
        writeln!(out, "\n{passed} of {} passed", options.repeat)?;
    }
    if let (Some(output), Some(finished)) = (page, last) {
        let path = output.path().to_owned();
        let exhibit = Exhibit::of(&finished);
        let title = format!("{}: {}", finished.summary.scenario, exhibit.heading);
        output
            .commit(|w| html::page(&title, &[exhibit], w))
            .with_context(|| format!("writing {}", path.display()))?;
    }
    let exit = if passed == options.repeat { Exit::Expected } else { Exit::Unexpected };
    Ok((exit, cases))
}

fn checked(options: &Serve) -> Result<(bletwin_bridge::serve::EndpointSpec, Time), BadInput> {
    let wrong = |what: &str, help: &str| BadInput { what: what.into(), help: help.into() };
    let [endpoint] = options.endpoints.as_slice() else {
        return Err(wrong("a model central meets one host", "give one --endpoint with --central"));
    };
    if !options.peripherals.is_empty() {
        return Err(wrong(
            "with --central your host is the peripheral",
            "leave --peripheral out; `bletwin run --peripheral … --central …` plays firmware",
        ));
    }
    if options.log {
        return Err(wrong(
            "--log prints the log of firmware, and the peripheral is your host",
            "leave it out; --ladder prints what is on air",
        ));
    }
    if options.repeat > 1 && options.pcapng.is_some() {
        return Err(wrong("--pcapng holds one meeting", "leave --repeat or --pcapng out"));
    }
    Ok((serve::endpoint(options, endpoint, &mut Vec::new())?, serve::time(options)?))
}

fn setup(options: &Serve, central: &str, seed: u64) -> Result<Setup, BadInput> {
    let mut setup = Setup::open("recommended", central, seed)?;
    for assignment in &options.set {
        setup.set(assignment)?;
    }
    setup.check()?;
    Ok(setup)
}

fn program(options: &Serve, seed: u64) -> Option<Program> {
    let command = options.host.clone()?;
    Some(Program { command, seed, prints: !options.json })
}
