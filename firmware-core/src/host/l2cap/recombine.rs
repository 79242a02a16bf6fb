//! From ACL fragments to frames, in a buffer of one frame.

use super::{FRAME_MAX, Frame, HEADER};
use ble::error::PeerMisbehaved;
use ble::hci::AclBoundary;

/// The state of the frame being received.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Default)]
enum State {
    /// Nothing has begun: a continuing fragment is out of place.
    #[default]
    Idle,
    /// Octets so far; its announced length may not have arrived yet.
    Collecting(Frame),
    /// A frame is being ignored, to the next first fragment.
    Skipping,
}

/// Recombines the fragments of one connection.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Default)]
pub struct Recombiner {
    state: State,
}

impl Recombiner {
    /// Takes a fragment; gives the frame that it completes.
    ///
    /// # Errors
    /// [`PeerMisbehaved::BadL2capFraming`] once for each frame that is not begun, not ended,
    /// longer than it announces or longer than [`super::FRAME_MAX`]; that frame is dropped.
    pub fn fragment(
        &mut self,
        boundary: AclBoundary,
        data: &[u8],
    ) -> Result<Option<Frame>, PeerMisbehaved> {
        let (cut_short, mut frame) = match (boundary, core::mem::take(&mut self.state)) {
            (AclBoundary::First, before) => (matches!(before, State::Collecting(_)), Frame::new()),
            (AclBoundary::Continuing, State::Collecting(frame)) => (false, frame),
            (AclBoundary::Continuing, State::Skipping) => {
                self.state = State::Skipping;
                return Ok(None);
            }
            (AclBoundary::Continuing, State::Idle) => {
                self.state = State::Skipping;
                return Err(PeerMisbehaved::BadL2capFraming);
            }
        };
        if frame.extend_from_slice(data).is_err() || announced(&frame) > FRAME_MAX {
            self.state = State::Skipping;
            return Err(PeerMisbehaved::BadL2capFraming);
        }
        let whole = announced(&frame);
        if frame.len() > whole && frame.len() >= HEADER {
            self.state = State::Skipping;
            return Err(PeerMisbehaved::BadL2capFraming);
        }
        if frame.len() == whole {
            // The frame that was cut short is not worth losing this one for.
            return Ok(Some(frame));
        }
        self.state = State::Collecting(frame);
        if cut_short { Err(PeerMisbehaved::BadL2capFraming) } else { Ok(None) }
    }
}

/// Octets of the whole frame, header included; as long as that is unknown, a header's worth.
fn announced(frame: &[u8]) -> usize {
    match frame {
        [low, high, ..] => usize::from(u16::from_le_bytes([*low, *high])).saturating_add(HEADER),
        _ => HEADER,
    }
}
