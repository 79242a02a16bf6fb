//! Instants: what both ends have agreed on takes effect, and with it a procedure is over.

use ble::error::ErrorCode;
use ble::trace::{Initiator, Procedure};

use super::{Procedures, Served};
use crate::controller::arbiter::same;
use crate::controller::procedure::{Effect, row};
use crate::controller::shared::Shared;

impl Procedures {
    /// Whose procedure ends with the announced change; `None`: no procedure, because it was
    /// pressed.
    fn whose(&self, procedure: Procedure) -> Option<Initiator> {
        let local = self.local.as_ref().map(|open| &open.local);
        if local.is_some_and(|l| l.is_announced() && same(l.procedure(), procedure)) {
            return Some(Initiator::Local);
        }
        let remote = self.remote.as_ref();
        let its = remote.is_some_and(|r| r.is_announced() && same(r.procedure(), procedure));
        its.then_some(Initiator::Remote)
    }
}

impl Served {
    /// Makes the changes announced for the event under way.
    pub(in crate::controller::served) fn keep_instants(&mut self, sh: &mut Shared) {
        // LL-AGREE-1, LL-AGREE-2: what is announced is what is done.
        while let Some(announcement) = self.link.schedule.take_due(self.link.counter) {
            self.link.happened.instant();
            let done = !(announcement.may_answer() && self.quirks.keeps_from_switching());
            let procedure = announcement.procedure();
            let Effect { changed, then } = announcement.take_effect(&mut self.link, sh, done);
            let reported = match self.procedures.whose(procedure) {
                Some(Initiator::Local) => self.end_local(sh, ErrorCode::SUCCESS),
                Some(Initiator::Remote) => {
                    self.end_remote(sh, ErrorCode::SUCCESS);
                    false
                }
                None => false,
            };
            // A host that has not requested it is notified only of a change.
            if let Some(report) = row(procedure).report.filter(|_| changed && !reported) {
                report(&self.link, sh, ErrorCode::SUCCESS);
            }
            if let Some(local) = then {
                self.procedures.want_once(local);
            }
        }
    }
}
