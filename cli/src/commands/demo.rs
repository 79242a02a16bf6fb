//! `bletwin demo`: the founding case in four runs.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::Context;

use super::args::Demo;
use super::ending::Exit;
use super::style;
use crate::output::Output;
use crate::{debugger, interrupt, program};
use bletwin_explain::report;
use bletwin_scenarios::catalogue;
use bletwin_scenarios::stage::{Finished, Stage};
use bletwin_scenarios::summary::{Phys, Summary, Verdict};
use bletwin_setup::error::BadInput;
use bletwin_setup::{Setup, applications, chip};

/// One of the four runs.
struct Part {
    title: &'static str,
    file: &'static str,
    central: &'static str,
    set: &'static [&'static str],
    holds: fn(&Summary) -> bool,
    expected: &'static str,
}

/// The application of the founding case.
const LED_BUTTON: &str = "led-button";
/// The case is that of its application, whatever the program has besides, and that of its
/// configuration, where a chip has a page for that.
const ITS_APPLICATION: &str = "app=led-button";
const ITS_PRESET: &str = "preset=zephyr-2024";

const fn bonded_at_level_4(s: &Summary) -> bool {
    matches!(s.outcome, Verdict::Bonded) && matches!(s.security_level, Some(4))
}

const PARTS: [Part; 4] = [
    Part {
        title: "the firmware as shipped, with a phone",
        file: "1-phone",
        central: "phone",
        set: &[],
        holds: bonded_at_level_4,
        expected: "bond, level 4",
    },
    Part {
        title: "the same firmware, with the laptop",
        file: "2-laptop",
        central: "windows-intel",
        set: &[],
        holds: |s| {
            matches!(s.outcome, Verdict::Disconnected)
                && s.disconnect_reason == Some(8)
                && s.security_err == Some(9)
        },
        expected: "no bond: err 9, reason 8",
    },
    Part {
        title: "with PHY updates off, with the laptop",
        file: "3-never",
        central: "windows-intel",
        set: &["phy-update=never"],
        holds: bonded_at_level_4,
        expected: "bond, level 4",
    },
    Part {
        title: "with the PHY update after bonding, with the laptop",
        file: "4-after-bonding",
        central: "windows-intel",
        set: &["phy-update=after-bonding"],
        holds: |s| bonded_at_level_4(s) && matches!(s.phy, Some(Phys { tx: 2, rx: 2 })),
        expected: "bond, level 4, then 2M",
    },
];

pub(super) fn demo(options: &Demo) -> anyhow::Result<Exit> {
    let (parts, own) = parts(options)?;
    let captures = prepare(&options.out, &parts)?;
    let mut out = anstream::stdout().lock();
    writeln!(out, "{}", style::heading("It pairs with my phone, but not with that laptop."))?;
    writeln!(
        out,
        "{}",
        report::wrap(
            "A peripheral (LED Button Service, passkey, security level 4) bonds with a phone. With \
             one laptop it dies after some 15 s. Four runs of the firmware's own link layer and \
             host against models of both, on a simulated air, show where and why.",
            88
        )
    )?;
    let mut rows = Vec::new();
    for (number, (part, [air, decrypted])) in parts.iter().copied().zip(captures).enumerate() {
        let started = Instant::now();
        let Some(finished) = play(part, own, options)? else {
            return Ok(Exit::Interrupted);
        };
        let wall_ms = started.elapsed().as_millis();
        for (output, decrypt) in [(air, false), (decrypted, true)] {
            let path = output.path().to_owned();
            output
                .commit(|w| report::capture(&finished, decrypt, w))
                .with_context(|| format!("writing {}", path.display()))?;
        }
        print_part(&mut out, number + 1, part, own, options, &finished)?;
        let holds = (part.holds)(&finished.summary) && finished.judgement.unexpected.is_empty();
        rows.push((holds, part, finished.summary, wall_ms));
    }
    conclude(&mut out, &rows, &options.out)?;
    Ok(if rows.iter().all(|(holds, ..)| *holds) { Exit::Expected } else { Exit::Unexpected })
}

/// The four runs, or those of a file that is built already, has made its choice, and has no
/// configuration page: the cures are for firmware that has not. And what is set for all of them.
fn parts(options: &Demo) -> Result<(Vec<&'static Part>, Option<&'static str>), BadInput> {
    let all = PARTS.iter();
    match &options.peripheral {
        None => {
            // Not needed if it is a firmware's default.
            let other = applications::default().name() != LED_BUTTON;
            Ok((all.collect(), other.then_some(ITS_APPLICATION)))
        }
        Some(file) if file.starts_with(chip::PREFIX) => {
            if Setup::open(file, PARTS[0].central, options.seed)?.has_page() {
                return Ok((all.collect(), Some(ITS_PRESET)));
            }
            Ok((all.filter(|part| part.set.is_empty()).collect(), None))
        }
        Some(other) => Err(BadInput {
            what: format!("the founding case is that of one firmware, not of `{other}`"),
            help: "give elf=FILE, or leave out --peripheral; `bletwin run` takes any".into(),
        }),
    }
}

