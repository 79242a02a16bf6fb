//! What a peripheral is for: its services, buttons and outputs.
//!
//! The host below does what every peripheral does (advertising, connections, ATT, pairing, bonds).
//! An [`Application`] adds what only this one does. It is a value with one entrance,
//! [`Application::handle`], which takes the time and an [`Event`] and says what shall be done in
//! bounded [`Effects`]. It sees no queue, no clock and no other part, so it runs on a chip, in a
//! simulated world and in a test of ten lines.
//!
//! A request of a client is answered in the call that brings it, or later with the same
//! [`Request`]. The client waits: ATT gives it 30 s (Vol 3, Part F, 3.3.3).
//!
//! ```
//! use ble::time::Instant;
//! use ble::work::{Level, Work};
//! use firmware_core::application::{Application, Effects, Event, Nothing};
//! use firmware_core::host::gatt::table::{Characteristic, Table};
//! use firmware_core::host::gatt::{Gatt, Uuid};
//!
//! const LEVEL: Uuid = Uuid::short(0x2A19);
//! static TABLE: Table<19> = Table::new("Torch", &[0, 0])
//!     .advertised(Uuid::short(0x180F))
//!     .characteristic(Characteristic::new(LEVEL).readable().notifies());
//! const LEVEL_HANDLE: u16 = TABLE.handle(LEVEL);
//!
//! #[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
//! struct Torch;
//!
//! impl Application for Torch {
//!     type Button = Nothing;
//!     type Output = Nothing;
//!     const NAME: &'static str = "torch";
//!     const ABOUT: &'static str = "a torch that tells its battery level";
//!     const GATT: Gatt = TABLE.gatt();
//!
//!     fn handle(
//!         &mut self,
//!         _: Instant,
//!         event: Event<'_, Nothing>,
//!         out: &mut Effects<Nothing>,
//!     ) -> Work {
//!         if let Event::Read { request, handle: LEVEL_HANDLE } = event {
//!             out.answer(request, Ok(&[90]));
//!         }
//!         Work::none(Level::Host)
//!     }
//! }
//! # assert_eq!(LEVEL_HANDLE, 0x0012);
//! ```

mod effects;

use core::fmt::{Debug, Display};
use core::hash::Hash;

use ble::address::Address;
use ble::armed::Tell;
use ble::error::ErrorCode;
use ble::hci::Handle;
use ble::time::Instant;
use ble::work::Work;

use crate::host::gatt::Gatt;
pub use effects::{EFFECTS, Effect, Effects, KEYS, Stored};

/// What only this peripheral does. See the [module](self).
pub trait Application: Clone + Debug + Eq + Hash + 'static {
    /// The buttons, or other things that a person does to the device.
    type Button: Button;
    /// What a person sees or hears, as a value with a text (`LED 2 on`).
    type Output: Clone + Debug + Display + Eq + Hash;

    /// A word by which setups and files name it.
    const NAME: &'static str;
    /// What it is, in a line.
    const ABOUT: &'static str;
    /// Its name on air and its attributes, as a [`Table`](crate::host::gatt::table::Table) makes
    /// them.
    const GATT: Gatt;

    /// Handles an event. The result is its cost in items, beyond the one that the host counts for
    /// the call: a busy application reacts late.
    ///
    /// Where nothing else is said, an event needs no reaction.
    fn handle(
        &mut self,
        now: Instant,
        event: Event<'_, Self::Button>,
        effects: &mut Effects<Self::Output>,
    ) -> Work;

    /// When [`Event::Timer`] is due. It comes once for each deadline and not before the sleep
    /// clock's next tick after the last one.
    fn deadline(&self) -> Option<Instant> {
        None
    }

    /// Reports what is under way and ends by itself, so that a run waits for it; see
    /// [`ble::armed`]. What recurs while a link lives, such as a measurement each second, is not
    /// reported.
    fn armed(&self, _: Tell<'_>) {}
}

/// Something that a person can press, with a word for scripts, files and pages.
pub trait Button: Copy + Debug + Eq + Hash + 'static {
    /// All of them.
    const ALL: &'static [Self];

    /// The word that names it in scripts and files, as [`Self::by_name`] takes it.
    #[must_use]
    fn name(self) -> &'static str;

    /// The button of that name.
    #[must_use]
    fn by_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|button| button.name() == name)
    }
}

