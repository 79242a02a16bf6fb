//! `bletwin explain`.

use std::io::Write;
use std::path::PathBuf;

use anyhow::Context;
use bletwin_evidence::{Report, Trust};
use bletwin_explain::captured::{self, Explained, Naming};
use bletwin_explain::html;
use bletwin_explain::report::wrap;
use bletwin_setup::error::BadInput;
use bletwin_sim::report::ladder::{ladder, substantial};
use clap::Args;
use serde::Serialize;

use super::capture::{self, Capture, GivenKeys};
use super::ending::Exit;
use super::style;
use crate::output::Outputs;

/// How wide a line is at most, in characters.
const WIDTH: usize = 88;

/// Options of `bletwin explain`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    bletwin explain case.pcapng                    what went wrong in it, and why\n  \
    bletwin explain case.pcapng --ltk 4C68384139F574D836BCF34E9DFB01BF\n  \
    bletwin explain air.pcapng --ladder | less     every PDU that is not empty\n  \
    bletwin run pairing --central windows-intel --pcapng air.pcapng; bletwin explain air.pcapng\n\n\
    Several files are parts of one session, of one clock. docs/EVIDENCE.md tells how to get a\n\
    capture, what is believed of it and which rules it decides.\n\n\
    Exit status: 0 nothing went wrong that this evidence shows, 1 something did, 2 bad input,\n\
    130 interrupted.")]
pub struct Explain {
    /// Captures of a sniffer (pcap, pcapng); `-` is standard input.
    #[arg(value_name = "FILE", required = true)]
    pub files: Vec<PathBuf>,
    /// Keys of links and of private addresses.
    #[command(flatten)]
    pub keys: GivenKeys,
    /// Print addresses beside the letters that devices are called by.
    #[arg(long)]
    pub show_addresses: bool,
    /// Print every PDU that is not empty.
    #[arg(long)]
    pub ladder: bool,
    /// Write a page that shows each connection, drawn to time, with the gaps in the capture.
    #[arg(long, value_name = "FILE")]
    pub html: Option<PathBuf>,
    /// As JSON, see docs/JSON.md.
    #[arg(long, conflicts_with = "ladder")]
    pub json: bool,
}

pub(super) fn explain(options: &Explain) -> anyhow::Result<Exit> {
    let mut outputs = outputs(options)?;
    let page = outputs.maybe("--html", options.html.as_deref())?;
    // A page or ladder needs all packets.
    let read = match page.is_some() || options.ladder {
        true => Capture::read(&options.files, &options.keys)?
            .map(|Capture { view, report, explained }| (Some(view), report, explained)),
        false => capture::explained(&options.files, &options.keys)?
            .map(|(report, explained)| (None, report, explained)),
    };
    let Some((view, report, explained)) = read else { return Ok(Exit::Interrupted) };
    let names = explained.names(options.show_addresses);
    if let (Some(output), Some(view)) = (page, view) {
        let path = output.path().to_owned();
        let capture = html::Capture { view: &view, explained: &explained, names: &names };
        let files: Vec<&str> = report.files.iter().map(|file| file.name.as_str()).collect();
        output
            .commit(|w| capture.page(&files.join(", "), w))
            .with_context(|| format!("writing {}", path.display()))?;
    }
    let mut out = outputs.console();
    match options.json {
        true => json(&explained, &report, &names, &mut out)?,
        false => words(options, &explained, &report, &names, &mut out)?,
    }
    let wrong = !explained.examined.findings.is_empty()
        || explained.links.iter().any(|link| link.concern.is_some())
        || explained.logs.iter().any(captured::logs::Logged::is_wrong);
    Ok(if wrong { Exit::Unexpected } else { Exit::Expected })
}

/// With `--json` standard output is for programs; inputs are never overwritten.
fn outputs(options: &Explain) -> Result<Outputs, BadInput> {
    let read = options.files.iter().filter_map(|file| Some(("FILE", file.to_str()?)));
    let mut outputs = Outputs::reading(read);
    if options.json {
        outputs.take_standard_output("--json")?;
    }
    Ok(outputs)
}

