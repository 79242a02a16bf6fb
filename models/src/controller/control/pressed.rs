//! Procedures that a controller presses: started in their event, whatever the rules say.

use super::*;

impl Link {
    /// Starts what the quirks press in this event.
    pub(in crate::controller) fn press_due(&mut self, sh: &mut Shared, now: Instant, event: u16) {
        let pressed = sh.config.quirks.pressed.iter().filter(|own| own.at_event == event);
        let due: Vec<_> = pressed.map(|own| own.procedure).collect();
        for procedure in due {
            self.press(sh, now, procedure);
        }
    }

    /// As an own procedure if none is under way. Else, and for a version that was told before,
    /// the first PDU alone is sent, and what comes of it is nobody's.
    pub(in crate::controller) fn press(
        &mut self,
        sh: &mut Shared,
        now: Instant,
        procedure: AutomaticProcedure,
    ) {
        if self.control.terminating() || self.terminated.is_some() {
            return;
        }
        let free = self.control.own.is_none();
        let (tx, rx) = (sh.default_tx, sh.default_rx);
        let (request, pdu) = match procedure {
            AutomaticProcedure::Features => {
                (Request::Features { host: false }, ControlPdu::FeatureReq(sh.config.features))
            }
            AutomaticProcedure::Version => {
                let pdu = ControlPdu::VersionInd(sh.config.version);
                if self.control.version_sent || self.control.peer_version.is_some() {
                    self.control.version_sent = true;
                    return self.send(sh, pdu);
                }
                (Request::Version { host: false }, pdu)
            }
            AutomaticProcedure::DataLength => {
                let coded = self.agreed(sh, FeatureSet::LE_CODED);
                (Request::Length, self.lengths.request(coded))
            }
            AutomaticProcedure::Phy => {
                (Request::Phy { tx, rx, host: false }, ControlPdu::PhyReq { tx, rx })
            }
            AutomaticProcedure::Ping => (Request::Ping, ControlPdu::PingReq),
            AutomaticProcedure::ChannelMap(channel_map) => (
                Request::ChannelMap(channel_map),
                ControlPdu::ChannelMapInd { channel_map, instant: 0 },
            ),
            AutomaticProcedure::Parameters(wanted) => {
                let ask = sh.config.request_parameters;
                let request = Request::Parameters { wanted, host: false, ask };
                // What the peripheral wants of an update that waits to be sent stays its wish.
                let wish = self.scheduled.wish;
                let pdu = self.parameters_pdu(sh, wanted, ask);
                self.scheduled.wish = wish;
                let Some(pdu) = pdu else { return };
                (request, pdu)
            }
            AutomaticProcedure::MinUsedChannels => {
                let phys = PhySet::LE_1M.union(PhySet::LE_2M);
                let pdu = ControlPdu::MinUsedChannelsInd { phys, min_used_channels: 20 };
                return self.send(sh, pdu);
            }
        };
        if free {
            self.start(sh, now, request);
        } else {
            self.send(sh, pdu);
        }
    }
}
