//! Everything that an explanation is made of, from the record of a run.

use std::collections::BTreeSet;

use ble::time::Instant;
use bletwin_sim::record::{Reception, RecordId};
use bletwin_sim::sniffer::{AirItem, Decoded, Direction};

use super::ending::{Ending, ending};
use super::procedures::{Exchange, exchanges};
use super::words::Found;
use super::{Pairing, Pdu, What};
use bletwin_scenarios::stage::Finished;

const CID_ATT: u16 = 4;
const CID_SIGNALLING: u16 = 5;
const CID_SMP: u16 = 6;
const PAIRING_FAILED: u8 = 0x05;

/// What was found on air in the connection that ended.
#[derive(Clone, Debug)]
pub struct Account {
    /// Its PDUs, in the order of their first bits.
    pub pdus: Vec<Pdu>,
    /// Requests and answers.
    pub exchanges: Vec<Exchange>,
    /// The last pairing.
    pub pairing: Option<Pairing>,
    /// How the link ended, if it did.
    pub ending: Option<Ending>,
}

impl Account {
    /// Reads it out of a run whose air was sniffed.
    #[must_use]
    pub fn of(run: &Finished, items: &[AirItem]) -> Self {
        let at = run.ending.map_or(Instant::MAX, |(at, _)| at);
        let connection =
            items.iter().take_while(|i| i.at <= at).filter_map(|i| i.connection).last();
        let pdus: Vec<Pdu> = items
            .iter()
            .filter(|i| i.connection.is_some() && i.connection == connection && i.at <= at)
            .map(pdu)
            .collect();
        let exchanges = exchanges(&pdus);
        let pairing = Pairing::last_of(&pdus);
        let ending = run.ending.map(|(at, reason)| ending(&pdus, &exchanges, at, reason));
        Self { pdus, exchanges, pairing, ending }
    }

    /// What the words are made of.
    #[must_use]
    pub fn found(&self, run: &Finished) -> Found<'_> {
        Found {
            pdus: &self.pdus,
            exchanges: &self.exchanges,
            pairing: self.pairing,
            ending: self.ending.as_ref(),
            security_err: run.facts.security_err,
        }
    }

    /// Records of the PDUs that matter.
    #[must_use]
    pub fn wanted(&self) -> BTreeSet<RecordId> {
        self.ending
            .iter()
            .flat_map(Ending::indices)
            .chain(self.pairing.iter().flat_map(Pairing::indices))
            .chain(self.pdus.iter().rposition(|p| p.from_central && p.is_news()))
            .chain(self.pdus.iter().position(|p| p.event.is_none()))
            .filter_map(|index| self.pdus.get(index))
            .map(|pdu| pdu.id)
            .collect()
    }
}

/// A packet as an explanation sees it.
#[must_use]
pub fn pdu(item: &AirItem) -> Pdu {
    let what = match &item.decoded {
        Decoded::Advertising(_) | Decoded::Extended { .. } => {
            What::Advertising(item.advertising_name().unwrap_or_default())
        }
        Decoded::Control(pdu) => What::Control(*pdu),
        Decoded::Empty => What::Empty,
        Decoded::L2cap { cid: CID_SMP, bytes, complete: true } => match bytes.as_slice() {
            [PAIRING_FAILED, reason] => What::PairingFailed(*reason),
            [code, ..] => What::Smp(*code),
            [] => What::Data,
        },
        Decoded::L2cap { cid: CID_SMP, bytes, complete: false } => {
            bytes.first().map_or(What::Data, |code| What::SmpPart(*code))
        }
        Decoded::L2cap { cid: CID_ATT, bytes, complete: true } => {
            bytes.first().map_or(What::Data, |opcode| What::Att(*opcode))
        }
        Decoded::L2cap { cid: CID_SIGNALLING, bytes, complete: true } => {
            bytes.first().map_or(What::Data, |code| What::Signalling(*code))
        }
        Decoded::L2cap { .. } | Decoded::Opaque => What::Data,
    };
    Pdu {
        id: item.record,
        at: item.at,
        event: item.event,
        from_central: item.direction == Some(Direction::CentralToPeripheral),
        phy: item.phy,
        what,
        repeated: item.retransmission,
        heard: item.reception == Some(Reception::Ok),
    }
}
