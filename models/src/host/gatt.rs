//! GATT client: one procedure at a time over one ATT bearer (Vol 3, Part G, 4).

use std::collections::VecDeque;

use ble::time::{Duration, Instant};

use super::att::{self, AttRequest, Incoming, error};
use super::cache::Cache;
use super::config::{Caching, Step, Uuid};

#[cfg(test)]
mod tests;

/// Central Address Resolution, of the GAP Service.
const ADDRESS_RESOLUTION: u16 = 0x2AA6;
/// Where it is, if there is it: behind Device Name and Appearance.
const ADDRESS_RESOLUTION_HANDLE: u16 = 0x0007;

/// A request must be answered within this (Vol 3, Part F, 3.3.3).
// ATT-TIME-1: 30 seconds.
const ATT_TIMEOUT: Duration = Duration::from_secs(30);
const PRIMARY_SERVICE: u16 = 0x2800;
const CHARACTERISTIC: u16 = 0x2803;
const SERVICE_CHANGED: Uuid = Uuid::Short(0x2A05);
const CLIENT_FEATURES: Uuid = Uuid::Short(0x2B29);
const DATABASE_HASH: u16 = 0x2B2A;
/// Client Supported Features: robust caching.
const ROBUST_CACHING: u8 = 0x01;
const CCCD: Uuid = Uuid::Short(0x2902);
/// Property: can be notified.
const NOTIFY: u8 = 0x10;
/// Property: can be indicated.
const INDICATE: u8 = 0x20;
/// More services or characteristics than this are not looked at.
const ATTRIBUTES_MAX: usize = 512;
/// Smallest and default ATT MTU.
const MTU_MIN: u16 = 23;

/// A characteristic that was discovered.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Characteristic {
    /// Handle of its declaration.
    pub declaration: u16,
    /// Handle of its value.
    pub value: u16,
    /// UUID of the characteristic, as its declaration has it.
    pub uuid: Uuid,
    /// Its properties (Vol 3, Part G, 3.3.1.1).
    pub properties: u8,
    /// Handle of its Client Characteristic Configuration, if it has one.
    pub cccd: Option<u16>,
}

impl Characteristic {
    /// What to write to its configuration: notifications, or indications if there are no others.
    const fn configuration(&self) -> u8 {
        if self.properties & (NOTIFY | INDICATE) == INDICATE { 2 } else { 1 }
    }
}

/// The known attributes of a peripheral.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Default)]
pub struct Database {
    /// First and last handle of each primary service.
    pub services: Vec<(u16, u16, Uuid)>,
    /// Characteristics in the order of their handles.
    pub characteristics: Vec<Characteristic>,
}

impl Database {
    /// The first characteristic with this UUID.
    #[must_use]
    pub fn find(&self, uuid: &Uuid) -> Option<&Characteristic> {
        self.characteristics.iter().find(|c| c.uuid == *uuid)
    }
}

/// Why a procedure gave nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum ClientError {
    /// Error Response with this code.
    Att(u8),
    /// The characteristic or its configuration is not there.
    NotFound,
    /// The server's response makes no sense.
    Malformed,
    /// No answer within 30 s: the bearer is dead.
    Timeout,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Task {
    Mtu,
    Services,
    Characteristics,
    /// Descriptors of the characteristic with this index.
    Descriptors(usize),
    /// The Database Hash, before a discovery.
    Hash,
    /// Subscribing to changes, after a discovery.
    Changes,
    Value,
}

/// One client on one connection.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Client {
    own_mtu: u16,
    mtu: u16,
    task: Option<Task>,
    pending: Option<(u8, Instant)>,
    dead: bool,
    exchanged: bool,
    caching: Caching,
    /// Central Address Resolution is 1.
    resolves_calls: bool,
    /// Handles of an earlier connection are believed.
    trusted: bool,
    database: Database,
    hash: Option<Vec<u8>>,
    out: VecDeque<Vec<u8>>,
    unsolicited: Unsolicited,
    /// Service Changed was indicated.
    changed: bool,
}

