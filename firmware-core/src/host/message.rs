//! Inputs and outputs of [`Host`](super) beside HCI.

use ble::log::{Log, Severity};
use ble::text::Text;
use ble::ui::Dialog;

use crate::host::procedures::Request;
use ble::effect::{Completion, Effect};
use ble::hci::{Acl, Command, Event};
use ble::trace::Trace;

/// What reaches the host from outside the controller.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum HostInput<B> {
    /// From the controller.
    Event(Event),
    /// From the controller.
    Acl(Acl),
    /// A slow thing is done, or a record was found at boot.
    Completed(Completion),
    /// A button was pressed or released, or the application's equivalent was used.
    Button {
        /// The application's name for it.
        button: B,
        /// Pressed (or released).
        pressed: bool,
    },
    /// The user typed a passkey on the device (IO capability with a keyboard).
    PasskeyEntered(u32),
    /// The user confirmed or refused a numeric comparison.
    NumericConfirmed(bool),
    /// The application requests a procedure on each connection, in addition to those that the
    /// configuration makes the host request.
    Ask(Request),
    /// The application sends a command to the controller. It is queued with the host's own, and
    /// dropped if the queue is full.
    Command(Command),
}

/// An output of the host.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum HostOutput<O> {
    /// To the controller.
    Command(Command),
    /// To the controller.
    Acl(Acl),
    /// Slow work to be done outside.
    Effect(Effect),
    /// To the log.
    Log(Log),
    /// To the log: a line of the application's.
    Said(Severity, Text),
    /// To the display: dialogs of pairing.
    Dialog(Dialog),
    /// To the application's outputs.
    Show(O),
    /// To the record.
    Trace(Trace),
}