/// For an application without buttons, or without outputs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Nothing {}

impl Button for Nothing {
    const ALL: &'static [Self] = &[];

    fn name(self) -> &'static str {
        match self {}
    }
}

impl Display for Nothing {
    fn fmt(&self, _: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match *self {}
    }
}

/// A client's request, to be answered once with [`Effects::answer`]. An answer to a request that
/// is over (answered, timed out, its connection gone) is ignored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Request {
    /// The connection with the client that asks, or that the value is to be sent to.
    pub connection: Handle,
    pub(crate) number: u16,
}

impl Request {
    /// A request that no host has made, for a test that calls an application without one.
    #[must_use]
    pub const fn made_up(connection: Handle) -> Self {
        Self { connection, number: u16::MAX }
    }
}

/// What happens to an application. Handles of attributes are those of
/// [`Table::handle`](crate::host::gatt::table::Table::handle).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event<'a, B> {
    /// A record was found in storage. Comes before [`Event::Started`], once for each key.
    Loaded {
        /// The key that it was stored under.
        key: u8,
        /// What [`Effects::store`] was given for this key.
        octets: &'a [u8],
    },
    /// The controller is set up; advertising follows.
    Started,
    /// A central has connected.
    Connected {
        /// The new connection.
        connection: Handle,
    },
    /// A connection is over. Its requests are, too.
    Disconnected {
        /// The connection that was.
        connection: Handle,
        /// Reason, as in HCI's Disconnection Complete event (Vol 4, Part E, 7.7.5).
        reason: ErrorCode,
    },
    /// A connection's security level has changed.
    Secured {
        /// The connection whose level has changed.
        connection: Handle,
        /// LE security mode 1 level, 1–4.
        level: u8,
    },
    /// A person does something to the device.
    Button {
        /// The button that is pressed or released.
        button: B,
        /// Pressed (or released).
        pressed: bool,
    },
    /// [`Application::deadline`] is reached.
    Timer,
    /// The value of an attribute is needed: a client reads it, or it is to be notified or
    /// indicated. Answer with the whole value; permissions have been checked. The value for a
    /// notification must be given within the call, or none is sent.
    Read {
        /// To be answered.
        request: Request,
        /// Handle of the value.
        handle: u16,
    },
    /// A client writes. Answer with no octets or with an error; permissions have been checked. The
    /// answer to a Write Command is dropped.
    ///
    /// The second and further values of one Execute Write or Read Multiple Request must be
    /// answered within the call; if one is not, the request fails with Unlikely Error.
    Write {
        /// To be answered.
        request: Request,
        /// Handle of the value.
        handle: u16,
        /// Where in the value it begins; not 0 only for prepared writes.
        offset: u16,
        /// The value to write.
        value: &'a [u8],
    },
    /// A client has configured notifications and indications, or had with its bond.
    Subscribed {
        /// The connection with that client.
        connection: Handle,
        /// Handle of the value, not of its configuration.
        handle: u16,
        /// It wants notifications.
        notifications: bool,
        /// It wants indications.
        indications: bool,
    },
    /// A notification or an indication is on its way.
    Sent {
        /// The connection with the client that it is sent to.
        connection: Handle,
        /// Handle of the value.
        handle: u16,
    },
    /// An indication was confirmed, or not within 30 s: then nothing more can be sent on this
    /// connection.
    Confirmed {
        /// The connection with the client that was to confirm it.
        connection: Handle,
        /// Handle of the value.
        handle: u16,
        /// Whether the confirmation was received; `false`: not within 30 s.
        ok: bool,
    },
    /// A central has bonded, and its bond outlasts a loss of power from now on. It may have
    /// disconnected meanwhile.
    Bonded {
        /// Its identity address.
        peer: Address,
    },
    /// All bonds were deleted, and none of them is in storage any more.
    BondsDeleted,
    /// What [`Effects::store`] asked for is done.
    Stored {
        /// Under which key.
        key: u8,
        /// Whether it is in storage now.
        ok: bool,
    },
}
