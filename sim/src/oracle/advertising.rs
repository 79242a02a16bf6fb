//! Legacy advertising: the order of channels, the interval, whose address, and who answers whom.

use std::collections::BTreeMap;

use firmware_core::address::{Address, AddressKind};
use firmware_core::hci::{AdvertisingParameters, AdvertisingType, Command, Event, Role};
use firmware_core::pdu::advertising::{ADVERTISING_ACCESS_ADDRESS, AdvertisingPdu};
use firmware_core::time::{Duration, Instant};

use super::privacy::Resolving;
use super::timing::{JITTER, t_ifs_error};
use super::{Finding, Findings};
use crate::node::NodeId;
use crate::record::{AirTx, Note, Record, RecordId, RecordKind};

/// The unit of advInterval.
const UNIT: Duration = Duration::from_us(625);
/// Most from one PDU of an event to the next.
const NEXT_CHANNEL: Duration = Duration::from_ms(10);
const ADV_DELAY: Duration = Duration::from_ms(10);
const HIGH_DUTY: Duration = Duration::from_us(3_750);
const CLOCK_PPM: u32 = 500;
/// How long a PDU may still come after the host has ended advertising.
const FADING: Duration = Duration::from_ms(10);

pub(super) fn check(records: &[Record], findings: &mut Findings) {
    let mut all: BTreeMap<NodeId, Advertiser> = BTreeMap::new();
    // The last packet on each advertising channel, which the next may answer.
    let mut asked: [Option<Heard>; 3] = Default::default();
    for record in records {
        match &record.kind {
            RecordKind::Note(Note::HciCommand(command)) => {
                all.entry(record.node).or_default().command(record.at, command);
            }
            RecordKind::Note(Note::HciEvent(event)) => {
                all.entry(record.node).or_default().event(event);
            }
            RecordKind::AirTx(tx) if tx.access_address == ADVERTISING_ACCESS_ADDRESS => {
                let Some(pdu) = AdvertisingPdu::parse(&tx.pdu) else { continue };
                let Some(slot) = asked.get_mut(usize::from(tx.channel.wrapping_sub(37))) else {
                    continue;
                };
                let asked_by = match (slot.as_ref(), &pdu) {
                    (Some(heard), AdvertisingPdu::ScanRsp { advertiser, .. }) => {
                        heard.asks(*advertiser)
                    }
                    _ => None,
                };
                let own = all.entry(record.node).or_default();
                let served = asked_by.and_then(|scanner| own.resolving.served(scanner));
                let wrong = match address(&pdu) {
                    Some(address) => own.sent(record.at, tx, &pdu, address),
                    None => served.or_else(|| answer(record.at, slot.as_ref(), &pdu)),
                };
                if let Some((rule, text)) = wrong {
                    let evidence = slot.as_ref().map(|heard| heard.record).into_iter().collect();
                    findings.add(Finding {
                        rule,
                        culprit: record.node,
                        at: record.at,
                        record: record.id,
                        evidence,
                        text: format!("{}: {text}", pdu.name()),
                    });
                }
                *slot = Some(Heard { end: tx.end, record: record.id, pdu });
            }
            _ => {}
        }
    }
}

struct Heard {
    end: Instant,
    record: RecordId,
    pdu: AdvertisingPdu,
}

impl Heard {
    /// Who asks this advertiser for its scan response.
    fn asks(&self, of: Address) -> Option<Address> {
        match self.pdu {
            AdvertisingPdu::ScanReq { scanner, advertiser } if advertiser == of => Some(scanner),
            _ => None,
        }
    }
}

/// AdvA of a PDU that starts an exchange.
const fn address(pdu: &AdvertisingPdu) -> Option<Address> {
    match pdu {
        AdvertisingPdu::AdvInd { advertiser, .. }
        | AdvertisingPdu::AdvDirectInd { advertiser, .. }
        | AdvertisingPdu::AdvNonconnInd { advertiser, .. }
        | AdvertisingPdu::AdvScanInd { advertiser, .. } => Some(*advertiser),
        _ => None,
    }
}

