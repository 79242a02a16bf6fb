//! A raw central: sends what a script says, whether or not any rule allows it.
//!
//! It shares no state machine with the other centrals or with the firmware: only the formats of
//! CONNECT_IND and of the header, and the primitives of the cipher. It hops by Channel Selection
//! Algorithm #1, keeps SN and NESN, and retransmits unacknowledged PDUs. Its [`Script`] decides
//! everything else: octets, header bits, times, encryption. It never gives up a connection; it
//! falls silent when its script is over.

mod event;
mod link;
mod script;
mod seal;

#[cfg(test)]
mod tests;

pub use script::{Script, ScriptChange, ScriptPacket, ScriptStep, Seal, Stamp};

use ble::pdu::advertising::{ADVERTISING_ACCESS_ADDRESS, ADVERTISING_CRC_INIT, AdvertisingPdu};
use ble::phy::{Phy, TxPhy};
use ble::radio::{AfterTransmit, RadioCommand, RadioEvent, Receiver, Tuning};
use ble::time::{Duration, Instant};
use bletwin_sim::node::{Node, NodeInput, NodeOutput, Outbox};

use link::RawLink;

/// How long it listens for an advertisement at a time.
const SCAN: Duration = Duration::from_ms(200);

/// The first advertising channel.
const SCAN_TUNING: Tuning = Tuning {
    channel: 37,
    access_address: ADVERTISING_ACCESS_ADDRESS,
    crc_init: ADVERTISING_CRC_INIT,
};

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum State {
    Off,
    /// Waits for an advertisement of the peripheral.
    Scanning,
    /// CONNECT_IND is on its way.
    Connecting,
    Connected(Box<RawLink>),
}

/// See the [module](self).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct RawCentral {
    script: Script,
    state: State,
}

impl RawCentral {
    /// A raw central that is switched off; it looks for its peripheral once it is started.
    #[must_use]
    pub const fn new(script: Script) -> Self {
        Self { script, state: State::Off }
    }

    /// More to do, after all that the script has had so far: no later than while its last step is
    /// at hand.
    pub fn extend(&mut self, steps: impl IntoIterator<Item = ScriptStep>) {
        self.script.steps.extend(steps);
    }

    /// Whether all steps have been taken.
    #[must_use]
    pub fn is_done(&self) -> bool {
        matches!(&self.state, State::Connected(link) if link.is_done())
    }

    /// The event counter, as this side counts, at which the step with this number was begun.
    #[must_use]
    pub fn begun(&self, step: usize) -> Option<u16> {
        match &self.state {
            State::Connected(link) => link.begun(step),
            _ => None,
        }
    }

    /// Steps that have waited for a PDU in vain.
    #[must_use]
    pub fn missed(&self) -> usize {
        match &self.state {
            State::Connected(link) => link.missed(),
            _ => 0,
        }
    }

    fn scan(&mut self, now: Instant, out: &mut Outbox) {
        self.state = State::Scanning;
        out.push(NodeOutput::Radio(RadioCommand::Receive {
            from: now,
            until: now + SCAN,
            tuning: SCAN_TUNING,
            receiver: Receiver::any(Phy::Le1M),
        }));
    }

    fn radio(&mut self, now: Instant, event: RadioEvent, out: &mut Outbox) {
        match (&mut self.state, event) {
            (State::Scanning, RadioEvent::Received { pdu, crc_ok: true, .. }) => {
                let Some(
                    AdvertisingPdu::AdvInd { advertiser, .. }
                    | AdvertisingPdu::AdvDirectInd { advertiser, .. },
                ) = AdvertisingPdu::parse(&pdu)
                else {
                    return self.scan(now, out);
                };
                if advertiser != self.script.connect.advertiser {
                    return self.scan(now, out);
                }
                self.state = State::Connecting;
                out.push(NodeOutput::Radio(RadioCommand::Reply {
                    phy: TxPhy::Le1M,
                    pdu: self.script.connect_pdu(),
                    tag: 0,
                    then: AfterTransmit::Stop,
                }));
            }
            (State::Scanning, RadioEvent::Received { .. } | RadioEvent::Missed { .. }) => {
                self.scan(now, out);
            }
            (State::Connecting, RadioEvent::Transmitted { end, .. }) => {
                self.state = State::Connected(Box::new(RawLink::new(&self.script, end)));
            }
            // The radio was late: another advertisement will come.
            (State::Connecting, _) => self.scan(now, out),
            (State::Connected(link), event) => link.radio(&self.script, event, out),
            (State::Off | State::Scanning, _) => {}
        }
    }
}

impl Node for RawCentral {
    fn handle(&mut self, now: Instant, input: NodeInput, out: &mut Outbox) {
        match (input, &mut self.state) {
            (NodeInput::Start { .. }, _) => self.scan(now, out),
            (NodeInput::Radio(event), _) => self.radio(now, event, out),
            (NodeInput::Timer, State::Connected(link)) => link.timer(&self.script, now, out),
            _ => {}
        }
    }

    fn deadline(&self) -> Option<Instant> {
        match &self.state {
            State::Connected(link) => link.deadline(),
            _ => None,
        }
    }
}
