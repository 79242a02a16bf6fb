//! Legacy advertising: channels of an event, the interval, addresses, and answers.

use bletwin_rules::advertising::{LL_ADV_1, LL_ADV_2, LL_ADV_7, LL_ADV_8};
use std::collections::BTreeMap;

use ble::address::{Address, AddressKind};
use ble::error::ErrorCode;
use ble::hci::{AdvertisingParameters, AdvertisingType, Command, Event, Role};
use ble::pdu::advertising::{ADVERTISING_ACCESS_ADDRESS, AdvertisingPdu};
use ble::time::{Duration, Instant};

use super::asked::{Commands, HostSettings};
use super::timing::{JITTER, t_ifs_error};
use super::{Finding, Findings};
use bletwin_sniffer::{Frame, Hci, Moment, NodeId, RecordId, Said, View};

/// The unit of advInterval.
const UNIT: Duration = Duration::from_us(625);
/// Most from one PDU of an event to the next.
const NEXT_CHANNEL: Duration = Duration::from_ms(10);
const ADV_DELAY: Duration = Duration::from_ms(10);
const HIGH_DUTY: Duration = Duration::from_us(3_750);
const CLOCK_PPM: u32 = 500;
/// How long a PDU may still come after the host has ended advertising.
const FADING: Duration = Duration::from_ms(10);

pub(super) fn check(view: &View, findings: &mut Findings) {
    let mut all: BTreeMap<NodeId, Advertiser> = BTreeMap::new();
    // The last packet on each advertising channel, which the next may answer.
    let mut asked: [Option<AdvertiserPacket>; 3] = Default::default();
    for moment in view.moments() {
        match moment {
            Moment::Hci(hci) => crossed(hci, all.entry(hci.node).or_default(), findings),
            Moment::Frame(_, frame) if frame.access_address == ADVERTISING_ACCESS_ADDRESS => {
                sent(frame, &mut all, &mut asked, findings);
            }
            Moment::Frame(..) => {}
        }
    }
}

fn crossed(hci: &Hci, own: &mut Advertiser, findings: &mut Findings) {
    own.logged = true;
    match &hci.said {
        Said::Command(command) => own.command(hci.at, command),
        Said::Octets(octets) => own.commands.octets(octets),
        Said::Event(event) => {
            if let Some((evidence, (rule, text))) = own.accepted(event) {
                findings.add(Finding {
                    rule,
                    culprit: hci.node,
                    at: hci.at,
                    record: hci.id,
                    evidence: vec![evidence],
                    text: format!("{}: {text}", event.name()),
                });
            }
            own.event(event);
        }
    }
}

fn sent(
    frame: &Frame,
    all: &mut BTreeMap<NodeId, Advertiser>,
    asked: &mut [Option<AdvertiserPacket>; 3],
    findings: &mut Findings,
) {
    let (Some(pdu), Some(channel)) = (AdvertisingPdu::parse(&frame.pdu), frame.channel) else {
        return;
    };
    let Some(slot) = asked.get_mut(usize::from(channel.wrapping_sub(37))) else { return };
    let asked_by = match (slot.as_ref(), &pdu) {
        (Some(heard), AdvertisingPdu::ScanRsp { advertiser, .. }) => heard.asks(*advertiser),
        _ => None,
    };
    if let (Some(heard), AdvertisingPdu::ConnectInd(request)) = (slot.as_ref(), &pdu)
        && let Some(called) = all.get_mut(&heard.by)
    {
        called.offer = Some((frame.id, request.initiator, heard.pdu.clone()));
    }
    let own = all.entry(frame.from).or_default();
    let served = asked_by.and_then(|scanner| own.asked().resolving.served(scanner));
    let wrong = match address(&pdu) {
        Some(address) => {
            let sent = own.sent(frame.at, channel, &pdu, address);
            sent.or_else(|| own.calls(&pdu))
        }
        None => served
            .or_else(|| own.seeks(slot.as_ref(), &pdu))
            .or_else(|| answer(frame.at, slot.as_ref(), &pdu)),
    };
    if let Some((rule, text)) = wrong {
        let evidence = slot.as_ref().map(|heard| heard.record).into_iter().collect();
        findings.add(Finding {
            rule,
            culprit: frame.from,
            at: frame.at,
            record: frame.id,
            evidence,
            text: format!("{}: {text}", pdu.name()),
        });
    }
    let end = frame.end.unwrap_or(frame.at);
    *slot = Some(AdvertiserPacket { by: frame.from, end, record: frame.id, pdu });
}

struct AdvertiserPacket {
    by: NodeId,
    end: Instant,
    record: RecordId,
    pdu: AdvertisingPdu,
}

