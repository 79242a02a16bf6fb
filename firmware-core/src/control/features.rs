//! Feature exchange (Vol 6, Part B, 5.1.4), started by either side.

use ble::error::ErrorCode;
use ble::hci::Event;
use ble::pdu::control::{ControlPdu, FeatureSet};
use ble::trace::Procedure;

use super::connection::{Connection, Context};

/// Bits that a device keeps to itself (Vol 6, Part B, 4.6); the last is Periodic Advertising.
const NOT_EXCHANGED: FeatureSet = FeatureSet::PRIVACY
    .with(FeatureSet::EXTENDED_SCANNING_FILTER)
    .with(FeatureSet::EXTENDED_ADVERTISING)
    .with(FeatureSet(0x2000));

/// Octet 0: in a response the features that both sides have.
const OCTET_0: FeatureSet = FeatureSet(0xFF);

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub(super) struct Features {
    /// What the peer has said; `None` before any exchange.
    pub(super) peer: Option<FeatureSet>,
}

impl Features {
    /// Whether the peer is known not to have a feature.
    pub(super) fn lacks(&self, feature: FeatureSet) -> bool {
        self.peer.is_some_and(|peer| !peer.has(feature))
    }

    /// Whether both sides are known to have a feature.
    pub(super) fn common(&self, own: FeatureSet, feature: FeatureSet) -> bool {
        // LL-FEAT-6: for rejects only; requests are answered by own capability.
        own.has(feature) && self.peer.is_some_and(|peer| peer.has(feature))
    }
}

impl Connection {
    pub(super) fn start_features(&mut self, cx: &mut Context<'_>) {
        if self.features.peer.is_some() {
            self.end_own(cx, ErrorCode::SUCCESS);
        } else {
            // LL-FEAT-4, LL-FEAT-7.
            let own = cx.features().without(NOT_EXCHANGED);
            self.send(cx, ControlPdu::PeripheralFeatureReq(own));
        }
    }

    pub(super) fn on_feature_req(&mut self, cx: &mut Context<'_>, peer: FeatureSet) {
        self.features.peer = Some(peer);
        self.want_channels(cx);
        self.trace_served(cx, Procedure::FeatureExchange);
        let own = cx.features().without(NOT_EXCHANGED);
        // LL-FEAT-1, LL-FEAT-5.
        let answer = own.without(OCTET_0).with(own.and(peer).and(OCTET_0));
        self.send(cx, ControlPdu::FeatureRsp(answer));
    }

    pub(super) fn on_feature_rsp(&mut self, cx: &mut Context<'_>, peer: FeatureSet) {
        if self.awaits(Procedure::FeatureExchange) {
            self.features.peer = Some(peer);
            self.want_channels(cx);
            self.end_own(cx, ErrorCode::SUCCESS);
        } else {
            self.unexpected(cx);
        }
    }

    pub(super) fn tell_features(&self, cx: &mut Context<'_>, status: ErrorCode) {
        let features = self.features.peer.unwrap_or_default();
        cx.out.event(Event::LeRemoteFeatures { handle: self.handle, status, features });
    }
}
