//! Captures of sniffers and HCI logs, read: what is in them, which of it can be trusted, and the
//! connections that were heard, as a [`View`](bletwin_sniffer::View) that the judge and "why" read
//! like that of a simulated world.
//!
//! Every sniffer gets another field wrong, so nothing is believed that a file does not show to be
//! right (see [`Trust`]), and what is not judged is said (see [`Report::not_judged`]).
//!
//! ```
//! use std::ops::ControlFlow;
//!
//! use bletwin_evidence::{NotEvidence, Options, Source, read};
//!
//! let text = Source::of("notes.txt", "not a capture".as_bytes());
//! let read = read(vec![text], Options::default(), &mut |_| ControlFlow::Continue(()));
//! let (file, error) = read.unwrap_err();
//! assert!(file == "notes.txt" && matches!(error, NotEvidence::Unknown));
//! ```
#![forbid(unsafe_code)]

use std::io::Read;
use std::ops::ControlFlow;

use ble::time::{Duration, TICKS_PER_US};

mod air;
mod air_session;
mod assemble;
mod container;
mod follow;
mod gather;
mod hearing;
mod host;
mod keys;
mod nodes;
mod packed;
mod pieces;
mod reason;
mod report;
mod trust;

use air_session::AirSession;
use assemble::Assembly;
pub use container::{Format, LinkType, NotEvidence, Stop};
pub use follow::{Beginning, Counting};
use gather::Gathered;
pub use host::HciPacket;
use host::Understood;
pub use keys::{KeyError, Keys, Progress};
use nodes::Nodes;
use packed::Session;
pub use packed::{Evidence, Packed};
pub use report::{File, Interface, NotJudged, Place, Reason, Report, Summary};
pub use trust::{Channels, Clock, CrcBy, Plain, Stamp, Trust, TrustDecision};

/// A file, or what takes its place.
pub struct Source {
    /// What it is called in reports.
    pub name: String,
    /// Gives its octets.
    pub reader: Box<dyn Read + Send>,
}

impl Source {
    /// From anything that can be read.
    pub fn of(name: impl Into<String>, reader: impl Read + Send + 'static) -> Self {
        Self { name: name.into(), reader: Box::new(reader) }
    }
}

/// How much is read at the most. What is beyond is told in the report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Records of a file, of whatever kind.
    pub records: u64,
    /// Advertising packets that are kept while nobody has connected to their sender.
    pub advertising: usize,
}

impl Default for Limits {
    /// Two million records, and 50,000 advertising packets.
    fn default() -> Self {
        Self { records: 2_000_000, advertising: 50_000 }
    }
}

/// What a reader is told beside the files.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Long term keys to try.
    pub keys: Keys,
    /// How much is read at the most.
    pub limits: Limits,
}

/// How far reading has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reading {
    /// So many records have been read.
    Records(u64),
    /// So many of a million temporary keys of a pairing have been tried.
    Passkeys(u32),
}

/// A second before the first packet time begins, so that nothing is before it.
const MARGIN: i64 = 1_000_000 * TICKS_PER_US as i64;

/// So many legacy pairings are searched for their keys.
const SEARCHES_MAX: u32 = 32;

/// Searches for temporary keys, each of which takes a second or less.
#[derive(Default)]
struct Searches {
    begun: u32,
    given_up: bool,
}

impl Searches {
    /// Whether a search goes on that has tried so many keys.
    fn go_on(
        &mut self,
        tried: u32,
        progress: &mut dyn FnMut(Reading) -> ControlFlow<()>,
    ) -> ControlFlow<()> {
        self.begun = self.begun.saturating_add(u32::from(tried == 0));
        if self.given_up || self.begun > SEARCHES_MAX {
            return ControlFlow::Break(());
        }
        let flow = progress(Reading::Passkeys(tried));
        self.given_up = flow.is_break();
        flow
    }

    /// What a reader should know of it.
    fn note(&self) -> Option<String> {
        let rest = "the keys of other pairings were not searched for";
        match () {
            () if self.given_up => Some(format!("broken off: {rest}")),
            () if self.begun > SEARCHES_MAX => Some(format!("{SEARCHES_MAX} pairings: {rest}")),
            () => None,
        }
    }
}

