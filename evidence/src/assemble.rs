//! Air and HCI of one session in one time, each moment with its number.

use ble::pdu::advertising::ConnectInd;
use ble::time::{Duration, Instant};
use bletwin_sniffer::{Hci, NodeId, RecordId, Said, View};

use crate::host::{self, HciPacket, Logged, Understood};
use crate::nodes::Nodes;
use crate::packed::{Packed, Session};
use crate::report::{Place, Report};

/// Logs of another day than the capture are not of its session.
const DAY_NS: i64 = 86_400_000_000_000;
/// HCI tells of a connection so long after its request was on air, or a little later.
const TOLD: Duration = Duration::from_us(1_000);

/// Something of HCI that has not got its number yet.
struct Moment {
    pub at: Instant,
    pub place: Place,
    pub node: NodeId,
    pub said: Said,
}

/// Everything, before it is in order.
pub(crate) struct Assembly {
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
    pub(crate) fn new(sessions: &[Session], base: Option<i64>, margin: Duration) -> Self {
        let requests = sessions.iter().flat_map(Session::requests).collect();
        let (hosts, logged) = (Vec::new(), Vec::new());
        Self { hosts, requests, base, margin, logged, understood: false }
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
            let peers = |address| {
                address == *peer
                    || nodes.find(*peer).is_some_and(|p| nodes.find(address) == Some(p))
            };
            let mine = |request: &ConnectInd| match central {
                true => peers(request.advertiser).then_some(request.initiator),
                false => peers(request.initiator).then_some(request.advertiser),
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
    pub(crate) fn pack(
        mut self,
        mut sessions: Vec<Session>,
        mut report: Report,
        exact_times: bool,
        complete: bool,
    ) -> Packed {
        let mut air: Vec<(Instant, usize, usize)> = Vec::new();
        for (number, session) in sessions.iter().enumerate() {
            let used = session.packets.iter().enumerate().filter(|(_, one)| one.found.used);
            air.extend(used.map(|(index, one)| (session.time(one), number, index)));
        }
        air.sort_unstable();
        // What is of one time keeps its order.
        self.hosts.sort_by_key(|moment| moment.at);
        let mut hosts = self.hosts.into_iter().peekable();
        let mut hci = self.understood.then(Vec::new);
        let mut places = Vec::new();
        let (mut id, mut end, any) = (0_u32, Instant::ZERO, !air.is_empty());
        let mut air = air.into_iter().peekable();
        loop {
            let told = hosts.peek().map(|moment| moment.at);
            if let Some((_, number, index)) =
                air.next_if(|(sent, ..)| told.is_none_or(|told| *sent <= told))
            {
                let Some(session) = sessions.get_mut(number) else { continue };
                let Some(last) = session.set_id(index, id.saturating_add(1)) else { continue };
                id = id.saturating_add(1);
                end = end.max(last);
            } else if let Some(Moment { at, place, node, said }) = hosts.next() {
                let Some(hci) = &mut hci else { continue };
                id = id.saturating_add(1);
                hci.push(Hci { id: RecordId(id.into()), at, node, said });
                places.push((id, place));
                end = end.max(at);
            } else {
                break;
            }
        }
        report.not_judged = sessions.iter().flat_map(Session::not_judged).collect();
        report.not_judged.sort_by_key(|one| one.record);
        let view = View {
            frames: Vec::new(),
            hci,
            nodes: None,
            exact_times,
            complete: complete && any,
            end,
        };
        Packed { sessions, view, hci: self.logged, places, seen: id, report }
    }
}
