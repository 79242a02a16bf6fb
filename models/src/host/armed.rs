//! What the host has under way; see [`ble::armed`].

use ble::armed::{Armed, Tell, What};

use super::connection::HostConnection;
use super::{CentralHost, Phase, smp};

impl CentralHost {
    /// Tells what is not over yet.
    pub fn armed(&self, tell: Tell<'_>) {
        match self.phase {
            Phase::Starting => tell(Armed::open(What::Commands)),
            Phase::Scanning => tell(Armed::open(What::Connecting)),
            Phase::Connecting(at) => tell(Armed::until(What::Connecting, at)),
            Phase::Waiting(at) => tell(Armed::until(What::Later("connect"), at)),
            Phase::Off | Phase::Idle | Phase::Connected => {}
        }
        if let Some((_, at)) = self.outstanding {
            tell(Armed::until(What::Commands, at));
        } else if !self.commands.is_empty() {
            tell(Armed::open(What::Commands));
        }
        if let Some(at) = self.give_up_at() {
            tell(Armed::until(What::Later("give up"), at));
        }
        if let Some(connection) = &self.connection {
            connection.armed(tell);
        }
    }
}

impl HostConnection {
    fn armed(&self, tell: Tell<'_>) {
        if let Some(smp) = &self.smp {
            tell(Armed { what: What::Security, until: smp::Initiator::deadline(smp) });
        } else if self.is_securing() {
            tell(Armed::open(What::Security));
        }
        if let Some(at) = self.pair_again {
            tell(Armed::until(What::Later("pair again"), at));
        }
        if let Some(at) = self.encrypt_at {
            tell(Armed::until(What::Later("encrypt"), at));
        }
        if let Some((at, _)) = self.jobs.back() {
            tell(Armed::until(What::Work, *at));
        }
        if let Some(at) = self.client.deadline() {
            tell(Armed::until(What::Att, at));
        }
        // Nothing comes of the last step's end if that is all it waits for.
        if !self.closing && self.has_steps() {
            let until = self.running.as_ref().and_then(|running| running.until());
            tell(Armed { what: What::Steps, until });
        }
        if self.closing {
            tell(Armed::open(What::Disconnecting));
        }
        if self.has_queued() {
            tell(Armed::open(What::Data));
        }
    }
}