/// Reads all files of one session. `progress` is told how far it is, and may break off the search
/// for a key; breaking off the reading of records leaves the rest unread.
///
/// # Errors
/// The name of the first file that is no evidence, and why.
pub fn read(
    sources: Vec<Source>,
    options: Options,
    progress: &mut dyn FnMut(Reading) -> ControlFlow<()>,
) -> Result<Evidence, (String, NotEvidence)> {
    pack(sources, options, progress).map(Packed::unpack)
}

/// The same, packed: a tenth of the memory, for who goes through it piece by piece.
///
/// # Errors
/// As [`read`].
pub fn pack(
    sources: Vec<Source>,
    options: Options,
    progress: &mut dyn FnMut(Reading) -> ControlFlow<()>,
) -> Result<Packed, (String, NotEvidence)> {
    let mut report = Report::default();
    let (mut interfaces, mut logs) = (Vec::new(), Vec::new());
    for (index, source) in sources.into_iter().enumerate() {
        let gathered = Gathered::read(source.reader, options.limits, progress)
            .map_err(|error| (source.name.clone(), error))?;
        report.passed_over += gathered.passed_over;
        report.files.push(gathered.file(source.name));
        interfaces.extend(gathered.air.into_iter().map(|(number, air)| (index, number, air)));
        logs.extend(gathered.hosts.into_values().map(|log| (index, log)));
    }
    let mut understood = Vec::new();
    let (mut nodes, mut keys) = (Nodes::default(), options.keys);
    for (file, log) in &logs {
        let mut what = Understood::of(log);
        what.keys.drain(..).for_each(|key| keys.give(key));
        what.identities.drain(..).for_each(|identity| keys.know(identity));
        understood.push((*file, log, what));
    }
    let first = interfaces.iter().filter_map(|(.., air)| air.first().map(|packet| packet.at));
    let start = first.min();
    let base = start.unwrap_or(0);
    let mut sessions: Vec<Session> = Vec::new();
    let (mut exact, mut complete) = (interfaces.len() == 1, true);
    let mut searches = Searches::default();
    for (file, number, mut packets) in interfaces {
        let start = packets.first().map_or(base, |packet| packet.at);
        let offset = start.saturating_sub(base).saturating_mul(64).clamp(0, i64::MAX / 4) + MARGIN;
        let presets = trust::presets(&packets);
        let trust = trust::examine(&mut packets, &presets);
        if !trust.own_log.value {
            packets.sort_unstable_by_key(|one| (one.at, one.record));
        }
        let session = AirSession::new(&mut nodes, &mut keys, &trust, &mut packets);
        let outcome = session.follow(&mut |tried| searches.go_on(tried, progress));
        exact &= trust.clock.value.exact;
        complete &= outcome.gapless && !trust.own_log.value;
        report.damaged += outcome.damaged;
        let (summaries, links): (Vec<_>, Vec<_>) = outcome.links.into_iter().unzip();
        report.connections.extend(summaries);
        let (count, own_log) = (packets.len() as u64, trust.own_log.value);
        if let Some(file) = report.files.get_mut(file) {
            complete &= file.stop.is_none();
            file.notes.extend(searches.note());
            file.interfaces.push(Interface { number, packets: count, trust });
        }
        sessions.push(Session::new(file, offset, own_log, presets, packets, links));
    }
    // Keys of private addresses may have come last.
    let same = nodes.join(&keys);
    if !same.is_empty() {
        sessions.iter_mut().for_each(|session| session.join(&same));
    }
    if let (Some(file), Some(note)) = (report.files.first_mut(), same.note(&keys)) {
        file.notes.push(note);
    }
    let margin = Duration::from_ticks(MARGIN.unsigned_abs());
    let mut all = Assembly::new(&sessions, start, margin);
    for (file, log, what) in understood {
        let notes = all.log(file, log, &what, &mut nodes);
        if let Some(file) = report.files.get_mut(file) {
            file.notes.extend(notes);
        }
    }
    report.joined = same.several;
    report.known.clone_from(&same.given);
    report.devices = nodes.addresses();
    Ok(all.pack(sessions, report, exact, complete))
}

#[cfg(test)]
mod tests;