/// Values that came without being asked for, since this was last looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub(crate) struct Unsolicited {
    pub(crate) notifications: u32,
    pub(crate) indications: u32,
}

type Ended = Option<Result<(), ClientError>>;

impl Client {
    pub(crate) fn new(own_mtu: u16) -> Self {
        Self {
            own_mtu: own_mtu.max(MTU_MIN),
            mtu: MTU_MIN,
            task: None,
            pending: None,
            dead: false,
            exchanged: false,
            caching: Caching::None,
            resolves_calls: false,
            trusted: false,
            database: Database::default(),
            hash: None,
            out: VecDeque::new(),
            unsolicited: Unsolicited::default(),
            changed: false,
        }
    }

    /// Believes what an earlier connection has found, in the way in which this host keeps it.
    pub(crate) fn remember(&mut self, caching: Caching, cache: Option<Cache>) {
        self.caching = caching;
        if let Some(Cache { database, hash }) = cache.filter(|_| caching != Caching::None) {
            (self.database, self.hash, self.trusted) = (database, hash, true);
        }
    }

    /// Whether Central Address Resolution is 1.
    pub(crate) const fn resolve_calls(&mut self, resolves: bool) {
        self.resolves_calls = resolves;
    }

    /// The known attributes, for a later connection.
    pub(crate) fn cache(&self) -> Option<Cache> {
        let known = self.trusted && !self.database.services.is_empty();
        known.then(|| Cache { database: self.database.clone(), hash: self.hash.clone() })
    }

    /// The known attributes are void.
    pub(crate) const fn distrust(&mut self) {
        self.trusted = false;
    }

    /// Whether Service Changed has been indicated since the last call.
    pub(crate) const fn was_told(&mut self) -> bool {
        std::mem::replace(&mut self.changed, false)
    }

    pub(crate) const fn mtu(&self) -> u16 {
        self.mtu
    }

    pub(crate) const fn database(&self) -> &Database {
        &self.database
    }

    pub(crate) fn deadline(&self) -> Option<Instant> {
        self.pending.map(|(_, at)| at)
    }

    /// What came unasked since the last call.
    pub(crate) fn unsolicited(&mut self) -> Unsolicited {
        std::mem::take(&mut self.unsolicited)
    }

    /// The next ATT PDU to be sent.
    pub(crate) fn poll(&mut self) -> Option<Vec<u8>> {
        self.out.pop_front()
    }

    /// Begins a step that needs ATT. `Some` if it is over already.
    pub(crate) fn begin(&mut self, now: Instant, step: &Step) -> Ended {
        if self.dead {
            return Some(Err(ClientError::Timeout));
        }
        // ATT-MTU-1: one exchange of ATT_MTU.
        // ATT-MTU-3: no unsolicited PDU while ATT_MTU is exchanged. This client has no values to
        // send.
        if *step == Step::ExchangeMtu && std::mem::replace(&mut self.exchanged, true) {
            return Some(Ok(()));
        }
        let known = |uuid| self.database.find(uuid).ok_or(ClientError::NotFound);
        let request = match step {
            Step::ExchangeMtu => Ok((Task::Mtu, AttRequest::ExchangeMtu(self.own_mtu))),
            // GATT-HASH-2: the database hash is read by its type.
            Step::Discover if self.caching == Caching::Hash => {
                Ok((Task::Hash, AttRequest::ReadByType(1, u16::MAX, DATABASE_HASH)))
            }
            Step::Discover if self.trusted => return Some(Ok(())),
            Step::Discover => Ok(self.discovery()),
            Step::Write(uuid, value) => {
                known(uuid).map(|c| (Task::Value, AttRequest::Write(c.value, value.clone())))
            }
            // GATT-HASH-2: the database hash is read by its type.
            Step::Read(Uuid::Short(DATABASE_HASH)) => {
                Ok((Task::Value, AttRequest::ReadByType(1, u16::MAX, DATABASE_HASH)))
            }
            Step::Read(uuid) => known(uuid).map(|c| (Task::Value, AttRequest::Read(c.value))),
            Step::Subscribe(uuid) => known(uuid)
                .and_then(|c| Ok((c.cccd.ok_or(ClientError::NotFound)?, c.configuration())))
                .map(|(cccd, value)| (Task::Value, AttRequest::Write(cccd, vec![value, 0]))),
            Step::Secure | Step::Stay(_) | Step::Disconnect => return Some(Ok(())),
        };
        match request {
            Ok((task, request)) => {
                self.ask(now, task, &request);
                None
            }
            Err(error) => Some(Err(error)),
        }
    }

