//! Files as records, told apart by their content: names of captures are often wrong.

use std::io::{self, Read};

mod pcap;

/// What the octets of a record begin with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum LinkType {
    /// LINKTYPE 251: access address, PDU, CRC.
    LeLl,
    /// LINKTYPE 256: a pseudo-header before that.
    LeLlWithPhdr,
    /// LINKTYPE 272: nRF Sniffer.
    NordicBle,
    /// LINKTYPE 192: Per-Packet Information, as Ubertooth writes it.
    Ppi,
    /// LINKTYPE 187: HCI with a packet indicator and without a direction.
    HciH4,
    /// LINKTYPE 201: HCI with a direction and a packet indicator.
    HciH4WithPhdr,
    /// LINKTYPE 254: Linux Bluetooth monitor.
    LinuxMonitor,
    /// Another one, by its number.
    Other(i32),
}

impl LinkType {
    /// As pcap and pcapng number it.
    #[must_use]
    pub const fn from_number(number: i32) -> Self {
        match number {
            187 => Self::HciH4,
            192 => Self::Ppi,
            201 => Self::HciH4WithPhdr,
            251 => Self::LeLl,
            254 => Self::LinuxMonitor,
            256 => Self::LeLlWithPhdr,
            272 => Self::NordicBle,
            other => Self::Other(other),
        }
    }
}

/// What kind of file it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Format {
    /// The classic one of libpcap.
    Pcap,
    /// Blocks, several interfaces.
    PcapNg,
}

impl Format {
    /// What people call it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pcap => "pcap",
            Self::PcapNg => "pcapng",
        }
    }
}

/// One record of a file.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Raw<'a> {
    /// Number of its interface, from 0 in the order of the file.
    pub interface: u32,
    /// Time in ns since 1970, as far as the file says so.
    pub ns: i64,
    /// Whether the file has all octets that there were.
    pub whole: bool,
    pub link: LinkType,
    pub octets: &'a [u8],
}

/// Why reading stopped before the end of a file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Stop {
    /// In the middle of a record.
    #[error("the file ends in the middle of a record")]
    Cut,
    /// A length that no record of Bluetooth has.
    #[error("a record is longer than {most} octets: the file is damaged, or not a capture")]
    TooLong {
        /// The most that is read.
        most: usize,
    },
    /// Octets that the format does not allow.
    #[error("what follows does not keep the format of the file")]
    Malformed,
    /// More records than are read.
    #[error("more than {most} records: the rest was not read")]
    TooMany {
        /// The most that are read.
        most: u64,
    },
    /// Whoever asked for it did not want more.
    #[error("reading was broken off")]
    BrokenOff,
    /// The system could not read on.
    #[error("reading failed: {0}")]
    Io(String),
}

/// How far reading came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Extent {
    pub format: Format,
    pub records: u64,
    /// Why not to the end.
    pub stop: Option<Stop>,
}

/// What a file is not.
#[derive(Debug, thiserror::Error)]
pub enum NotEvidence {
    /// It has no octets.
    #[error("the file is empty")]
    Empty,
    /// Its first octets are of no known format.
    #[error("this is neither a capture nor an HCI log that can be read (pcap, pcapng)")]
    Unknown,
    /// The system could not read it.
    #[error("reading failed: {0}")]
    Io(#[from] io::Error),
}

/// The longest record that is read: HCI and the air have shorter ones, other interfaces of the same
/// file may have longer ones.
pub(crate) const RECORD_MAX: usize = 512 * 1_024;

/// How many octets tell what a file is.
const HEAD: usize = 4_096;

/// Gives each record of a file to `each`, in the order of the file, at most `most`.
pub(crate) fn read(
    mut file: impl Read + Send,
    most: u64,
    each: &mut dyn FnMut(Raw<'_>),
) -> Result<Extent, NotEvidence> {
    let mut head = Vec::new();
    file.by_ref().take(HEAD as u64).read_to_end(&mut head)?;
    if head.is_empty() {
        return Err(NotEvidence::Empty);
    }
    let format = format(&head).ok_or(NotEvidence::Unknown)?;
    let whole = io::Cursor::new(head).chain(file);
    let mut records = 0;
    let stop = match format {
        Format::Pcap | Format::PcapNg => pcap::read(whole, most, &mut records, each),
    };
    Ok(Extent { format, records, stop })
}

/// What begins like this.
fn format(head: &[u8]) -> Option<Format> {
    Some(match head.first_chunk()? {
        [0xD4, 0xC3, 0xB2, 0xA1] | [0xA1, 0xB2, 0xC3, 0xD4] => Format::Pcap,
        [0x4D, 0x3C, 0xB2, 0xA1] | [0xA1, 0xB2, 0x3C, 0x4D] => Format::Pcap,
        [0x34, 0xCD, 0xB2, 0xA1] => Format::Pcap,
        [0x0A, 0x0D, 0x0D, 0x0A] => Format::PcapNg,
        _ => return None,
    })
}