impl AdvertiserPacket {
    /// The target of this advertiser's directed advertising, if any.
    fn target(&self, of: Address) -> Option<Address> {
        match self.pdu {
            AdvertisingPdu::AdvDirectInd { advertiser, target, .. } if advertiser == of => {
                Some(target)
            }
            _ => None,
        }
    }

    /// The device that requests this advertiser's scan response.
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

/// The fault of a request or SCAN_RSP, if any.
fn answer(at: Instant, heard: Option<&AdvertiserPacket>, pdu: &AdvertisingPdu) -> Wrong {
    let wanted = match pdu {
        AdvertisingPdu::ScanReq { advertiser, .. } => *advertiser,
        AdvertisingPdu::ScanRsp { advertiser, .. } => *advertiser,
        AdvertisingPdu::ConnectInd(request) => request.advertiser,
        _ => return None,
    };
    let fits = |heard: &&AdvertiserPacket| match (&heard.pdu, pdu) {
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
    t_ifs_error(heard.end, at, Duration::ZERO)
        .map(|off| (LL_ADV_7.id, format!("began {off} after what it answers")))
}

/// With what an advertiser shares its radio.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Company {
    Nobody,
    /// An event may be skipped for a connection event, or begin late.
    Connections,
    /// Any PDU may be left out, the first of an event too: when that began cannot be seen.
    Scanner,
}

#[derive(Default)]
struct Advertiser {
    commands: Commands,
    /// Whether what its host asks is known. Without, any PDU may be the first of advertising that
    /// was ended and begun again: a chip's host writes no HCI.
    logged: bool,
    connections: usize,
    /// Start of the last PDU, and the channels of its event so far, a bit each.
    last: Option<(Instant, u8)>,
    /// Start of the last event, and what may have disturbed its successor.
    event: Option<(Instant, Company)>,
    /// The last CONNECT_IND to its advertising: record, initiator, and the advertisement that it
    /// answers.
    offer: Option<(RecordId, Address, AdvertisingPdu)>,
}

impl Advertiser {
    fn asked(&self) -> &HostSettings {
        self.commands.asked()
    }

    fn command(&mut self, at: Instant, command: &Command) {
        match command {
            // Advertising that is enabled again continues.
            Command::LeSetAdvertisingEnable { enable } if !enable || !self.asked().enabled => {
                self.begins_anew();
            }
            Command::Reset => {
                self.begins_anew();
                (self.connections, self.offer) = (0, None);
            }
            _ => {}
        }
        self.commands.command(at, command);
    }

    /// The event that comes next has none before it.
    fn begins_anew(&mut self) {
        (self.last, self.event) = (None, None);
    }

    fn event(&mut self, event: &Event) {
        match event {
            Event::CommandComplete { opcode, status, .. }
            | Event::CommandStatus { opcode, status } => self.commands.answer(*opcode, *status),
            Event::LeConnectionComplete(complete) if complete.status.0 == 0 => {
                self.connections += 1;
                if complete.role == Role::Peripheral {
                    self.begins_anew();
                } else {
                    self.commands.initiated();
                }
            }
            Event::LeConnectionComplete(complete)
                if complete.status == ErrorCode::ADVERTISING_TIMEOUT =>
            {
                self.begins_anew();
            }
            Event::DisconnectionComplete { .. } => {
                self.connections = self.connections.saturating_sub(1);
                self.event = self.event.map(|(at, with)| (at, with.max(Company::Connections)));
            }
            _ => {}
        }
    }

