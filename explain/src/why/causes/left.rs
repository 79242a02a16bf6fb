//! Ends that the evidence tells of and does not explain.

use crate::why::account::Account;
use crate::why::ending::How;
use crate::why::hypothesis::{Cause, Confidence, Hypothesis};
use crate::why::phrases::side;

pub(super) fn look(account: &Account) -> Option<Hypothesis> {
    let (cause, place, text) = match account.ending.as_ref()?.how {
        How::Terminated { pdu } => {
            let who = side(account.pdu(pdu)?.from_central);
            let text = format!("Nothing on air before it says why the {who} left.");
            (Cause::HostLeft, pdu, text)
        }
        How::Silence { last_heard } => {
            let text = "Nothing on air before it says why the central fell silent.".to_owned();
            (Cause::Silent, last_heard, text)
        }
        How::Mute { last } => {
            let text = "Nothing on air before it says why the peripheral said nothing more.";
            (Cause::Silent, last, text.to_owned())
        }
        How::Deaf { .. } | How::Other => return None,
    };
    Some(Hypothesis::new(cause, Confidence::Undecided, [place], text))
}
