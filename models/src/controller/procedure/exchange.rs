//! Feature exchange (Vol 6, Part B, 5.1.4) and version exchange (5.1.5).

use ble::error::{ErrorCode, PeerMisbehaved};
use ble::hci::Event;
use ble::pdu::control::{ControlPdu, FeatureSet, Opcode, VersionInd};
use ble::time::Instant;
use ble::trace::{Initiator, Procedure};

use crate::controller::control::{Request, Step};
use crate::controller::link::Link;
use crate::controller::shared::Shared;

impl Link {
    /// LL_FEATURE_RSP.
    pub(in crate::controller) fn receive_features(
        &mut self,
        sh: &mut Shared,
        features: FeatureSet,
    ) {
        if !self.awaits(Opcode::FEATURE_REQ) {
            return sh.misbehaved(Some(self.id), PeerMisbehaved::UnexpectedResponse);
        }
        self.learn_features(sh, features);
        if let Some(Request::Features { host: true }) = self.end_own(sh, ErrorCode::SUCCESS) {
            self.tell_features(sh, ErrorCode::SUCCESS);
        }
    }

    /// LL_PERIPHERAL_FEATURE_REQ: octet 0 is common to both, the others are our own.
    pub(in crate::controller) fn answer_features(&mut self, sh: &mut Shared, asked: FeatureSet) {
        if !sh.has(FeatureSet::PERIPHERAL_FEATURE_EXCHANGE) {
            return self.send(sh, ControlPdu::UnknownRsp(Opcode::PERIPHERAL_FEATURE_REQ));
        }
        self.learn_features(sh, asked);
        // LL-FEAT-1: octet 0 of the feature response.
        let common = asked.0 | !0xFF;
        self.send(sh, ControlPdu::FeatureRsp(FeatureSet(sh.config.features.0 & common)));
        self.served(sh, Procedure::FeatureExchange);
    }

    fn learn_features(&mut self, sh: &mut Shared, features: FeatureSet) {
        self.features = Some(features);
        sh.remember_features(self.identity, features);
    }

    pub(in crate::controller) fn tell_features(&self, sh: &mut Shared, status: ErrorCode) {
        let features = self.features.unwrap_or_default();
        sh.event(Event::LeRemoteFeatures { handle: self.handle, status, features });
    }

    /// LL_VERSION_IND is sent once a connection: what the peer told is given again.
    pub(in crate::controller) fn start_version(
        &mut self,
        sh: &mut Shared,
        now: Instant,
        host: bool,
    ) {
        // LL-VERS-1: one LL_VERSION_IND.
        if self.control.peer_version.is_some() || self.control.version_sent {
            if host {
                self.tell_version(sh, ErrorCode::SUCCESS);
            }
            return;
        }
        self.control.version_sent = true;
        let pdu = ControlPdu::VersionInd(sh.config.version);
        self.begin(sh, now, Request::Version { host }, pdu);
    }

    /// LL_VERSION_IND: an answer, a request, or one too many.
    pub(in crate::controller) fn receive_version(
        &mut self,
        sh: &mut Shared,
        now: Instant,
        version: VersionInd,
    ) {
        if self.control.peer_version.is_some() {
            return sh.misbehaved(Some(self.id), PeerMisbehaved::UnexpectedResponse);
        }
        self.control.peer_version = Some(version);
        if self.awaits(Opcode::VERSION_IND) {
            if let Some(Request::Version { host: true }) = self.end_own(sh, ErrorCode::SUCCESS) {
                self.tell_version(sh, ErrorCode::SUCCESS);
            }
        } else if !self.control.version_sent {
            self.request(sh, now, ControlPdu::VersionInd(version));
        }
    }

    pub(in crate::controller) fn answer_version(&mut self, sh: &mut Shared) {
        // LL-VERS-1: one LL_VERSION_IND.
        // LL-VERS-2: answering LL_VERSION_IND.
        if !self.control.version_sent {
            self.control.version_sent = true;
            self.send(sh, ControlPdu::VersionInd(sh.config.version));
            self.served(sh, Procedure::VersionExchange);
        }
    }

    pub(in crate::controller) fn tell_version(&self, sh: &mut Shared, status: ErrorCode) {
        let VersionInd { version, company, subversion } = self
            .control
            .peer_version
            .unwrap_or(VersionInd { version: 0, company: 0, subversion: 0 });
        let handle = self.handle;
        sh.event(Event::RemoteVersion { handle, status, version, company, subversion });
    }

    /// Whether the own procedure waits for the answer to this PDU.
    pub(in crate::controller) fn awaits(&self, sent: Opcode) -> bool {
        let own = self.control.own.as_ref();
        own.is_some_and(|own| matches!(own.step, Step::Response(opcode) if opcode == sent))
    }

    /// The peer's procedure with an instant has begun.
    pub(in crate::controller) fn remote_started(&self, sh: &mut Shared, procedure: Procedure) {
        self.started(sh, procedure, Initiator::Remote);
    }
}
