//! The database as one client sees it during one PDU: the host's own values, the client's
//! configurations, and the application's values.

use super::client::FEATURES;
use super::table::handle;
use super::{Attribute, Client, Configuration, Database, Gatt, Scratch, Value, attribute};
use crate::application::{Application, Effects, Event, Request};
use crate::host::att::AttError;
use crate::host::bonds::Bond;
use ble::hci::ConnectionParameters;
use ble::time::Instant;
use ble::work::{Level, Work};

/// Values of the host that all clients share.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(in crate::host) struct Values {
    /// Peripheral Preferred Connection Parameters.
    pub(in crate::host) preferred: ConnectionParameters,
    /// What [`Access::Demanded`](super::Access::Demanded) stands for.
    pub(in crate::host) demanded_level: u8,
    /// Database Hash of the application's table, least significant octet first.
    pub(in crate::host) hash: [u8; 16],
}

impl Values {
    /// Digest of the table that the client knows, for its bond.
    pub(in crate::host) fn database(&self) -> u32 {
        self.hash.first_chunk().map_or(0, |octets| u32::from_le_bytes(*octets))
    }

    /// The configurations of a bonded client in this table.
    pub(in crate::host) fn kept(&self, bond: &Bond, gatt: &Gatt) -> Client {
        let client = Client::from_bits(bond.cccd, gatt);
        match bond.configured == self.database() {
            true => client,
            false => client.of_another_table(),
        }
    }
}

/// The application's answer to a request that waited for it.
pub(in crate::host) type Answered = (Request, Result<Scratch, AttError>);

/// See the [module](self).
#[derive(Debug)]
pub(in crate::host) struct GattView<'a, A: Application> {
    pub(in crate::host) now: Instant,
    pub(in crate::host) application: &'a mut A,
    pub(in crate::host) values: &'a Values,
    pub(in crate::host) client: &'a mut Client,
    /// The next request to the application.
    pub(in crate::host) request: Request,
    /// Its earlier answer to the same PDU, until used.
    pub(in crate::host) answered: Option<Answered>,
    /// The PDU has waited for the application once.
    pub(in crate::host) resumed: bool,
    /// It answers later.
    pub(in crate::host) waits: bool,
    /// Something was written for this PDU: it cannot be carried out a second time.
    pub(in crate::host) written: bool,
    /// The Database Hash was read.
    pub(in crate::host) hash_read: bool,
    pub(in crate::host) effects: Effects<A::Output>,
    pub(in crate::host) work: Work,
}

impl<'a, A: Application> GattView<'a, A> {
    pub(in crate::host) fn new(
        now: Instant,
        application: &'a mut A,
        values: &'a Values,
        client: &'a mut Client,
        request: Request,
    ) -> Self {
        Self {
            now,
            application,
            values,
            client,
            request,
            answered: None,
            resumed: false,
            waits: false,
            written: false,
            hash_read: false,
            effects: Effects::new(),
            work: Work::none(Level::Host),
        }
    }

    /// Asks the application, unless it has already answered this request.
    pub(in crate::host) fn ask(
        &mut self,
        event: Event<'_, A::Button>,
    ) -> Result<Scratch, AttError> {
        if let Some((request, _)) = &self.answered
            && *request == self.request
            && let Some((_, answer)) = self.answered.take()
        {
            // Later requests have another number.
            self.request.number = self.request.number.wrapping_add(1);
            return answer;
        }
        let work = self.application.handle(self.now, event, &mut self.effects);
        self.work = self.work.and(work);
        let answer = self.effects.take_answer(self.request);
        if let Some(answer) = answer {
            self.request.number = self.request.number.wrapping_add(1);
            return answer;
        }
        if self.resumed || self.written {
            return Err(AttError::UNLIKELY);
        }
        self.waits = true;
        Err(AttError::NOT_YET)
    }

    fn configuration(&self, handle: u16) -> Option<Configuration> {
        match attribute(A::GATT.attributes, handle)?.value {
            Value::Configuration(configuration) => Some(configuration),
            _ => None,
        }
    }
}

impl<A: Application> Database for GattView<'_, A> {
    fn attributes(&self) -> &'static [Attribute] {
        A::GATT.attributes
    }

    fn demanded_level(&self) -> u8 {
        self.values.demanded_level
    }

    fn read(&mut self, handle: u16, value: &mut Scratch) -> Result<(), AttError> {
        let mut put = |octets: &[u8]| {
            // The longest value of the host has 16 octets.
            let _ = value.extend_from_slice(octets);
        };
        match handle {
            handle::SERVICE_CHANGED => {}
            handle::CLIENT_FEATURES => put(&[self.client.features]),
            handle::DATABASE_HASH => {
                put(&self.values.hash);
                self.hash_read = true;
            }
            handle::PREFERRED_PARAMETERS => {
                let p = self.values.preferred;
                for field in [p.interval_min, p.interval_max, p.latency, p.timeout] {
                    put(&field.to_le_bytes());
                }
            }
            handle => match self.configuration(handle) {
                Some(of) => put(&self.client.configuration(of).to_le_bytes()),
                None => *value = self.ask(Event::Read { request: self.request, handle })?,
            },
        }
        Ok(())
    }

    fn write(&mut self, handle: u16, offset: u16, value: &[u8]) -> Result<(), AttError> {
        match handle {
            handle::CLIENT_FEATURES => {
                self.client.features = features(self.client.features, offset, value)?;
            }
            handle::SERVICE_CHANGED | handle::DATABASE_HASH | handle::PREFERRED_PARAMETERS => {
                return Err(AttError::WRITE_NOT_PERMITTED);
            }
            handle => match self.configuration(handle) {
                Some(of) => self.client.configure(of, configuration(of, offset, value)?),
                None => {
                    let request = self.request;
                    self.ask(Event::Write { request, handle, offset, value })?;
                }
            },
        }
        self.written = true;
        Ok(())
    }
}

/// A configuration has two octets, which are only ever written whole.
// GATT-CCCD-3: a configuration has two octets.
fn configuration(of: Configuration, offset: u16, value: &[u8]) -> Result<u16, AttError> {
    let value = <[u8; 2]>::try_from(value).map_err(|_| AttError::INVALID_LENGTH)?;
    if offset != 0 {
        return Err(AttError::INVALID_OFFSET);
    }
    let value = u16::from_le_bytes(value);
    if value & !of.bits() == 0 { Ok(value) } else { Err(AttError::CCCD_IMPROPERLY_CONFIGURED) }
}

// GATT-FEAT-1: client features stay set.
/// A client may set feature bits but not take one back; octets beyond the first are reserved.
fn features(before: u8, offset: u16, value: &[u8]) -> Result<u8, AttError> {
    if offset != 0 {
        return Err(AttError::INVALID_OFFSET);
    }
    let [first, ..] = value else { return Err(AttError::INVALID_LENGTH) };
    let after = first & FEATURES;
    if before & !after == 0 { Ok(after) } else { Err(AttError::VALUE_NOT_ALLOWED) }
}
