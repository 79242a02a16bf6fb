//! The control port: an outside program steers simulated time, a line per request.
//!
//! | request | reply |
//! |---|---|
//! | `HELLO 1` | `OK 1 now=<us>` |
//! | `NOW` | `AT <us> <port>=<tx> …` |
//! | `RUN <until> <stop> <port>=<rx> …` | `AT <us> <port>=<tx> …` |
//! | `ADDR <port> <aa:bb:cc:dd:ee:ff>` | `OK` |
//! | `TX <us> <channel> <1M\|2M\|S8\|S2> <access address> <hex>` | `OK` |
//! | `BYE` | closes |
//!
//! Anything else is answered with `ERR text`, and the conversation continues.

use ble::phy::TxPhy;
use ble::radio::AirPdu;
use ble::time::Instant;

use crate::raw::RawPacket;

/// A request, understood. Ports are named as in the request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Request {
    Hello,
    Now,
    Run {
        until: Instant,
        /// At the first instant at which some port has news.
        stop: bool,
        /// Octets that each port shall have consumed.
        consume: Vec<(String, u64)>,
    },
    Address {
        port: String,
        address: [u8; 6],
    },
    Transmit(RawPacket),
    Bye,
}

/// Reads a line.
pub(super) fn parse(line: &str) -> Result<Request, String> {
    let mut words = line.split_ascii_whitespace();
    let request = match words.next() {
        Some("HELLO") => match words.next() {
            Some("1") => Request::Hello,
            _ => return Err("this is version 1: HELLO 1".into()),
        },
        Some("NOW") => Request::Now,
        Some("RUN") => {
            let until = Instant::from_us(number(words.next(), "until")?);
            let stop = match words.next() {
                Some("0") => false,
                Some("1") => true,
                _ => return Err("stop is 0 or 1".into()),
            };
            let consume = words.by_ref().map(assignment).collect::<Result<_, _>>()?;
            Request::Run { until, stop, consume }
        }
        Some("ADDR") => {
            let port = words.next().ok_or("ADDR names a port")?.to_owned();
            let address = words.next().and_then(address).ok_or("address: aa:bb:cc:dd:ee:ff")?;
            Request::Address { port, address }
        }
        Some("TX") => Request::Transmit(raw(&mut words)?),
        Some("BYE") => Request::Bye,
        Some(other) => return Err(format!("no such request: {}", printable(other))),
        None => return Err("empty request".into()),
    };
    match words.next() {
        None => Ok(request),
        Some(word) => Err(format!("too much: {}", printable(word))),
    }
}

/// As much of a word as an error may repeat.
fn printable(word: &str) -> String {
    word.chars().take(40).filter(|c| !c.is_control()).collect()
}

fn number(word: Option<&str>, what: &str) -> Result<u64, String> {
    word.and_then(|word| word.parse().ok()).ok_or_else(|| format!("{what} is a whole number"))
}

fn assignment(word: &str) -> Result<(String, u64), String> {
    let (port, count) = word.split_once('=').ok_or("write <port>=<rx>")?;
    Ok((port.to_owned(), number(Some(count), "rx")?))
}

/// Most significant octet first, as people write it.
fn address(word: &str) -> Option<[u8; 6]> {
    let mut address = [0; 6];
    let mut parts = word.split(':');
    for octet in address.iter_mut().rev() {
        let part = parts.next().filter(|part| part.len() == 2)?;
        *octet = u8::from_str_radix(part, 16).ok()?;
    }
    parts.next().is_none().then_some(address)
}

fn raw<'a>(words: &mut impl Iterator<Item = &'a str>) -> Result<RawPacket, String> {
    let at = Instant::from_us(number(words.next(), "time")?);
    let channel = number(words.next(), "channel index")?;
    let channel = u8::try_from(channel).ok().filter(|c| *c < 40).ok_or("channel index: 0 to 39")?;
    let phy = match words.next() {
        Some("1M") => TxPhy::Le1M,
        Some("2M") => TxPhy::Le2M,
        Some("S8") => TxPhy::CodedS8,
        Some("S2") => TxPhy::CodedS2,
        _ => return Err("PHY: 1M, 2M, S8 or S2".into()),
    };
    let access_address = words.next().map(|word| word.trim_start_matches("0x"));
    let access_address = access_address
        .and_then(|word| u32::from_str_radix(word, 16).ok())
        .ok_or("access address: up to eight hexadecimal digits")?;
    let octets = words.next().and_then(hex).ok_or("header, payload and CRC in hexadecimal")?;
    let (pdu, crc) = octets
        .split_last_chunk::<3>()
        .and_then(|(pdu, crc)| Some((AirPdu::from_octets(pdu)?, *crc)))
        .ok_or("two octets of header, up to 255 of payload, three of CRC")?;
    Ok(RawPacket { at, channel, phy, access_address, pdu, crc })
}

fn hex(text: &str) -> Option<Vec<u8>> {
    let digits: Option<Vec<u8>> =
        text.chars().map(|c| c.to_digit(16).and_then(|digit| u8::try_from(digit).ok())).collect();
    let digits = digits?;
    let pairs = digits.chunks_exact(2);
    pairs.remainder().is_empty().then(|| pairs.map(|pair| pair[0] << 4 | pair[1]).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn requests_are_read_as_documented() {
        assert_eq!(parse("HELLO 1"), Ok(Request::Hello));
        assert_eq!(parse("NOW"), Ok(Request::Now));
        assert_eq!(
            parse("RUN 1500 1 9001=12 2=0"),
            Ok(Request::Run {
                until: Instant::from_us(1_500),
                stop: true,
                consume: vec![("9001".into(), 12), ("2".into(), 0)],
            })
        );
        let address = [0xFF, 0xEE, 0xDD, 0xCC, 0xBB, 0xAA];
        assert_eq!(
            parse("ADDR 1 aa:bb:cc:dd:ee:ff"),
            Ok(Request::Address { port: "1".into(), address })
        );
        let Ok(Request::Transmit(packet)) = parse("TX 900 37 1M 8e89bed6 0206c0ffee00000a010203")
        else {
            panic!("not read");
        };
        assert_eq!(packet.crc, [1, 2, 3]);
        assert_eq!(packet.pdu.octets(), [2, 6, 0xC0, 0xFF, 0xEE, 0, 0, 0x0A]);
        assert_eq!(packet.access_address, 0x8E89_BED6);
    }

    #[test]
    fn what_is_wrong_is_said() {
        for line in [
            "",
            "HELLO",
            "HELLO 2",
            "RUN",
            "RUN x 0",
            "RUN 5 2",
            "RUN 5 0 1",
            "RUN 5 0 1=x",
            "ADDR 1",
            "ADDR 1 a:b:c:d:e:f",
            "ADDR 1 aa:bb:cc:dd:ee:ff:00",
            "TX 1 40 1M 0 000000",
            "TX 1 37 3M 0 0000000000",
            "TX 1 37 1M 0 00",
            "TX 1 37 1M 0 000",
            "NOW NOW",
            "now",
        ] {
            assert!(parse(line).is_err(), "{line:?}");
        }
    }

    proptest! {
        #[test]
        fn no_line_is_too_strange(line in ".{0,200}") {
            let _ = parse(&line);
        }
    }
}
