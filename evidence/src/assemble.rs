//! Air and HCI of one session in one time, each moment with its number.

use std::cmp::Reverse;

use ble::pdu::advertising::{ADVERTISING_ACCESS_ADDRESS, AdvertisingPdu, ConnectInd};
use ble::time::{Duration, Instant};
use bletwin_sniffer::{Hci, NodeId, RecordId, Said, View};

use crate::air_session::Placed;
use crate::host::{self, HciPacket, Logged, Understood};
use crate::nodes::Nodes;
use crate::report::{NotJudged, Place, Report};

/// Logs of another day than the capture are not of its session.
const DAY_NS: i64 = 86_400_000_000_000;
/// HCI tells of a connection so long after its request was on air, or a little later.
const TOLD: Duration = Duration::from_us(1_000);

/// So many packets are given back at a time.
const GIVE_BACK: usize = 1 << 16;

/// Something of HCI that has not got its number yet.
struct Moment {
    at: Instant,
    place: Place,
    node: NodeId,
    said: Said,
}

/// Everything, before it is in order.
pub(crate) struct Assembly {
    air: Vec<Placed>,
    hosts: Vec<Moment>,
    /// Requests for connections on air: when they ended.
    requests: Vec<(Instant, ConnectInd)>,
    /// Time of the files at the beginning, in ns; `None`: there is no capture.
    base: Option<i64>,
    margin: Duration,
    logged: Vec<HciPacket>,
    understood: bool,
}

impl Assembly {
    /// Of what was on air.
    pub(crate) fn new(air: Vec<Placed>, base: Option<i64>, margin: Duration) -> Self {
        let request = |placed: &Placed| {
            let frame = &placed.frame;
            let advertising = frame.access_address == ADVERTISING_ACCESS_ADDRESS;
            match AdvertisingPdu::parse(&frame.pdu).filter(|_| advertising) {
                Some(AdvertisingPdu::ConnectInd(request)) => {
                    Some((frame.end.unwrap_or(frame.at), request))
                }
                _ => None,
            }
        };
        let requests = air.iter().filter_map(request).collect();
        let (hosts, logged) = (Vec::new(), Vec::new());
        Self { air, hosts, requests, base, margin, logged, understood: false }
    }

    /// Adds the log of one host.
    pub(crate) fn log(
        &mut self,
        file: usize,
        log: &[Logged],
        what: &Understood,
        nodes: &mut Nodes,
    ) -> Vec<String> {
        let Some(first) = log.first() else { return Vec::new() };
        let matched = what.connections.iter().find_map(|(place, peer, central)| {
            let mine = |request: &ConnectInd| match central {
                true => (request.advertiser == *peer).then_some(request.initiator),
                false => (request.initiator == *peer).then_some(request.advertiser),
            };
            let found = |(at, request): &(Instant, ConnectInd)| Some((*at, mine(request)?));
            let (at, own) = self.requests.iter().find_map(found)?;
            Some((log.get(*place)?.ns, at + TOLD, own))
        });
        let own = matched.map(|(.., own)| own).or_else(|| what.own.values().next().copied());
        let node = match own {
            Some(own) => nodes.of(own),
            None => nodes.unknown(),
        };
        let mut notes = what.story.clone();
        if self.base.is_none() {
            notes.push(
                "HCI alone: what controllers start by themselves on air is not in it".to_owned(),
            );
        }
        // Which time of the log is which time here.
        let (from_ns, at) = match (matched, self.base) {
            (Some((ns, at, _)), _) => {
                notes.push("its times are those of the capture by a connection in both".to_owned());
                (ns, at)
            }
            (None, Some(base)) if first.ns.abs_diff(base) < DAY_NS as u64 => {
                notes
                    .push("no connection of the capture is in it: times are the files'".to_owned());
                (base, Instant::ZERO + self.margin)
            }
            _ => (first.ns, Instant::ZERO + self.margin),
        };
        let mut last = Instant::ZERO;
        let mut back = 0_usize;
        for logged in log {
            let since = logged.ns.saturating_sub(from_ns);
            let span = Duration::from_ticks(since.unsigned_abs().saturating_mul(64).min(1 << 61));
            let then = if since < 0 { at.before(span) } else { at + span };
            back += usize::from(then < last);
            last = last.max(then);
            self.packet(file, logged, last, node);
        }
        if back > 0 {
            notes.push(format!("time runs backwards at {back} records, which are held"));
        }
        if what.commands == 0 || what.events == 0 {
            notes.push(format!(
                "it has {} commands, {} events and {} data packets: what is missing was filtered \
                 out when it was logged",
                what.commands, what.events, what.data
            ));
        }
        // Complete for the devices that are in it, or it is not there at all.
        self.understood |= what.commands > 0 && what.events > 0;
        notes
    }

    fn packet(&mut self, file: usize, logged: &Logged, at: Instant, node: NodeId) {
        let place = Place { file, record: logged.record };
        for said in host::octets(logged).into_iter().chain(host::said(logged)) {
            self.hosts.push(Moment { at, place, node, said });
        }
        self.logged.push(HciPacket {
            at,
            node,
            to_host: logged.host.to_host,
            indicator: logged.host.indicator,
            octets: logged.octets.clone(),
        });
    }

    /// Numbers everything that was seen, in the order of its time.
    pub(crate) fn view(
        mut self,
        report: &mut Report,
        exact_times: bool,
        complete: bool,
    ) -> (View, Vec<HciPacket>) {
        // From the end, and given back piece by piece: a long capture would be there twice.
        // What is of one time keeps its order.
        self.air.reverse();
        self.air.sort_by_key(|placed| Reverse(placed.frame.at));
        self.hosts.reverse();
        self.hosts.sort_by_key(|moment| Reverse(moment.at));
        let mut view = View {
            frames: Vec::new(),
            hci: self.understood.then(Vec::new),
            nodes: None,
            exact_times,
            complete,
            end: Instant::ZERO,
        };
        loop {
            let id = RecordId(report.places.len() as u64 + 1);
            let told = self.hosts.last().map(|moment| moment.at);
            let sent = self.air.last().map(|placed| placed.frame.at);
            if sent.is_some_and(|sent| told.is_none_or(|told| sent <= told))
                && let Some(mut placed) = self.air.pop()
            {
                if self.air.len().is_multiple_of(GIVE_BACK) {
                    self.air.shrink_to_fit();
                }
                placed.frame.id = id;
                view.end = view.end.max(placed.frame.end.unwrap_or(placed.frame.at));
                let why = placed.not_judged.map(|reason| NotJudged { record: id, reason });
                report.not_judged.extend(why);
                report.places.push(Place { file: placed.file, record: placed.record });
                view.frames.push(placed.frame);
            } else if let Some(Moment { at, place, node, said }) = self.hosts.pop() {
                let Some(hci) = &mut view.hci else { continue };
                hci.push(Hci { id, at, node, said });
                report.places.push(place);
                view.end = view.end.max(at);
            } else {
                break;
            }
        }
        view.complete &= !view.frames.is_empty();
        (view, self.logged)
    }
}
