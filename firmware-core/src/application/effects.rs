//! What an application wants done, bounded.

use core::fmt;

use ble::error::ErrorCode;
use ble::hci::{ConnectionParameters, Handle};
use ble::log::Severity;
use ble::text::Text;

use super::Request;
use crate::host::att::AttError;
use crate::host::gatt::Scratch;

/// Maximum number of effects of one call. Further ones are dropped, and the log says so.
pub const EFFECTS: usize = 8;

/// Keys under which an application can store something: 0 to 15.
pub const KEYS: u8 = 16;

/// Octets to be stored, at most [`VALUE_MAX`](crate::host::gatt::VALUE_MAX); `None` deletes.
pub type Stored = Option<Scratch>;

/// One thing that an application wants done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect<O> {
    /// Answers a request with octets, or refuses it; see [`Effects::answer`].
    Answer(Request, Result<Scratch, AttError>),
    /// Notifies one client, or each that has configured it (`None`), of a value by its handle; see
    /// [`Effects::notify`] and [`Effects::notify_one`].
    Notify(Option<Handle>, u16),
    /// Indicates a value by its handle, likewise; see [`Effects::indicate`] and
    /// [`Effects::indicate_one`].
    Indicate(Option<Handle>, u16),
    /// Stores octets under a key, or deletes them; see [`Effects::store`].
    Store(u8, Stored),
    /// Ends a connection with this reason; see [`Effects::disconnect`].
    Disconnect(Handle, ErrorCode),
    /// Asks the central for encryption or pairing; see [`Effects::request_security`].
    RequestSecurity(Handle),
    /// Asks the central for connection parameters; see [`Effects::request_parameters`].
    RequestParameters(Handle, ConnectionParameters),
    /// Opens pairing mode; see [`Effects::open_pairing`].
    OpenPairing,
    /// Deletes all bonds; see [`Effects::delete_bonds`].
    DeleteBonds,
    /// Shows an output to the person at the device; see [`Effects::show`].
    Show(O),
    /// Logs a line of the application's; see [`Effects::log`].
    Log(Severity, Text),
}

/// Collects what an application wants done in one call. Everything happens after the call, in its
/// order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Effects<O> {
    wanted: heapless::Vec<Effect<O>, EFFECTS>,
    dropped: bool,
}

impl<O> Default for Effects<O> {
    fn default() -> Self {
        Self { wanted: heapless::Vec::new(), dropped: false }
    }
}

impl<O> Effects<O> {
    /// An empty collection with room for [`EFFECTS`] effects.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    fn push(&mut self, effect: Effect<O>) {
        self.dropped |= self.wanted.push(effect).is_err();
    }

    /// Answers a read with the whole value, at most [`VALUE_MAX`](crate::host::gatt::VALUE_MAX)
    /// octets, or a write with none; or refuses it.
    pub fn answer(&mut self, request: Request, answer: Result<&[u8], AttError>) {
        // 0 is no error on air.
        let refused = |error: AttError| if error.0 == 0 { AttError::UNLIKELY } else { error };
        let answer = match answer {
            Ok(octets) => Scratch::from_slice(octets).map_err(|_| AttError::UNLIKELY),
            Err(error) => Err(refused(error)),
        };
        self.push(Effect::Answer(request, answer));
    }

    /// Notifies every client that has configured it of a value. The value is requested
    /// ([`Event::Read`](super::Event::Read)) when there is room for the notification: if it has
    /// changed twice by then, only its present value is sent.
    pub fn notify(&mut self, handle: u16) {
        self.push(Effect::Notify(None, handle));
    }

    /// The same for one client.
    pub fn notify_one(&mut self, connection: Handle, handle: u16) {
        self.push(Effect::Notify(Some(connection), handle));
    }

    /// Indicates a value to every client that has configured it, as [`Self::notify`] notifies. One
    /// indication of a client at a time: the next waits for its confirmation.
    pub fn indicate(&mut self, handle: u16) {
        self.push(Effect::Indicate(None, handle));
    }

    /// The same for one client.
    pub fn indicate_one(&mut self, connection: Handle, handle: u16) {
        self.push(Effect::Indicate(Some(connection), handle));
    }

    /// Stores octets under a key below [`KEYS`], at most
    /// [`VALUE_MAX`](crate::host::gatt::VALUE_MAX), or deletes them. After the next reset they are
    /// delivered as [`Event::Loaded`](super::Event::Loaded).
    pub fn store(&mut self, key: u8, octets: Option<&[u8]>) {
        match octets.map(Scratch::from_slice).transpose() {
            Ok(stored) => self.push(Effect::Store(key, stored)),
            Err(_) => self.dropped = true,
        }
    }

    /// Ends a connection (Remote User Terminated Connection).
    pub fn disconnect(&mut self, connection: Handle) {
        self.push(Effect::Disconnect(connection, ErrorCode::REMOTE_USER_TERMINATED));
    }

    /// Asks the central for security: encryption with the key that it has, or pairing.
    pub fn request_security(&mut self, connection: Handle) {
        self.push(Effect::RequestSecurity(connection));
    }

    /// Asks the central for connection parameters.
    pub fn request_parameters(&mut self, connection: Handle, parameters: ConnectionParameters) {
        self.push(Effect::RequestParameters(connection, parameters));
    }

    /// Opens pairing mode: anyone may connect and bond, until a central has bonded or the first one
    /// that connects has disconnected.
    pub fn open_pairing(&mut self) {
        self.push(Effect::OpenPairing);
    }

    /// Deletes all bonds and disconnects the peers that are bonded or encrypted.
    pub fn delete_bonds(&mut self) {
        self.push(Effect::DeleteBonds);
    }

    /// Shows something to the person at the device.
    pub fn show(&mut self, output: O) {
        self.push(Effect::Show(output));
    }

    /// Logs a line, cut after [`TEXT_MAX`](ble::text::TEXT_MAX) octets.
    pub fn log(&mut self, severity: Severity, line: impl fmt::Display) {
        self.push(Effect::Log(severity, Text::of(line)));
    }

    /// Whether more was wanted than there is room for.
    #[must_use]
    pub const fn dropped(&self) -> bool {
        self.dropped
    }

    /// The requested effects, in order.
    pub fn iter(&self) -> impl Iterator<Item = &Effect<O>> {
        self.wanted.iter()
    }

    /// Takes the answer to a request out.
    pub(crate) fn take_answer(&mut self, to: Request) -> Option<Result<Scratch, AttError>> {
        let is_it = |effect: &Effect<O>| matches!(effect, Effect::Answer(of, _) if *of == to);
        let index = self.wanted.iter().position(is_it)?;
        match self.wanted.remove(index) {
            Effect::Answer(_, answer) => Some(answer),
            _ => None,
        }
    }
}

impl<O> IntoIterator for Effects<O> {
    type Item = Effect<O>;
    type IntoIter = <heapless::Vec<Effect<O>, EFFECTS> as IntoIterator>::IntoIter;

    fn into_iter(self) -> Self::IntoIter {
        self.wanted.into_iter()
    }
}
