//! How it connects, and what its link layer says of itself.

use ble::pdu::control::ControlPdu;
use bletwin_explain::why::What;

use super::Seen;
use crate::looking::Looking;

/// What SCA promises at the worst, ppm.
const PPM: [i64; 8] = [500, 250, 150, 100, 75, 50, 30, 20];

impl Looking<'_> {
    pub(super) fn connecting(&self, seen: &mut Seen) {
        let Some(What::Connect(_, request)) = self.pdus().first().map(|pdu| &pdu.what) else {
            return;
        };
        let place = || self.place(0);
        seen.say("interval-us", i64::from(request.interval) * 1_250, place());
        seen.say("latency", request.latency, place());
        seen.say("timeout-ms", i64::from(request.timeout) * 10, place());
        seen.say("clock-ppm", PPM[usize::from(request.sca & 7)], place());
        // On a secondary channel the second algorithm goes without saying.
        if self.items.first().is_some_and(|item| !item.is_secondary()) {
            seen.ch_sel.add(request.ch_sel, place());
        }
        let private = request.initiator.is_resolvable();
        let public = request.initiator.kind == ble::address::AddressKind::Public;
        let how = match (public, private) {
            (true, _) => "public",
            (false, true) => "resolvable",
            (false, false) => "static",
        };
        seen.word("address-type", how, place());
    }

    pub(super) fn said(&self, seen: &mut Seen) {
        for (index, pdu) in self.news(true) {
            let What::Control(control) = &pdu.what else { continue };
            let place = || self.place(index);
            match control {
                ControlPdu::FeatureReq(set) => {
                    let bits = i64::try_from(set.0).unwrap_or(i64::MAX);
                    seen.say("features", bits, place());
                }
                ControlPdu::VersionInd(version) => {
                    seen.say("ll-version", version.version, place());
                    seen.say("company", version.company, place());
                    seen.say("subversion", version.subversion, place());
                }
                ControlPdu::LengthReq(length) | ControlPdu::LengthRsp(length) => {
                    seen.say("max-octets", length.max_rx_octets, place());
                    seen.say("max-time-us", length.max_rx_time, place());
                }
                _ => {}
            }
        }
        let account = &self.link.why.account;
        for announced in &account.announcements {
            let Some(pdu) = self.pdus().get(announced.pdu) else { continue };
            let Some(event) = pdu.event.filter(|_| !self.hidden(0, announced.pdu)) else {
                continue;
            };
            let latency = bletwin_explain::why::timing::Timing::at(self.pdus(), announced.pdu);
            let latency = latency.map_or(0, |timing| timing.latency);
            let ahead = announced.instant.wrapping_sub(event);
            if ahead < 0x7FFF {
                seen.instants.add(ahead / (latency + 1), self.place(announced.pdu));
            }
        }
    }
}
