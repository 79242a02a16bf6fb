//! Captures that a command reads: opened, followed, explained.

use std::fs::File;
use std::io::{self, BufReader, IsTerminal};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use bletwin_evidence::{
    Evidence, KeyError, Keys, NotEvidence, Options, Packed, Reading, Reason, Report, Source, pack,
};
use bletwin_explain::captured::logs::{Data, add_data};
use bletwin_explain::captured::{self, Aside, Explained};
use bletwin_setup::error::BadInput;
use bletwin_sniffer::{RecordId, View};
use clap::Args;
use indicatif::{HumanCount, ProgressBar, ProgressStyle};

use crate::interrupt;

/// Keys that the user has.
#[derive(Clone, Debug, Default, Args)]
pub struct GivenKeys {
    /// Long term key of a bond, 32 hexadecimal digits, either end first. May be repeated.
    #[arg(long, value_name = "HEX")]
    pub ltk: Vec<String>,
    /// Identity resolving key of a device, 32 hexadecimal digits, either end first: its private
    /// addresses are one device then. May be repeated.
    #[arg(long, value_name = "HEX")]
    pub irk: Vec<String>,
}

impl GivenKeys {
    /// Whether there is none.
    pub(super) const fn is_empty(&self) -> bool {
        self.ltk.is_empty() && self.irk.is_empty()
    }

    fn read(&self) -> Result<Keys, BadInput> {
        let mut keys = Keys::default();
        let bad = |what: &str, error: KeyError| BadInput {
            what: format!("{what} is no key"),
            help: error.to_string(),
        };
        for hex in &self.ltk {
            keys.give_hex(hex).map_err(|error| bad("--ltk", error))?;
        }
        for hex in &self.irk {
            keys.give_irk_hex(hex).map_err(|error| bad("--irk", error))?;
        }
        Ok(keys)
    }
}

/// Files of one session, read.
pub(super) struct Capture {
    /// The captured packets.
    pub(super) view: View,
    /// How it was read.
    pub(super) report: Report,
    /// The explanation of the packets.
    pub(super) explained: Explained,
}

impl Capture {
    /// Reads files of one session; `None`: the user has had enough.
    pub(super) fn read(files: &[PathBuf], keys: &GivenKeys) -> Result<Option<Self>, BadInput> {
        let packed = packed(files, keys)?;
        Ok(packed.map(Self::unpack))
    }

    /// Explains it as a whole.
    fn unpack(packed: Packed) -> Self {
        let Evidence { view, hci, report } = packed.unpack();
        let mut explained = captured::explain(&view);
        /// The indicator of data on H4.
        const DATA: u8 = 2;
        let data = hci.iter().filter(|packet| packet.indicator == DATA);
        let data = data.map(|packet| Data {
            at: packet.at,
            node: packet.node,
            to_host: packet.to_host,
            octets: &packet.octets,
        });
        add_data(&mut explained.logs, data);
        for (record, aside) in aside(&report) {
            explained.set_aside(record, aside);
        }
        Self { view, report, explained }
    }
}

/// Whether a file is a host's log, and has nothing of the air; `None`: the user has had enough.
/// What can be read once only is taken for a capture.
pub(super) fn is_log(file: &Path, keys: &GivenKeys) -> Result<Option<bool>, BadInput> {
    let again = std::fs::metadata(file).is_ok_and(|found| found.is_file());
    if !again {
        return Ok(Some(false));
    }
    let Some(packed) = packed(&[file.to_owned()], keys)? else { return Ok(None) };
    let files = &packed.report().files;
    let heard = files.iter().any(|file| !file.interfaces.is_empty());
    Ok(Some(!heard && files.iter().any(|file| file.hci > 0)))
}

/// Explains files of one session without keeping their packets: a long capture takes a tenth of the
/// memory. `None`: the user has had enough.
pub(super) fn explained(
    files: &[PathBuf],
    keys: &GivenKeys,
) -> Result<Option<(Report, Explained)>, BadInput> {
    let Some(packed) = packed(files, keys)? else { return Ok(None) };
    if packed.has_hosts() {
        let Capture { report, explained, .. } = Capture::unpack(packed);
        return Ok(Some((report, explained)));
    }
    let aside: Vec<_> = aside(packed.report()).collect();
    let explained = captured::in_pieces(&packed.outline(), packed.pieces(), &aside);
    Ok(Some((packed.report().clone(), explained)))
}

fn packed(files: &[PathBuf], keys: &GivenKeys) -> Result<Option<Packed>, BadInput> {
    let keys = keys.read()?;
    let sources = files.iter().map(|path| open(path)).collect::<Result<_, _>>()?;
    let bar = Bar::new();
    let options = Options { keys, ..Options::default() };
    let packed = pack(sources, options, &mut |step| bar.show(step));
    bar.done();
    let packed = packed.map_err(|(file, error)| unreadable(&file, &error))?;
    Ok(Some(packed).filter(|_| !interrupt::requested()))
}

/// Packets of connections that are no connections on air, and why.
fn aside(report: &Report) -> impl Iterator<Item = (RecordId, Aside)> + '_ {
    let aside = report.not_judged.iter().filter(|one| set_aside(one.reason));
    aside.map(|one| (one.record, Aside { why: one.reason.text(), instead: one.reason.instead() }))
}

/// Whether a connection is no connection on air for this reason.
const fn set_aside(reason: Reason) -> bool {
    matches!(reason, Reason::OwnLog | Reason::RequestNotBelieved)
}

fn open(path: &Path) -> Result<Source, BadInput> {
    if path == Path::new("-") {
        return Ok(Source::of("standard input", io::stdin()));
    }
    let name = path.display().to_string();
    match File::open(path) {
        Ok(file) if path.is_dir() => {
            drop(file);
            Err(BadInput { what: format!("{name} is a folder"), help: "name its files".into() })
        }
        Ok(file) => Ok(Source::of(name, BufReader::new(file))),
        Err(error) => Err(BadInput {
            what: format!("{name} cannot be read: {error}"),
            help: "name a capture, or `-` for standard input".into(),
        }),
    }
}

fn unreadable(file: &str, error: &NotEvidence) -> BadInput {
    BadInput {
        what: format!("{file}: {error}"),
        help: "docs/EVIDENCE.md lists the formats that are read, and how to get one".into(),
    }
}

/// Progress of reading, on a terminal.
struct Bar(ProgressBar);

impl Bar {
    fn new() -> Self {
        if !io::stderr().is_terminal() {
            return Self(ProgressBar::hidden());
        }
        let style = ProgressStyle::with_template("{spinner} {msg}");
        let bar = ProgressBar::new_spinner();
        Self(bar.with_style(style.unwrap_or_else(|_| ProgressStyle::default_spinner())))
    }

    fn show(&self, step: Reading) -> ControlFlow<()> {
        self.0.set_message(match step {
            Reading::Records(n) => format!("{} records read", HumanCount(n)),
            Reading::Passkeys(n) => format!("{} of 1,000,000 passkeys tried", HumanCount(n.into())),
        });
        self.0.tick();
        if interrupt::requested() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }

    fn done(&self) {
        self.0.finish_and_clear();
    }
}
