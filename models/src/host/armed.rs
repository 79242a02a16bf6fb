//! What the host has under way; see [`ble::armed`].

use ble::armed::{Armed, Tell, What};

use super::connection::HostConnection;
use super::{CentralHost, Phase, smp};

impl CentralHost {
    /// Reports what is not over yet.
    pub fn armed(&self, report: Tell<'_>) {
        match self.phase {
            Phase::Starting => report(Armed::open(What::Commands)),
            Phase::Scanning => report(Armed::open(What::Connecting)),
            Phase::Connecting(at) => report(Armed::until(What::Connecting, at)),
            Phase::Waiting(at) => report(Armed::until(What::Later("connect"), at)),
            Phase::Off | Phase::Idle | Phase::Connected => {}
        }
        if let Some((_, at)) = self.outstanding {
            report(Armed::until(What::Commands, at));
        } else if !self.commands.is_empty() {
            report(Armed::open(What::Commands));
        }
        if let Some(at) = self.give_up_at() {
            report(Armed::until(What::Later("give up"), at));
        }
        if let Some(connection) = &self.connection {
            connection.armed(report);
        }
    }
}

impl HostConnection {
    fn armed(&self, report: Tell<'_>) {
        if let Some(smp) = &self.smp {
            report(Armed { what: What::Security, until: smp::Initiator::deadline(smp) });
        } else if self.is_securing() {
            report(Armed::open(What::Security));
        }
        if let Some(at) = self.pair_again {
            report(Armed::until(What::Later("pair again"), at));
        }
        if let Some(at) = self.encrypt_at {
            report(Armed::until(What::Later("encrypt"), at));
        }
        if let Some((at, _)) = self.jobs.back() {
            report(Armed::until(What::Work, *at));
        }
        if let Some(at) = self.client.deadline() {
            report(Armed::until(What::Att, at));
        }
        // Nothing comes of the last step's end if that is all it waits for.
        if !self.closing && self.has_steps() {
            let until = self.running.as_ref().and_then(|running| running.until());
            report(Armed { what: What::Steps, until });
        }
        if self.closing {
            report(Armed::open(What::Disconnecting));
        }
        if self.has_queued() {
            report(Armed::open(What::Data));
        }
    }
}