    fn ask(&mut self, now: Instant, task: Task, request: &AttRequest) {
        // ATT-SEQ-1: one request at a time.
        self.task = Some(task);
        self.pending = Some((request.opcode(), now + ATT_TIMEOUT));
        self.out.push_back(request.encode());
    }

    /// [`Self::deadline`] is reached.
    pub(crate) fn timer(&mut self, now: Instant) -> Ended {
        self.pending.filter(|(_, at)| *at <= now)?;
        self.pending = None;
        self.task = None;
        self.dead = true;
        Some(Err(ClientError::Timeout))
    }

    /// An ATT PDU came. `Some` if the procedure under way is over with it.
    pub(crate) fn received(&mut self, now: Instant, octets: &[u8]) -> Ended {
        let Some(incoming) = Incoming::parse(octets) else {
            // Malformed: if it was to be the response, the procedure cannot go on.
            let response = octets.first().is_some_and(|opcode| {
                self.pending.is_some_and(|(request, _)| *opcode == request + 1 || *opcode == 1)
            });
            return response.then(|| self.end(Err(ClientError::Malformed)));
        };
        match &incoming {
            Incoming::Request(0x02) => self.serve_mtu(octets),
            Incoming::Request(0x08) => self.serve_address_resolution(octets),
            // ATT-RSP-1: the response fits its request.
            // ATT-RSP-2: no answer without a question.
            // ATT-RSP-3: every request is answered.
            Incoming::Request(opcode) => {
                self.out.push_back(vec![0x01, *opcode, 0, 0, error::REQUEST_NOT_SUPPORTED]);
            }
            Incoming::Notification(..) => self.unsolicited.notifications += 1,
            // GATT-IND-1: each indication is confirmed.
            Incoming::Indication(of, _) => {
                self.unsolicited.indications += 1;
                let changed = self.database.find(&SERVICE_CHANGED);
                self.changed |= changed.is_some_and(|changed| changed.value == *of);
                self.out.push_back(vec![0x1E]);
            }
            _ => {}
        }
        let (request, _) = self.pending?;
        if incoming.answers() != Some(request) {
            return None;
        }
        self.pending = None;
        self.response(now, incoming)
    }

    /// The peer is a client, too, and asks for our MTU.
    fn serve_mtu(&mut self, octets: &[u8]) {
        if let [_, low, high] = octets {
            self.agree_mtu(u16::from_le_bytes([*low, *high]));
            // ATT-MTU-4: one ATT_MTU for client and server.
            let [low, high] = self.own_mtu.to_le_bytes();
            self.out.push_back(vec![0x03, low, high]);
        }
    }

