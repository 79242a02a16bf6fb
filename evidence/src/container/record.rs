//! What all kinds of files have in common: records.

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
    /// A record of SmartRF Packet Sniffer.
    SmartRf,
    /// HCI, of which the file itself says what it is.
    Host,
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
    /// What a packet of HCI is, where the file says it.
    pub host: Option<Host>,
    pub octets: &'a [u8],
}

/// What a packet of HCI is, beside its octets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Host {
    /// Which controller of that host.
    pub adapter: u16,
    /// `None`: not known.
    pub to_host: Option<bool>,
    /// Packet indicator of H4.
    pub indicator: u8,
}

impl Host {
    /// As the Bluetooth monitor numbers packets; `None`: not HCI, but a note.
    pub(crate) fn of_monitor(adapter: u16, opcode: u16) -> Option<Self> {
        let (indicator, to_host) = match opcode {
            2 => (1, false),
            3 => (4, true),
            4 => (2, false),
            5 => (2, true),
            6 => (3, false),
            7 => (3, true),
            18 => (5, false),
            19 => (5, true),
            _ => return None,
        };
        Some(Self { adapter, to_host: Some(to_host), indicator })
    }
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

/// The longest record that is read: HCI and the air have shorter ones, other interfaces of the same
/// file may have longer ones.
pub(super) const RECORD_MAX: usize = 512 * 1_024;

/// How many octets tell what a file is.
pub(super) const HEAD: usize = 4_096;