fn words(
    options: &Explain,
    explained: &Explained,
    report: &Report,
    names: &Naming,
    out: &mut dyn Write,
) -> anyhow::Result<()> {
    for line in lines_of(report) {
        writeln!(out, "{}", style::faint(&line))?;
    }
    if options.ladder {
        writeln!(out, "\n{}", style::heading("On air"))?;
        writeln!(out, "{}", names.hide(&ladder(&explained.items, substantial)))?;
    }
    if let Some(lines) = explained.logged(names) {
        writeln!(out, "\n{}\n{lines}", style::heading("In hosts' logs"))?;
    }
    if explained.links.is_empty() && !explained.logs.is_empty() {
        // What there is to say has been said.
    } else if explained.links.is_empty() {
        let none = "There is no connection in it: nobody was heard to connect. A sniffer that \
                    follows a device has to be told which one before it connects.";
        writeln!(out, "\n{}", wrap(none, WIDTH))?;
    } else {
        writeln!(out, "\n{}", explained.connections(names).trim_end())?;
    }
    let sections = [
        ("Rules broken", explained.violations(names)),
        ("Recommendations not followed", explained.observations(names)),
    ];
    for (heading, lines) in sections {
        if let Some(lines) = lines {
            writeln!(out, "\n{}\n{lines}", style::heading(heading))?;
        }
    }
    writeln!(out, "\n{}\n{}", style::heading("Judged"), wrap(&explained.judged(), WIDTH))?;
    Ok(())
}

/// The files read, and their reliability.
fn lines_of(report: &Report) -> Vec<String> {
    let mut lines = Vec::new();
    for file in &report.files {
        let mut line = format!("{}: {}, {} records", file.name, file.format.name(), file.records);
        if file.unread > 0 {
            line.push_str(&format!(", {} of them neither air nor HCI", file.unread));
        }
        if let Some(stop) = &file.stop {
            line.push_str(&format!("; {stop}"));
        }
        lines.push(line);
        lines.extend(file.notes.iter().map(|note| format!("  {note}")));
        for interface in &file.interfaces {
            let trust = &interface.trust;
            let Trust { clock, crc, channels, coding, plain, .. } = trust;
            let why = [&clock.why, &crc.why, &channels.why, &coding.why, &plain.why];
            lines.extend(
                why.into_iter().filter(|why| !why.is_empty()).map(|why| format!("  {why}")),
            );
            if trust.own_log.value {
                lines.push(format!("  {}", trust.own_log.why));
            }
        }
    }
    if report.damaged > 0 {
        lines.push(format!("  {} packets arrived damaged and count as missing", report.damaged));
    }
    lines
}

/// What `--json` prints.
#[derive(Serialize)]
struct Json<'a> {
    files: Vec<FileRead<'a>>,
    damaged: u64,
    #[serde(flatten)]
    told: captured::Json,
}

#[derive(Serialize)]
struct FileRead<'a> {
    name: &'a str,
    format: &'static str,
    records: u64,
    unread: u64,
    stop: Option<String>,
    trust: Vec<&'a str>,
}

fn json(
    explained: &Explained,
    report: &Report,
    names: &Naming,
    out: &mut dyn Write,
) -> anyhow::Result<()> {
    let files = report.files.iter().map(|file| FileRead {
        name: &file.name,
        format: file.format.name(),
        records: file.records,
        unread: file.unread,
        stop: file.stop.as_ref().map(ToString::to_string),
        trust: file.interfaces.iter().map(|i| i.trust.clock.why.as_str()).collect(),
    });
    let told = captured::json(explained, names);
    let json = Json { files: files.collect(), damaged: report.damaged, told };
    serde_json::to_writer(&mut *out, &json)?;
    writeln!(out)?;
    Ok(())
}
