//! pcap and pcapng, by pcap-parser.

use std::io::Read;

use pcap_parser::{Block, LegacyPcapBlock, PcapBlockOwned, PcapError, create_reader};

use super::record::{LinkType, RECORD_MAX, Raw, Stop};

/// More interfaces than any capture has.
const INTERFACES_MAX: usize = 1_024;
const NS: i128 = 1_000_000_000;

/// What a file says of an interface.
struct Interface {
    link: LinkType,
    /// Units of time in a second, and what is added, in seconds.
    units: u64,
    offset: i64,
}

#[derive(Default)]
struct State {
    /// Of this section, and how many there were in the ones before.
    interfaces: Vec<Interface>,
    before: u32,
    /// Of classic files: the link type, and whether times are in ns.
    legacy: Option<(LinkType, bool)>,
}

pub(super) fn read(
    file: impl Read + Send,
    most: u64,
    records: &mut u64,
    each: &mut dyn FnMut(Raw<'_>),
) -> Option<Stop> {
    let mut reader = match create_reader(RECORD_MAX, file) {
        Ok(reader) => reader,
        Err(error) => return Some(stop(&error)),
    };
    let mut state = State::default();
    let mut starved = false;
    loop {
        match reader.next() {
            Ok((octets, block)) => {
                starved = false;
                if let Some(raw) = state.record(&block) {
                    if *records == most {
                        return Some(Stop::TooMany { most });
                    }
                    *records += 1;
                    each(raw);
                }
                // A block without octets would come again and again.
                if octets == 0 {
                    return Some(Stop::Malformed);
                }
                reader.consume(octets);
            }
            Err(PcapError::Eof) => return None,
            Err(PcapError::Incomplete(_)) => {
                let before = reader.data().len();
                if let Err(error) = reader.refill() {
                    return Some(stop(&error));
                }
                // Once without a new octet is the end, of which the next call tells.
                if std::mem::replace(&mut starved, reader.data().len() == before) && starved {
                    return (before > 0).then_some(Stop::Cut);
                }
            }
            Err(error) => return Some(stop(&error)),
        }
    }
}

fn stop<I>(error: &PcapError<I>) -> Stop {
    match error {
        PcapError::UnexpectedEof | PcapError::Incomplete(_) | PcapError::Eof => Stop::Cut,
        PcapError::BufferTooSmall => Stop::TooLong { most: RECORD_MAX },
        PcapError::ReadError => Stop::Io("the rest could not be read".to_owned()),
        _ => Stop::Malformed,
    }
}

impl State {
    fn record<'a>(&mut self, block: &'a PcapBlockOwned<'_>) -> Option<Raw<'a>> {
        match block {
            PcapBlockOwned::LegacyHeader(header) => {
                let link = LinkType::from_number(header.network.0);
                self.legacy = Some((link, header.is_nanosecond_precision()));
                None
            }
            PcapBlockOwned::Legacy(packet) => self.legacy(packet),
            PcapBlockOwned::NG(block) => self.block(block),
        }
    }

    fn legacy<'a>(&self, packet: &'a LegacyPcapBlock<'_>) -> Option<Raw<'a>> {
        let (link, nanoseconds) = self.legacy?;
        // What is a second or more below the second is added to it, as it was meant.
        let below = i64::from(packet.ts_usec) * if nanoseconds { 1 } else { 1_000 };
        Some(Raw {
            interface: 0,
            ns: i64::from(packet.ts_sec) * 1_000_000_000 + below,
            whole: packet.caplen >= packet.origlen,
            link,
            host: None,
            octets: cut(packet.data, packet.caplen),
        })
    }

    fn block<'a>(&mut self, block: &'a Block<'_>) -> Option<Raw<'a>> {
        match block {
            Block::SectionHeader(_) => {
                self.before = self.before.saturating_add(self.interfaces.len() as u32);
                self.interfaces.clear();
                None
            }
            Block::InterfaceDescription(about) if self.interfaces.len() < INTERFACES_MAX => {
                self.interfaces.push(Interface {
                    link: LinkType::from_number(about.linktype.0),
                    units: about.ts_resolution().filter(|units| *units > 0).unwrap_or(1_000_000),
                    offset: about.ts_offset(),
                });
                None
            }
            Block::EnhancedPacket(packet) => {
                let interface = self.interfaces.get(usize::try_from(packet.if_id).ok()?)?;
                let units = i128::from(packet.ts_high) << 32 | i128::from(packet.ts_low);
                let ns = units * NS / i128::from(interface.units);
                let ns = ns + i128::from(interface.offset) * NS;
                Some(Raw {
                    interface: self.before.saturating_add(packet.if_id),
                    ns: ns.clamp(i64::MIN.into(), i64::MAX.into()) as i64,
                    whole: packet.caplen >= packet.origlen,
                    link: interface.link,
                    host: None,
                    octets: cut(packet.data, packet.caplen),
                })
            }
            Block::SimplePacket(packet) => Some(Raw {
                interface: self.before,
                ns: 0,
                whole: true,
                link: self.interfaces.first()?.link,
                host: None,
                octets: cut(packet.data, packet.origlen),
            }),
            _ => None,
        }
    }
}

/// Without what fills a block up.
fn cut(octets: &[u8], length: u32) -> &[u8] {
    let length = usize::try_from(length).unwrap_or(usize::MAX);
    octets.get(..length).unwrap_or(octets)
}