type Wrong = Option<(&'static str, String)>;

/// What is wrong with a request or SCAN_RSP.
fn answer(at: Instant, heard: Option<&Heard>, pdu: &AdvertisingPdu) -> Wrong {
    let wanted = match pdu {
        AdvertisingPdu::ScanReq { advertiser, .. } => *advertiser,
        AdvertisingPdu::ScanRsp { advertiser, .. } => *advertiser,
        AdvertisingPdu::ConnectInd(request) => request.advertiser,
        _ => return None,
    };
    let fits = |heard: &&Heard| match (&heard.pdu, pdu) {
        (AdvertisingPdu::ScanReq { advertiser, .. }, AdvertisingPdu::ScanRsp { .. }) => {
            *advertiser == wanted
        }
        (AdvertisingPdu::AdvScanInd { advertiser, .. }, AdvertisingPdu::ScanReq { .. })
        | (AdvertisingPdu::AdvDirectInd { advertiser, .. }, AdvertisingPdu::ConnectInd(_)) => {
            *advertiser == wanted
        }
        (
            AdvertisingPdu::AdvInd { advertiser, .. },
            AdvertisingPdu::ScanReq { .. } | AdvertisingPdu::ConnectInd(_),
        ) => *advertiser == wanted,
        _ => false,
    };
    // Another sender may have spoken in between: then the sequence says nothing.
    let heard = heard.filter(fits)?;
    t_ifs_error(heard.end, at).map(|off| ("LL-ADV-7", format!("began {off} after what it answers")))
}

#[derive(Default)]
struct Advertiser {
    parameters: Option<AdvertisingParameters>,
    random: Option<[u8; 6]>,
    enabled: bool,
    /// When the host ended it.
    ended: Option<Instant>,
    connections: usize,
    /// Start of the last PDU, and its channel.
    last: Option<(Instant, u8)>,
    /// Start of the last event, and whether nothing has disturbed its successor.
    event: Option<(Instant, bool)>,
    resolving: Resolving,
}

impl Advertiser {
    fn command(&mut self, at: Instant, command: &Command) {
        match command {
            Command::LeSetAdvertisingParameters { parameters } => {
                self.parameters = Some(parameters.clone());
            }
            Command::LeSetRandomAddress { address } => self.random = Some(*address),
            Command::LeSetAdvertisingEnable { enable } => {
                (self.last, self.event) = (None, None);
                self.enabled = *enable;
                self.ended = (!enable).then_some(at);
            }
            Command::Reset => *self = Self { ended: Some(at), ..Self::default() },
            other => self.resolving.command(other),
        }
    }

    fn event(&mut self, event: &Event) {
        match event {
            Event::LeConnectionComplete(complete) if complete.status.0 == 0 => {
                self.connections += 1;
                if complete.role == Role::Peripheral {
                    (self.last, self.event) = (None, None);
                }
            }
            Event::DisconnectionComplete { .. } => {
                self.connections = self.connections.saturating_sub(1);
                self.event = self.event.map(|(at, _)| (at, false));
            }
            _ => {}
        }
    }

    fn sent(&mut self, at: Instant, tx: &AirTx, pdu: &AdvertisingPdu, own: Address) -> Wrong {
        let (last, quiet) = (self.last.replace((at, tx.channel)), self.connections == 0);
        let asked = self.as_asked(at, tx.channel, pdu, own);
        let Some((before, channel)) = last else {
            self.event = Some((at, quiet));
            return asked;
        };
        let gap = at.since(before);
        let interval = self.shortest(pdu);
        let half = interval.divided_by(2);
        if tx.channel > channel && gap <= NEXT_CHANNEL + JITTER {
            return asked;
        }
        if tx.channel > channel && gap < half {
            let text = format!("{} µs after the one before in its event", gap.as_us());
            return asked.or(Some(("LL-ADV-1", text)));
        }
        if tx.channel <= channel && gap < half {
            let text = format!("channel {} follows channel {channel} in an event", tx.channel);
            return asked.or(Some(("LL-ADV-1", text)));
        }
        let start = self.event.replace((at, quiet));
        asked.or_else(|| self.interval(at, start?, pdu, quiet))
    }

    /// The shortest time between two events.
    fn shortest(&self, pdu: &AdvertisingPdu) -> Duration {
        match &self.parameters {
            Some(asked) if high_duty(asked) => HIGH_DUTY.divided_by(2),
            Some(asked) => UNIT.times(u64::from(asked.interval_min)),
            None if matches!(pdu, AdvertisingPdu::AdvDirectInd { .. }) => HIGH_DUTY.divided_by(2),
            None => UNIT.times(0x20),
        }
    }

    fn interval(
        &self,
        at: Instant,
        (start, quiet): (Instant, bool),
        pdu: &AdvertisingPdu,
        still: bool,
    ) -> Wrong {
        let gap = at.since(start);
        let tolerance = gap.ppm(CLOCK_PPM) + JITTER.times(2);
        if gap + tolerance < self.shortest(pdu) {
            return Some(("LL-ADV-2", format!("{} µs after the event before", gap.as_us())));
        }
        let asked = self.parameters.as_ref()?;
        let most = match high_duty(asked) {
            true => HIGH_DUTY,
            false => UNIT.times(u64::from(asked.interval_max)) + ADV_DELAY,
        };
        (quiet && still && gap > most + tolerance)
            .then(|| ("LL-ADV-2", format!("{} µs after the event before", gap.as_us())))
    }

    /// Whether this is what the host has asked for.
    fn as_asked(&self, at: Instant, channel: u8, pdu: &AdvertisingPdu, own: Address) -> Wrong {
        let fading = self.ended.is_some_and(|ended| at.since(ended) < FADING);
        let asked = self.parameters.as_ref().filter(|_| !fading)?;
        let kind = matches!(
            (asked.kind, pdu),
            (AdvertisingType::ConnectableUndirected, AdvertisingPdu::AdvInd { .. })
                | (
                    AdvertisingType::DirectedHighDuty | AdvertisingType::DirectedLowDuty,
                    AdvertisingPdu::AdvDirectInd { .. }
                )
                | (AdvertisingType::ScannableUndirected, AdvertisingPdu::AdvScanInd { .. })
                | (AdvertisingType::NonConnectable, AdvertisingPdu::AdvNonconnInd { .. })
        );
        let random = own.kind == AddressKind::Random;
        let address = asked.own_address_random == random
            && (!random || self.random.is_none_or(|octets| octets == own.octets));
        let wrong = if !self.enabled {
            "the host has not asked for advertising"
        } else if !kind {
            "the host has asked for another kind"
        } else if !address {
            "not the own address"
        } else if asked.channel_map >> channel.wrapping_sub(37) & 1 == 0 {
            "a channel that the host has excluded"
        } else {
            return None;
        };
        Some(("LL-ADV-8", wrong.to_owned()))
    }
}

fn high_duty(asked: &AdvertisingParameters) -> bool {
    asked.kind == AdvertisingType::DirectedHighDuty
}
