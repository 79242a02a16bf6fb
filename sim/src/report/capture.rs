//! pcapng for Wireshark: the air with LINKTYPE 256 (Bluetooth LE link layer with pseudo-header),
//! and what crosses HCI with LINKTYPE 201 (H4 with direction).

use ble::phy::TxPhy;
use ble::time::Instant;

use crate::record::{AirTx, Reception, Record, RecordKind};
use crate::sniffer::{AirItem, Direction, sniff};

mod crossing;
mod nordic;

use crossing::Crossings;

const LINKTYPE_BLUETOOTH_LE_LL_WITH_PHDR: u16 = 256;
const LINKTYPE_BLUETOOTH_HCI_H4_WITH_PHDR: u16 = 201;

const DEWHITENED: u16 = 1;
const SIGNAL_VALID: u16 = 1 << 1;
const NOISE_VALID: u16 = 1 << 2;
const DECRYPTED: u16 = 1 << 3;
const REFERENCE_ADDRESS_VALID: u16 = 1 << 4;
const AUXILIARY_ADVERTISING: u16 = 1 << 7;
const DATA_CENTRAL_TO_PERIPHERAL: u16 = 2 << 7;
const DATA_PERIPHERAL_TO_CENTRAL: u16 = 3 << 7;
const CRC_CHECKED: u16 = 1 << 10;
const CRC_VALID: u16 = 1 << 11;
const MIC_CHECKED: u16 = 1 << 12;
const MIC_VALID: u16 = 1 << 13;
/// Which PDU, in place of the MIC flags, where the type is auxiliary advertising.
const AUX_CHAIN_IND: u16 = 1 << 12;
const AUX_SCAN_RSP: u16 = 3 << 12;
const PHY_2M: u16 = 1 << 14;
const PHY_CODED: u16 = 2 << 14;

/// How packets are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// As they were on air.
    OnAir,
    /// Decrypted where the key is known: with the plain payload and without MIC.
    Decrypted,
}

/// A whole capture file: every packet on air as an ideal sniffer sees it, free of errors.
/// `interface` names the only interface, `names` the nodes by their number, for a comment on each
/// packet; the noise that is stated is `noise_dbm`.
#[must_use]
pub fn pcapng(
    records: &[Record],
    names: &[String],
    interface: &str,
    noise_dbm: i8,
    style: Style,
) -> Vec<u8> {
    let mut file = head(interface, &[]);
    let mut air = AirCapture::new(noise_dbm, style);
    for item in sniff(records) {
        if let Some(RecordKind::AirTx(tx)) = records.get(item.index).map(|record| &record.kind) {
            let sender = names.get(usize::from(item.from.0));
            file.extend(air.packet(&item, tx, sender.map(String::as_str)));
        }
    }
    file
}

/// The beginning of a capture that grows: the air is its interface 0, HCI ports follow from 1.
/// Every function here gives whole blocks, so that a file is readable after each of them.
#[must_use]
pub fn head(air: &str, ports: &[String]) -> Vec<u8> {
    let mut file = Vec::new();
    section_header(&mut file);
    interface_description(&mut file, LINKTYPE_BLUETOOTH_LE_LL_WITH_PHDR, air);
    for port in ports {
        interface_description(&mut file, LINKTYPE_BLUETOOTH_HCI_H4_WITH_PHDR, port);
    }
    file
}

/// The same as nRF Sniffer writes it, with its header before each packet.
#[must_use]
pub fn nordic_head(air: &str) -> Vec<u8> {
    let mut file = Vec::new();
    section_header(&mut file);
    interface_description(&mut file, nordic::LINKTYPE, air);
    file
}

/// Packets on air, to follow [`head`] in their order.
#[derive(Clone, Debug)]
pub struct AirCapture {
    noise_dbm: i8,
    style: Style,
    crossings: Crossings,
    /// Packets so far.
    number: u16,
}

impl AirCapture {
    /// Of a capture that begins. `noise_dbm` is the noise that is stated.
    #[must_use]
    pub fn new(noise_dbm: i8, style: Style) -> Self {
        Self { noise_dbm, style, crossings: Crossings::default(), number: 0 }
    }