    /// The one characteristic of this side that a peripheral reads, if there is it.
    // GAP-CAR-1: who is called by a private address.
    fn serve_address_resolution(&mut self, octets: &[u8]) {
        let [_, start0, start1, end0, end1, kind @ ..] = octets else {
            return self.out.push_back(vec![0x01, 0x08, 0, 0, error::INVALID_PDU]);
        };
        let start = u16::from_le_bytes([*start0, *start1]);
        let end = u16::from_le_bytes([*end0, *end1]);
        let [low, high] = ADDRESS_RESOLUTION_HANDLE.to_le_bytes();
        let asked = *kind == ADDRESS_RESOLUTION.to_le_bytes() && self.resolves_calls;
        self.out.push_back(match (start..=end).contains(&ADDRESS_RESOLUTION_HANDLE) {
            _ if start == 0 || start > end => {
                vec![0x01, 0x08, *start0, *start1, error::INVALID_HANDLE]
            }
            true if asked => vec![0x09, 3, low, high, 1],
            _ => vec![0x01, 0x08, *start0, *start1, error::ATTRIBUTE_NOT_FOUND],
        });
    }

    fn agree_mtu(&mut self, peer: u16) {
        // ATT-PDU-1: no longer than ATT_MTU.
        // ATT-MTU-2: ATT_MTU is 23 or more.
        self.mtu = self.own_mtu.min(peer).max(MTU_MIN);
    }

    fn end(&mut self, result: Result<(), ClientError>) -> Result<(), ClientError> {
        self.task = None;
        self.pending = None;
        result
    }

    fn response(&mut self, now: Instant, incoming: Incoming) -> Ended {
        let result = match (self.task.clone()?, incoming) {
            (Task::Mtu, Incoming::Mtu(peer)) => {
                self.agree_mtu(peer);
                Ok(())
            }
            (Task::Services, Incoming::Groups(groups)) => return self.services(now, &groups),
            (Task::Services, Incoming::Error { code: error::ATTRIBUTE_NOT_FOUND, .. }) => {
                return self.next_characteristics(now, 1);
            }
            (Task::Characteristics, Incoming::ByType(records)) => {
                return self.characteristics(now, &records);
            }
            (Task::Characteristics, Incoming::Error { code: error::ATTRIBUTE_NOT_FOUND, .. }) => {
                return self.next_descriptors(now, 0);
            }
            (Task::Descriptors(index), Incoming::Information(pairs)) => {
                let cccd = pairs.iter().find(|(_, uuid)| *uuid == CCCD).map(|(handle, _)| *handle);
                if let Some(characteristic) = self.database.characteristics.get_mut(index) {
                    characteristic.cccd = cccd;
                }
                return self.next_descriptors(now, index + 1);
            }
            (Task::Descriptors(index), Incoming::Error { .. }) => {
                return self.next_descriptors(now, index + 1);
            }
            (Task::Hash, Incoming::ByType(records)) => return self.compare(now, records),
            // Without a hash nothing is believed.
            (Task::Hash, Incoming::Error { .. }) => return self.compare(now, Vec::new()),
            (Task::Changes, Incoming::Written | Incoming::Error { .. }) => Ok(()),
            (Task::Value, Incoming::Value(_) | Incoming::ByType(_) | Incoming::Written) => Ok(()),
            (_, Incoming::Error { code, .. }) => Err(ClientError::Att(code)),
            _ => Err(ClientError::Malformed),
        };
        Some(self.end(result))
    }

    /// All services, to begin with.
    fn discovery(&mut self) -> (Task, AttRequest) {
        self.database = Database::default();
        (Task::Services, AttRequest::ReadByGroupType(1, u16::MAX, PRIMARY_SERVICE))
    }

    /// Compares the received Database Hash: the known attributes are valid, or all are discovered
    /// again.
    fn compare(&mut self, now: Instant, records: Vec<(u16, Vec<u8>)>) -> Ended {
        let hash = records.into_iter().next().map(|(_, hash)| hash);
        if self.trusted && hash.is_some() && hash == self.hash {
            return Some(self.end(Ok(())));
        }
        self.hash = hash;
        let (task, request) = self.discovery();
        self.ask(now, task, &request);
        None
    }