    /// A connection that ought not to have been accepted, and its CONNECT_IND.
    fn accepted(&mut self, event: &Event) -> Option<(RecordId, (&'static str, String))> {
        let Event::LeConnectionComplete(complete) = event else { return None };
        if complete.status != ErrorCode::SUCCESS || complete.role != Role::Peripheral {
            return None;
        }
        let (record, initiator, answered) = self.offer.take()?;
        if initiator != complete.peer {
            return None;
        }
        let HostSettings { parameters, resolving, .. } = self.asked();
        let called = match (answered, parameters) {
            (AdvertisingPdu::AdvDirectInd { target, .. }, Some(asked)) => {
                resolving.accepts(asked.peer, target, initiator)
            }
            _ => None,
        };
        Some((record, resolving.served(initiator).or(called)?))
    }

    /// The fault in the target of directed advertising, if any.
    fn calls(&self, pdu: &AdvertisingPdu) -> Wrong {
        let AdvertisingPdu::AdvDirectInd { target, .. } = pdu else { return None };
        self.asked().resolving.calls(self.asked().parameters.as_ref()?.peer, *target)
    }

    /// The fault of a scanner's or an initiator's request, if any.
    fn seeks(&self, heard: Option<&AdvertiserPacket>, pdu: &AdvertisingPdu) -> Wrong {
        let resolving = &self.asked().resolving;
        match pdu {
            AdvertisingPdu::ScanReq { advertiser, .. } => resolving.served(*advertiser),
            AdvertisingPdu::ConnectInd(request) => {
                let target = heard.and_then(|heard| heard.target(request.advertiser));
                resolving
                    .served(request.advertiser)
                    .or_else(|| resolving.initiates(request.initiator, request.advertiser, target))
            }
            _ => None,
        }
    }

    fn sent(&mut self, at: Instant, place: u8, pdu: &AdvertisingPdu, own: Address) -> Wrong {
        // An advertiser that continues has not accepted it: a later connection is another's.
        self.offer = None;
        let company = match self.connections {
            _ if self.asked().scans || self.asked().initiates => Company::Scanner,
            0 => Company::Nobody,
            _ => Company::Connections,
        };
        let asked = self.as_asked(at, place, pdu, own);
        let channel = 1 << place.wrapping_sub(37);
        let Some((before, used)) = self.last.replace((at, channel)) else {
            self.event = Some((at, company));
            return asked;
        };
        let gap = at.since(before);
        let (soon, near) = (gap <= NEXT_CHANNEL + JITTER, gap < self.shortest(pdu).divided_by(2));
        // The order of channels is the advertiser's, but in high duty cycle (4.4.2.4.3).
        let ordered = self.asked().parameters.as_ref().is_some_and(high_duty);
        let again = used & channel != 0 || ordered && channel < used;
        if (soon && !again) || near {
            self.last = Some((at, used | channel));
            if (again || !soon) && !self.logged {
                self.last = Some((at, channel));
                self.event = Some((at, company));
                return asked;
            }
            let text = match again {
                true => format!("channel {place} does not follow in its event"),
                false => format!("{} µs after the one before in its event", gap.as_us()),
            };
            return asked.or_else(|| (again || !soon).then_some((LL_ADV_1.id, text)));
        }
        let start = self.event.replace((at, company));
        asked.or_else(|| self.interval(at, start?, used, pdu, company))
    }

    /// Channels of an event, a bit each.
    fn channels(&self) -> u8 {
        self.asked().parameters.as_ref().map_or(0b111, |asked| asked.channel_map & 0b111)
    }

    /// The shortest time between two events.
    fn shortest(&self, pdu: &AdvertisingPdu) -> Duration {
        match &self.asked().parameters {
            Some(asked) if high_duty(asked) => HIGH_DUTY.divided_by(2),
            Some(asked) => UNIT.times(u64::from(asked.interval_min)),
            None if matches!(pdu, AdvertisingPdu::AdvDirectInd { .. }) => HIGH_DUTY.divided_by(2),
            None => UNIT.times(0x20),
        }
    }

    /// `used`: the channels of the event before, which began at `start` as far as can be seen.
    fn interval(
        &self,
        at: Instant,
        (start, before): (Instant, Company),
        used: u8,
        pdu: &AdvertisingPdu,
        company: Company,
    ) -> Wrong {
        let company = company.max(before);
        if company == Company::Scanner {
            return None;
        }
        let gap = at.since(start);
        let tolerance = gap.ppm(CLOCK_PPM) + JITTER.times(2);
        // The part skipped for a connection may have been the beginning.
        let unseen = match company {
            Company::Nobody => Duration::ZERO,
            _ => NEXT_CHANNEL.times(u64::from((self.channels() & !used).count_ones())),
        };
        if self.logged && gap + unseen + tolerance < self.shortest(pdu) {
            return Some((LL_ADV_2.id, format!("{} µs after the event before", gap.as_us())));
        }
        let asked = self.asked().parameters.as_ref()?;
        let most = match high_duty(asked) {
            true => HIGH_DUTY,
            false => UNIT.times(u64::from(asked.interval_max)) + ADV_DELAY,
        };
        (company == Company::Nobody && gap > most + tolerance)
            .then(|| (LL_ADV_2.id, format!("{} µs after the event before", gap.as_us())))
    }

    /// Whether the advertisement is as the host has requested.
    fn as_asked(&self, at: Instant, channel: u8, pdu: &AdvertisingPdu, own: Address) -> Wrong {
        let fading = self.asked().ended.is_some_and(|ended| at.since(ended) < FADING);
        let asked = self.asked().parameters.as_ref().filter(|_| !fading)?;
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
        let given = asked.own_address_random == random
            && (!random || self.asked().random.is_none_or(|octets| octets == own.octets));
        let address = given || self.asked().resolving.advertises_as(asked.peer, own);
        let wrong = if !self.asked().enabled {
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
        Some((LL_ADV_8.id, wrong.to_owned()))
    }
}

fn high_duty(asked: &AdvertisingParameters) -> bool {
    asked.kind == AdvertisingType::DirectedHighDuty
}
