//! What a connection has under way; see [`ble::armed`].

use ble::armed::{Armed, Tell, What};
use ble::trace::Procedure;

use super::Served;
use crate::controller::config::{ControllerConfig, OwnProcedure};

impl Served {
    /// Whether local procedures have begun to recur.
    pub(in crate::controller) fn recurs(&self) -> bool {
        self.turns.iter().any(crate::controller::turns::Turns::recur)
    }

    /// Reports what is not over yet. A ping recurs and does not count.
    pub(in crate::controller) fn armed(&self, config: &ControllerConfig, report: Tell<'_>) {
        let link = &self.link;
        self.procedures.armed(report);
        self.quirks.armed(report);
        if link.terminating.is_some() || link.terminated.is_some() {
            report(Armed { what: What::Own(Procedure::Termination), until: link.terminating });
        }
        if link.schedule.any() {
            report(Armed::open(What::Instant));
        }
        if link.outstanding() > 0 {
            report(Armed::open(What::Data));
        }
        let lists = [&config.automatic, &config.quirks.pressed];
        for (list, turns) in lists.into_iter().zip(&self.turns) {
            let waits = |(at, own): &(usize, &OwnProcedure)| turns.waits(*at, own, link.events);
            for (_, own) in list.iter().enumerate().filter(waits) {
                match own.procedure.procedure() {
                    Some(Procedure::LePing) => {}
                    Some(procedure) => report(Armed::open(What::Deferred(procedure))),
                    None => report(Armed::open(What::Later("an LL Control PDU"))),
                }
            }
        }
    }
}
