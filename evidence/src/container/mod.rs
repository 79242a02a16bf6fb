//! Files as records, told apart by their content: names of captures are often wrong.

use std::io::{self, Read};

mod btsnoop;
mod monitor;
mod octets;
mod pcap;
mod pklg;
mod psd;
mod record;

use record::HEAD;
pub(crate) use record::{Host, Raw};
pub use record::{LinkType, Stop};

/// What kind of file it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Format {
    /// The classic one of libpcap.
    Pcap,
    /// Blocks, several interfaces.
    PcapNg,
    /// The HCI log of Android and BlueZ.
    Btsnoop,
    /// That of Apple, most significant octets first.
    PacketLogger,
    /// That of Apple, least significant octets first.
    PacketLoggerLittleEndian,
    /// SmartRF Packet Sniffer of Texas Instruments.
    SmartRf,
    /// Frames of the Bluetooth monitor without a file around them.
    Monitor,
}

impl Format {
    /// What people call it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pcap => "pcap",
            Self::PcapNg => "pcapng",
            Self::Btsnoop => "btsnoop",
            Self::PacketLogger | Self::PacketLoggerLittleEndian => "PacketLogger",
            Self::SmartRf => "SmartRF Packet Sniffer",
            Self::Monitor => "frames of the Bluetooth monitor",
        }
    }
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
    #[error(
        "this is neither a capture nor an HCI log that can be read: pcap, pcapng, SmartRF .psd, \
         btsnoop, PacketLogger .pklg and frames of the Bluetooth monitor are known"
    )]
    Unknown,
    /// The system could not read it.
    #[error("reading failed: {0}")]
    Io(#[from] io::Error),
}

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
        Format::Btsnoop => btsnoop::read(whole, most, &mut records, each),
        Format::PacketLogger => pklg::read(whole, true, most, &mut records, each),
        Format::PacketLoggerLittleEndian => pklg::read(whole, false, most, &mut records, each),
        Format::SmartRf => psd::read(whole, most, &mut records, each),
        Format::Monitor => monitor::read(whole, most, &mut records, each),
    };
    Ok(Extent { format, records, stop })
}

/// What begins like this.
fn format(head: &[u8]) -> Option<Format> {
    if head.starts_with(b"btsnoop\0") {
        return Some(Format::Btsnoop);
    }
    Some(match head.first_chunk()? {
        [0xD4, 0xC3, 0xB2, 0xA1] | [0xA1, 0xB2, 0xC3, 0xD4] => Format::Pcap,
        [0x4D, 0x3C, 0xB2, 0xA1] | [0xA1, 0xB2, 0x3C, 0x4D] => Format::Pcap,
        [0x34, 0xCD, 0xB2, 0xA1] => Format::Pcap,
        [0x0A, 0x0D, 0x0D, 0x0A] => Format::PcapNg,
        // What follows has nothing at its beginning that says so.
        _ if psd::begins(head) => Format::SmartRf,
        _ if pklg::begins(head, true) => Format::PacketLogger,
        _ if pklg::begins(head, false) => Format::PacketLoggerLittleEndian,
        _ if monitor::begins(head) => Format::Monitor,
        _ => return None,
    })
}

#[cfg(test)]
mod tests;
