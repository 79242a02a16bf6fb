//! What was read, what of it is believed, and what is not judged and why.

use ble::address::Address;
use bletwin_sniffer::{NodeId, RecordId};

use crate::container::{Format, Stop};
pub use crate::follow::Summary;
pub use crate::reason::Reason;
use crate::trust::Trust;

/// One interface of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Interface {
    /// Its number in the file, from 0.
    pub number: u32,
    /// Packets of the air.
    pub packets: u64,
    /// What of them is believed.
    pub trust: Trust,
}

/// One file that was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File {
    /// As the caller names it.
    pub name: String,
    /// What it is, by its content.
    pub format: Format,
    /// Records in it, of whatever kind.
    pub records: u64,
    /// Records that are neither of the air nor of HCI, or too short for what they say they are.
    pub unread: u64,
    /// Why it was not read to its end.
    pub stop: Option<Stop>,
    /// Its interfaces with packets of the air.
    pub interfaces: Vec<Interface>,
    /// Packets of HCI in it.
    pub hci: u64,
    /// What else a reader should know of it, in words.
    pub notes: Vec<String>,
}

/// What is not judged, from which packet on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct NotJudged {
    /// The first packet for which this holds.
    pub record: RecordId,
    /// The reason for it.
    pub reason: Reason,
}

/// Where something that was seen stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// Index of the file.
    pub file: usize,
    /// Number of its record, from 1.
    pub record: u64,
}

/// What was read of all files.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// In the order in which they were given.
    pub files: Vec<File>,
    /// In the order of their beginnings.
    pub connections: Vec<Summary>,
    /// In the order of their records.
    pub not_judged: Vec<NotJudged>,
    /// Address of each device, by its number; `None`: it was not seen.
    pub devices: Vec<Option<Address>>,
    /// Devices that a given identity resolving key belongs to, by their numbers.
    pub known: Vec<NodeId>,
    /// How many addresses are one device's with others, by identity resolving keys, and how many
    /// devices those are.
    pub joined: (usize, usize),
    /// Advertising of devices that nobody connected to, which was counted and not kept.
    pub passed_over: u64,
    /// Packets that arrived damaged at the sniffer.
    pub damaged: u64,
    /// Where everything that was seen stands: index: its number less one.
    pub places: Vec<Place>,
}