fn prepare(folder: &Path, parts: &[&Part]) -> anyhow::Result<Vec<[Output; 2]>> {
    std::fs::create_dir_all(folder).map_err(|error| BadInput {
        what: format!("cannot make the folder {}: {error}", folder.display()),
        help: "name another one with --out FOLDER".into(),
    })?;
    let path = |name: String| -> PathBuf { folder.join(name) };
    parts
        .iter()
        .map(|part| {
            Ok([
                Output::prepare(&path(format!("{}.pcapng", part.file)))?,
                Output::prepare(&path(format!("{}-decrypted.pcapng", part.file)))?,
            ])
        })
        .collect()
}

fn firmware(options: &Demo) -> &str {
    options.peripheral.as_deref().unwrap_or("zephyr-2024")
}

fn play(part: &Part, own: Option<&str>, options: &Demo) -> anyhow::Result<Option<Finished>> {
    let mut setup = Setup::open(firmware(options), part.central, options.seed)?;
    let set = part.set.iter().copied().chain(options.set.iter().map(String::as_str));
    for assignment in own.into_iter().chain(set) {
        setup.set(assignment)?;
    }
    let mut stage = Stage::new(catalogue::by_name("pairing")?, &setup);
    let over = match options.gdb {
        Some(port) => debugger::run(&mut stage, port)?,
        None => stage.run(interrupt::requested),
    };
    Ok(over.then(|| stage.finish()))
}

fn print_part(
    out: &mut impl Write,
    number: usize,
    part: &Part,
    own: Option<&str>,
    options: &Demo,
    run: &Finished,
) -> anyhow::Result<()> {
    writeln!(out, "\n{}", style::heading(&format!("{number}. {}", part.title)))?;
    let command =
        std::iter::once(format!("{} run pairing --central {}", program::name(), part.central))
            .chain(options.peripheral.iter().map(|file| format!("--peripheral {file}")))
            .chain(own.map(|set| format!("--set {set}")))
            .chain(part.set.iter().map(|s| format!("--set {s}")))
            .chain(options.set.iter().map(|s| format!("--set {s}")))
            .collect::<Vec<_>>()
            .join(" ");
    writeln!(out, "   {}", style::faint(&command))?;
    if let Some(cpu) = report::processor(run).filter(|_| options.cpu) {
        writeln!(out, "   {}\n{}", style::heading("Processor"), indent(&cpu))?;
    }
    if let Some(charge) = report::charge(run).filter(|_| options.cpu) {
        writeln!(out, "   {}\n{}", style::heading("Charge"), indent(&charge))?;
    }
    let failed = run.summary.outcome != Verdict::Bonded;
    writeln!(out, "{}", indent(&report::story(run)))?;
    if let Some(violations) = report::violations(run) {
        writeln!(out, "   {}\n{}", style::heading("Rules broken"), indent(&violations))?;
    }
    if failed {
        writeln!(out, "   {}", style::heading("What the device logged"))?;
        writeln!(out, "{}", indent(&report::log(run)))?;
        writeln!(out, "   {}", style::heading("The decisive PDUs"))?;
        let legend = "time in s, connection event, C the central, P the peripheral, what was sent";
        writeln!(out, "   {}", style::faint(legend))?;
        writeln!(out, "{}", indent(&report::decisive_ladder(run)))?;
        if let Some(why) = report::why(run) {
            writeln!(out, "   {}", style::heading("Why"))?;
            writeln!(out, "{}", indent(&report::wrap(&why, 86)))?;
        }
    }
    Ok(())
}

fn conclude(
    out: &mut impl Write,
    rows: &[(bool, &Part, Summary, u128)],
    folder: &Path,
) -> anyhow::Result<()> {
    writeln!(out, "\n{}", style::heading("Verdict"))?;
    writeln!(
        out,
        "   {:<4}{:<52}{:<26}{:>9}{:>9}",
        "run", "", "expected and found", "simulated", "wall"
    )?;
    for (number, (holds, part, summary, wall_ms)) in rows.iter().enumerate() {
        let found = if *holds {
            style::good(&format!("{:<26}", part.expected))
        } else {
            style::bad(&format!("{:<26}", "not as expected"))
        };
        writeln!(
            out,
            "   {:<4}{:<52}{found}{:>7.1} s{wall_ms:>6} ms",
            number + 1,
            part.title,
            summary.sim_seconds,
        )?;
    }
    if rows.len() < PARTS.len() || rows.iter().any(|(holds, ..)| !holds) {
        return Ok(());
    }
    let cure = "Same firmware code, same laptop, one choice changed: when the peripheral asks for \
                another PHY. Never asking cures it; asking after bonding cures it and keeps 2M.";
    writeln!(out, "\n{}", indent(&report::wrap(cure, 86)))?;
    writeln!(
        out,
        "   Captures for Wireshark, as on air and decrypted: {}",
        folder.join("*.pcapng").display()
    )?;
    Ok(())
}

fn indent(text: &str) -> String {
    text.lines().map(|line| format!("   {line}")).collect::<Vec<_>>().join("\n")
}