    /// The next packet as nRF Sniffer writes it, to follow [`nordic_head`].
    #[must_use]
    pub fn nordic(&mut self, item: &AirItem, tx: &AirTx) -> Vec<u8> {
        let plain = self.style == Style::Decrypted && item.decrypted == Some(true);
        let on_air = on_air(item, tx, plain);
        let mut octets = nordic::header(item, tx, self.number, on_air.len(), plain).to_vec();
        octets.extend(on_air);
        self.number = self.number.wrapping_add(1);
        let mut block = Vec::new();
        enhanced_packet(&mut block, 0, item.at, &octets, std::iter::empty::<&str>());
        block
    }

    /// The next packet; a comment names its sender, where that has a name.
    #[must_use]
    pub fn packet(&mut self, item: &AirItem, tx: &AirTx, sender: Option<&str>) -> Vec<u8> {
        let said = Comment { sender, remark: self.crossings.remark(item) };
        let mut block = Vec::new();
        packet(&mut block, item, tx, self.noise_dbm, self.style, said);
        block
    }
}

/// What a capture says of a packet beside it.
#[derive(Clone, Copy, Debug)]
struct Comment<'a> {
    sender: Option<&'a str>,
    remark: Option<&'static str>,
}

/// One HCI packet with its H4 indicator on the interface of a port, to follow [`head`].
#[must_use]
pub fn hci_packet(interface: u32, at: Instant, to_host: bool, h4: &[u8]) -> Vec<u8> {
    let mut octets = u32::from(to_host).to_be_bytes().to_vec();
    octets.extend_from_slice(h4);
    let mut block = Vec::new();
    enhanced_packet(&mut block, interface, at, &octets, std::iter::empty::<&str>());
    block
}

fn block(file: &mut Vec<u8>, kind: u32, body: &[u8]) {
    let padded = body.len().next_multiple_of(4);
    let total = u32::try_from(padded + 12).unwrap_or(u32::MAX).to_le_bytes();
    file.extend_from_slice(&kind.to_le_bytes());
    file.extend_from_slice(&total);
    file.extend_from_slice(body);
    file.resize(file.len() + padded - body.len(), 0);
    file.extend_from_slice(&total);
}

fn option(body: &mut Vec<u8>, code: u16, value: &[u8]) {
    let value = value.get(..value.len().min(1_024)).unwrap_or(value);
    body.extend_from_slice(&code.to_le_bytes());
    body.extend_from_slice(&(value.len() as u16).to_le_bytes());
    body.extend_from_slice(value);
    body.resize(body.len().next_multiple_of(4), 0);
}

fn section_header(file: &mut Vec<u8>) {
    let mut body = Vec::new();
    body.extend_from_slice(&0x1A2B_3C4D_u32.to_le_bytes());
    body.extend_from_slice(&1_u16.to_le_bytes());
    body.extend_from_slice(&0_u16.to_le_bytes());
    // Length of the section: not stated.
    body.extend_from_slice(&u64::MAX.to_le_bytes());
    option(&mut body, 4, concat!("bletwin ", env!("CARGO_PKG_VERSION")).as_bytes());
    option(&mut body, 0, &[]);
    block(file, 0x0A0D_0D0A, &body);
}

fn interface_description(file: &mut Vec<u8>, link_type: u16, name: &str) {
    let mut body = Vec::new();
    body.extend_from_slice(&u32::from(link_type).to_le_bytes());
    // No limit on the length of packets.
    body.extend_from_slice(&0_u32.to_le_bytes());
    option(&mut body, 2, name.as_bytes());
    // Resolution of timestamps: 10⁻⁹ s.
    option(&mut body, 9, &[9]);
    option(&mut body, 0, &[]);
    block(file, 1, &body);
}

/// RF channel: 0–39 in the order of frequency.
const fn rf_channel(index: u8) -> u8 {
    match index {
        37 => 0,
        38 => 12,
        39 => 39,
        0..=10 => index + 1,
        _ => index + 2,
    }
}

