//! What a connection has under way; see [`ble::armed`].

use ble::armed::{Armed, Tell, What};
use ble::trace::Procedure;

use super::Served;
use crate::controller::config::{ControllerConfig, OwnProcedure};

impl Served {
    /// Whether own procedures have begun to come again and again.
    pub(in crate::controller) fn recurs(&self) -> bool {
        self.turns.iter().any(crate::controller::turns::Turns::recur)
    }

    /// Tells what is not over yet. A ping recurs and does not count.
    pub(in crate::controller) fn armed(&self, config: &ControllerConfig, tell: Tell<'_>) {
        let link = &self.link;
        self.procedures.armed(tell);
        self.quirks.armed(tell);
        if link.terminating.is_some() || link.terminated.is_some() {
            tell(Armed { what: What::Own(Procedure::Termination), until: link.terminating });
        }
        if link.schedule.any() {
            tell(Armed::open(What::Instant));
        }
        if link.outstanding() > 0 {
            tell(Armed::open(What::Data));
        }
        let lists = [&config.automatic, &config.quirks.pressed];
        for (list, turns) in lists.into_iter().zip(&self.turns) {
            let waits = |(at, own): &(usize, &OwnProcedure)| turns.waits(*at, own, link.events);
            for (_, own) in list.iter().enumerate().filter(waits) {
                match own.procedure.procedure() {
                    Some(Procedure::LePing) => {}
                    Some(procedure) => tell(Armed::open(What::Deferred(procedure))),
                    None => tell(Armed::open(What::Later("an LL Control PDU"))),
                }
            }
        }
    }
}
