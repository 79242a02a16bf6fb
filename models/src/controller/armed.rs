//! What a connection has under way; see [`ble::armed`].

use ble::armed::{Armed, Tell, What};
use ble::trace::Procedure;

use super::config::{ControllerConfig, OwnProcedure};
use super::control::Request;
use super::link::Link;

impl Link {
    /// Tells what is not over yet. A ping recurs and does not count.
    pub(super) fn armed(&self, config: &ControllerConfig, tell: Tell<'_>) {
        let control = &self.control;
        if let Some(own) = control.own.as_ref().filter(|own| own.request != Request::Ping) {
            tell(Armed { what: What::Own(own.request.procedure()), until: own.deadline });
        }
        for request in control.queue.iter().chain(&self.quirks.pressing) {
            if *request != Request::Ping {
                tell(Armed::open(What::Deferred(request.procedure())));
            }
        }
        if let Some(remote) = &control.remote {
            tell(Armed::open(What::Peers(remote.procedure())));
        }
        if control.holds_requests() || self.quirks.holds_requests() {
            tell(Armed::open(What::HeldRequest));
        }
        if control.terminating() || self.terminated.is_some() {
            tell(Armed { what: What::Own(Procedure::Termination), until: control.terminating });
        }
        if self.scheduled.any() {
            tell(Armed::open(What::Instant));
        }
        if self.quirks.is_falling_silent() {
            tell(Armed::open(What::Stopping));
        }
        if self.outstanding() > 0 {
            tell(Armed::open(What::Data));
        }
        let ahead = |own: &OwnProcedure| u32::from(own.at_event) >= self.events;
        for own in config.automatic.iter().chain(&config.quirks.pressed) {
            if ahead(own) && own.procedure.procedure() != Procedure::LePing {
                tell(Armed::open(What::Deferred(own.procedure.procedure())));
            }
        }
    }
}
