//! When a run is over: nothing is under way, and the link has survived a supervision timeout since
//! then.
//!
//! What counts is asked of the devices ([`ble::armed`]), the people and the story, not
//! listed here.

use ble::armed::{Armed, What};
use ble::time::{Duration, Instant};
use bletwin_sim::node::{Node, NodeId};

use super::Stage;
use super::finished::Busy;
use crate::participant::Participant;
use crate::story::Story;

/// Maximum duration of a run after its outcome was reached. Longer than the procedure response
/// timeout (40 s) and the longest supervision timeout (32 s) together.
const AFTERWARDS: Duration = Duration::from_secs(90);

/// How long a run continues after the last link has ended, with a quick host: it notifies its
/// application, which advertises again.
const SETTLE_GONE: Duration = Duration::from_ms(20);

/// Whether this is a procedure of a link layer, or a part of one.
const fn of_link_layer(what: What) -> bool {
    matches!(
        what,
        What::Own(_) | What::Deferred(_) | What::Peers(_) | What::HeldRequest | What::Instant
    )
}

impl Stage {
    /// Reports what is under way and on which node (`None`: in the story), for as long as `more`
    /// wants more.
    fn armed(&self, mut more: impl FnMut(Option<NodeId>, Armed) -> bool) {
        for (at, node) in self.world.intended() {
            let what = What::Act;
            if !more(Some(node), Armed::until(what, self.world.local_at(node, at))) {
                return;
            }
        }
        let mut wanted = true;
        for (id, node) in self.world.nodes() {
            if !wanted {
                return;
            }
            let now = self.world.local_now(id);
            node.armed(&mut |armed| {
                // A timer that has run out and changed nothing will not do so later.
                if wanted && armed.until.is_none_or(|at| at >= now) {
                    wanted = more(Some(id), armed);
                }
            });
        }
        if wanted && self.prompter.is_waiting() {
            wanted = more(None, Armed::open(What::Act));
        }
        if wanted && (self.goes_on() || self.chip_lags()) {
            more(None, Armed::open(What::Story));
        }
    }

    /// Whether procedures of a link layer come again and again for as long as a link lives: none of
    /// them has to be over then, and no run can wait for the last.
    fn recurs(&self) -> bool {
        self.world.nodes().any(|(_, node)| node.recurs())
    }

    /// Notes since when nothing is under way; to be called whenever a device was told something.
    pub(super) fn watch(&mut self) {
        let recurs = self.recurs();
        let (mut any, mut recurring) = (false, false);
        self.armed(|_, armed| {
            let one = recurs && of_link_layer(armed.what);
            recurring |= one;
            any |= !one;
            // Where nothing recurs, one thing is as good as all of them.
            recurs || !any
        });
        // A link on which something recurred is lost: wait until both ends have noticed.
        let stopped = self.recurs[0] && !recurs;
        self.recurs = [recurs, recurring];
        self.quiet = match any {
            true => None,
            false => self.quiet.filter(|_| !stopped).or_else(|| Some(self.world.now())),
        };
    }

    /// When the run is over, as far as is known now.
    pub(crate) fn end(&self) -> Instant {
        let Some(begun) = self.begun else { return Instant::MAX };
        let limit = begun + Duration::from_secs(self.scenario.limit_s);
        // Without pairing the visit is the whole story; of a chip the log has to tell its end.
        let afterwards = match self.scenario.story {
            Story::Unpaired if self.chip().is_none() => self.supervision(),
            _ => AFTERWARDS,
        };
        let latest = self.settled.map_or(limit, |at| at + afterwards);
        let gone =
            self.last_ending().map_or(Instant::MAX, |at| at + SETTLE_GONE + self.host_latency);
        // What recurs is not waited for, but a run does not end in the middle of it either: what
        // then is not answered is still found out.
        let over = self.quiet.filter(|_| !self.recurs[1]);
        let survived = over.map_or(Instant::MAX, |since| since + self.supervision());
        latest.min(gone).min(survived)
    }

    /// How long to look for signs of life once nothing is under way.
    fn supervision(&self) -> Duration {
        let longest = self.world.nodes().filter_map(|(_, node)| node.supervision_timeout()).max();
        longest.map_or(SETTLE_GONE, |timeout| timeout.max(self.rest))
    }

    fn may_be_busy(&self, kind: &str) -> bool {
        let profiles = self.world.nodes().filter_map(|(_, node)| match node {
            Participant::Central(central) => Some(central.profile()),
            _ => None,
        });
        let mut declared = profiles.flat_map(|profile| &profile.busy);
        self.scenario.busy.contains(&kind) || declared.any(|declared| declared == kind)
    }

    /// What was still under way when time was up; empty if the run has ended by itself.
    pub(super) fn busy(&self) -> Vec<Busy> {
        let mut busy = Vec::new();
        if self.last_ending().is_none() && self.quiet.is_none() {
            let recurs = self.recurs();
            self.armed(|node, armed| {
                if recurs && of_link_layer(armed.what) {
                    return true;
                }
                let until = node.zip(armed.until).map(|(id, at)| self.world.world_time(id, at));
                let one = Busy {
                    who: node.map_or("story", |id| self.world.name(id)).into(),
                    kind: armed.what.kind(),
                    what: armed.what.to_string(),
                    until_us: until.map(Instant::as_us),
                    declared: self.may_be_busy(armed.what.kind()),
                };
                if !busy.contains(&one) {
                    busy.push(one);
                }
                true
            });
        }
        busy
    }
}