fn packet(
    file: &mut Vec<u8>,
    item: &AirItem,
    tx: &AirTx,
    noise_dbm: i8,
    style: Style,
    said: Comment<'_>,
) {
    let mut flags = DEWHITENED | NOISE_VALID | REFERENCE_ADDRESS_VALID | CRC_CHECKED | CRC_VALID;
    if item.rssi_dbm.is_some() {
        flags |= SIGNAL_VALID;
    }
    flags |= match item.direction {
        Some(Direction::CentralToPeripheral) => DATA_CENTRAL_TO_PERIPHERAL,
        Some(Direction::PeripheralToCentral) => DATA_PERIPHERAL_TO_CENTRAL,
        None => auxiliary(item),
    };
    flags |= match tx.phy {
        TxPhy::Le1M => 0,
        TxPhy::Le2M => PHY_2M,
        TxPhy::CodedS2 | TxPhy::CodedS8 => PHY_CODED,
    };
    let plain = style == Style::Decrypted && item.decrypted == Some(true);
    if plain {
        flags |= DECRYPTED | MIC_CHECKED | MIC_VALID;
    }
    let mut octets = vec![rf_channel(tx.channel), item.rssi_dbm.unwrap_or(0).cast_unsigned()];
    octets.extend_from_slice(&[noise_dbm.cast_unsigned(), 0]);
    octets.extend_from_slice(&tx.access_address.to_le_bytes());
    octets.extend_from_slice(&flags.to_le_bytes());
    octets.extend(on_air(item, tx, plain));
    // Nobody is blamed for what Wireshark cannot read.
    let remark = said.remark.filter(|_| plain || item.decrypted.is_none());
    let facts = comments(item, plain).chain(remark).map(str::to_owned);
    let sender = said.sender.map(|name| format!("sent by {name}"));
    enhanced_packet(file, 0, item.at, &octets, sender.into_iter().chain(facts));
}

/// Access address, coding indicator of LE Coded, PDU and CRC; `plain`: decrypted.
fn on_air(item: &AirItem, tx: &AirTx, plain: bool) -> Vec<u8> {
    let mut octets = tx.access_address.to_le_bytes().to_vec();
    match tx.phy {
        TxPhy::CodedS8 => octets.push(0),
        TxPhy::CodedS2 => octets.push(1),
        TxPhy::Le1M | TxPhy::Le2M => {}
    }
    if plain {
        // A payload that was decrypted is shorter than one that fits a length octet.
        octets.extend_from_slice(&[item.header, item.payload.len() as u8]);
        octets.extend_from_slice(&item.payload);
    } else {
        octets.extend_from_slice(tx.pdu.octets());
    }
    octets.extend_from_slice(&tx.crc.to_le_bytes()[..3]);
    octets
}

/// Type and kind of a PDU on a secondary advertising channel.
fn auxiliary(item: &AirItem) -> u16 {
    match item.advertising_name().filter(|_| item.is_secondary()) {
        None => 0,
        Some("AUX_CHAIN_IND") => AUXILIARY_ADVERTISING | AUX_CHAIN_IND,
        Some("AUX_SCAN_RSP") => AUXILIARY_ADVERTISING | AUX_SCAN_RSP,
        Some(_) => AUXILIARY_ADVERTISING,
    }
}

/// What no field of the pseudo-header can say. Wireshark has no notion of encryption here: it
/// reads ciphertext as if it were plain and may call it malformed.
fn comments(item: &AirItem, plain: bool) -> impl Iterator<Item = &'static str> {
    let lost = match item.reception {
        Some(Reception::Ok) => None,
        Some(Reception::CrcError) => Some("arrived with a wrong CRC"),
        None => item.connection.is_some().then_some("not received by the peer"),
    };
    let ciphertext = item.decrypted.is_some() && !plain;
    let note = "encrypted: whatever is shown of the payload is ciphertext";
    lost.into_iter().chain(ciphertext.then_some(note))
}

fn enhanced_packet(
    file: &mut Vec<u8>,
    interface: u32,
    at: Instant,
    octets: &[u8],
    comments: impl IntoIterator<Item = impl AsRef<str>>,
) {
    let ns = at.ticks() / 64;
    let len = u32::try_from(octets.len()).unwrap_or(u32::MAX).to_le_bytes();
    let mut body = Vec::new();
    body.extend_from_slice(&interface.to_le_bytes());
    body.extend_from_slice(&((ns >> 32) as u32).to_le_bytes());
    body.extend_from_slice(&(ns as u32).to_le_bytes());
    body.extend_from_slice(&len);
    body.extend_from_slice(&len);
    body.extend_from_slice(octets);
    body.resize(body.len().next_multiple_of(4), 0);
    for comment in comments {
        option(&mut body, 1, comment.as_ref().as_bytes());
    }
    option(&mut body, 0, &[]);
    block(file, 6, &body);
}

#[cfg(test)]
mod tests;