    /// Discovery is complete; a host that caches subscribes to changes.
    fn discovered(&mut self, now: Instant) -> Ended {
        self.trusted = self.caching != Caching::None;
        let asks = match self.caching {
            Caching::ServiceChanged => {
                let changed = self.database.find(&SERVICE_CHANGED);
                changed.and_then(|changed| changed.cccd).map(|cccd| (cccd, vec![2, 0]))
            }
            Caching::Robust => {
                let features = self.database.find(&CLIENT_FEATURES);
                features.map(|features| (features.value, vec![ROBUST_CACHING]))
            }
            Caching::None | Caching::Handles | Caching::Hash => None,
        };
        let Some((handle, value)) = asks else { return Some(self.end(Ok(()))) };
        self.ask(now, Task::Changes, &AttRequest::Write(handle, value));
        None
    }

    fn services(&mut self, now: Instant, groups: &[(u16, u16, Vec<u8>)]) -> Ended {
        // GATT-DISC-1: a discovery ends.
        let mut last = self.database.services.last().map_or(0, |(_, end, _)| *end);
        for (start, end, uuid) in groups {
            let (true, Some(uuid)) = (*start > last && end >= start, att::uuid(uuid)) else {
                return Some(self.end(Err(ClientError::Malformed)));
            };
            last = *end;
            self.database.services.push((*start, *end, uuid));
        }
        if last == u16::MAX || self.database.services.len() > ATTRIBUTES_MAX {
            return self.next_characteristics(now, 1);
        }
        let more = AttRequest::ReadByGroupType(last + 1, u16::MAX, PRIMARY_SERVICE);
        self.ask(now, Task::Services, &more);
        None
    }

    fn next_characteristics(&mut self, now: Instant, from: u16) -> Ended {
        let more = AttRequest::ReadByType(from, u16::MAX, CHARACTERISTIC);
        self.ask(now, Task::Characteristics, &more);
        None
    }

    fn characteristics(&mut self, now: Instant, records: &[(u16, Vec<u8>)]) -> Ended {
        let known = &mut self.database.characteristics;
        let mut last = known.last().map_or(0, |c| c.declaration);
        for (declaration, value) in records {
            // Properties, value handle, UUID.
            let (Some([properties, low, high]), Some(uuid)) =
                (value.first_chunk::<3>(), value.get(3..).and_then(att::uuid))
            else {
                return Some(self.end(Err(ClientError::Malformed)));
            };
            let value = u16::from_le_bytes([*low, *high]);
            if *declaration <= last || value <= *declaration {
                return Some(self.end(Err(ClientError::Malformed)));
            }
            last = *declaration;
            let properties = *properties;
            known.push(Characteristic { declaration: last, value, uuid, properties, cccd: None });
        }
        if last == u16::MAX || known.len() > ATTRIBUTES_MAX {
            return self.next_descriptors(now, 0);
        }
        self.next_characteristics(now, last + 1)
    }

    /// Requests the descriptors of the first characteristic from `index` on that has room for any;
    /// ends the discovery if there is none.
    fn next_descriptors(&mut self, now: Instant, index: usize) -> Ended {
        let room = (index..self.database.characteristics.len())
            .find_map(|index| self.descriptor_range(index).map(|range| (index, range)));
        let Some((index, (start, end))) = room else {
            return self.discovered(now);
        };
        self.ask(now, Task::Descriptors(index), &AttRequest::FindInformation(start, end));
        None
    }

    /// The handles between a characteristic's value and the next declaration.
    fn descriptor_range(&self, index: usize) -> Option<(u16, u16)> {
        let characteristic = self.database.characteristics.get(index)?;
        let start = characteristic.value.checked_add(1)?;
        let next = self.database.characteristics.get(index + 1).map(|c| c.declaration - 1);
        let service = self
            .database
            .services
            .iter()
            .find(|(first, last, _)| (*first..=*last).contains(&characteristic.value));
        let end = service.map_or(u16::MAX, |(_, last, _)| *last).min(next.unwrap_or(u16::MAX));
        (start <= end).then_some((start, end))
    }
}
