//! LE signalling (Vol 3, Part A, 4): what a peripheral without credit-based channels needs.

use ble::hci::ConnectionParameters;
use ble::pdu::cursor::{Reader, Writer};
use ble::time::{Duration, Instant};

const COMMAND_REJECT: u8 = 0x01;
const PARAMETER_REQUEST: u8 = 0x12;
const PARAMETER_RESPONSE: u8 = 0x13;

/// Longest signalling packet that is understood (MTUsig of LE).
const SIGNALLING_MTU: usize = 23;

/// From a response to the next request, at least (T_GAP(conn_param_timeout)).
const PAUSE: Duration = Duration::from_secs(30);

/// A packet on its way to the peer.
pub type SignallingPacket = heapless::Vec<u8, 23>;

/// What a received packet means.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Signal {
    /// A packet without consequence.
    Ignored,
    /// To be answered with this.
    Answer(SignallingPacket),
    /// Our request for connection parameters was answered.
    ParametersAnswered {
        /// Whether the central will do as asked.
        accepted: bool,
    },
}

/// The LE signalling channel of one connection.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Default)]
pub struct Signalling {
    last_identifier: u8,
    outstanding: Option<u8>,
    /// Before that nothing is asked again.
    again: Option<Instant>,
}

impl Signalling {
    /// A Connection Parameter Update Request; `None` while another waits for its answer, and for
    /// 30 s after that.
    // GAP-PAR-2: requests for parameters that are possible.
    pub fn request(
        &mut self,
        now: Instant,
        wanted: ConnectionParameters,
    ) -> Option<SignallingPacket> {
        // GAP-PAR-1: 30 s between two requests for parameters.
        if self.outstanding.is_some() || self.again.is_some_and(|again| now < again) {
            return None;
        }
        // Zero is not an identifier.
        let identifier = self.last_identifier.checked_add(1).unwrap_or(1);
        let mut w = Writer::new();
        w.u8(PARAMETER_REQUEST).u8(identifier).u16(8);
        w.u16(wanted.interval_min).u16(wanted.interval_max);
        w.u16(wanted.latency).u16(wanted.timeout);
        let packet = w.finish()?;
        self.last_identifier = identifier;
        self.outstanding = Some(identifier);
        Some(packet)
    }

    /// Whether a request of this side has no answer yet.
    #[must_use]
    pub const fn is_waiting(&self) -> bool {
        self.outstanding.is_some()
    }

    /// Before that no request is possible, if there has been one.
    #[must_use]
    pub const fn not_before(&self) -> Option<Instant> {
        self.again
    }

    /// Takes a packet from the peer.
    pub fn received(&mut self, now: Instant, packet: &[u8]) -> Signal {
        let mut r = Reader::new(packet);
        let (Some(code), Some(identifier), Some(length)) = (r.u8(), r.u8(), r.u16()) else {
            return Signal::Ignored;
        };
        if identifier == 0 {
            return Signal::Ignored;
        }
        if packet.len() > SIGNALLING_MTU {
            return reject(identifier, &[0x01, 0x00, 23, 0]);
        }
        let whole = usize::from(length) == r.rest().len();
        match code {
            PARAMETER_RESPONSE | COMMAND_REJECT if self.outstanding == Some(identifier) => {
                self.outstanding = None;
                self.again = Some(now + PAUSE);
                let accepted = code == PARAMETER_RESPONSE && whole && r.u16() == Some(0);
                Signal::ParametersAnswered { accepted }
            }
            code if is_response(code) => Signal::Ignored,
            // A request for other parameters too: only a peripheral may ask a central.
            _ => reject(identifier, &[0x00, 0x00]),
        }
    }
}

/// Codes that answer something; answering them would never end.
const fn is_response(code: u8) -> bool {
    matches!(
        code,
        COMMAND_REJECT
            | 0x03
            | 0x05
            | 0x07
            | 0x09
            | 0x0B
            | 0x0D
            | 0x0F
            | 0x11
            | PARAMETER_RESPONSE
            | 0x15
            | 0x18
            | 0x1A
    )
}

fn reject(identifier: u8, reason: &[u8]) -> Signal {
    let mut w = Writer::new();
    w.u8(COMMAND_REJECT).u8(identifier);
    w.u16(u16::try_from(reason.len()).unwrap_or(0)).bytes(reason);
    w.finish().map_or(Signal::Ignored, Signal::Answer)
}
