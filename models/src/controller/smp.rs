//! What a controller can see of pairing in the ACL octets that pass through it.

use ble::hci::AclBoundary;

/// L2CAP channel of the Security Manager on LE.
const SMP_CID: u16 = 0x0006;

const PAIRING_REQUEST: u8 = 0x01;
const PAIRING_RESPONSE: u8 = 0x02;
const PAIRING_FAILED: u8 = 0x05;
const ENCRYPTION_INFORMATION: u8 = 0x06;
const SIGNING_INFORMATION: u8 = 0x0A;

const ENC_KEY: u8 = 0x01;
const ID_KEY: u8 = 0x02;
const SIGN_KEY: u8 = 0x04;
const SECURE_CONNECTIONS: u8 = 0x08;

/// The direction of an SMP PDU.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    /// From the local host.
    Out,
    /// From the peer.
    In,
}

/// Follows pairing by its PDUs.
///
/// Pairing is pending from a Pairing Request of the local host until a Pairing Failed in either
/// direction, or until the connection is encrypted and all key distribution PDUs that the Pairing
/// Response agreed upon have passed. (With LE Secure Connections the LTK is not distributed.)
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct SmpWatch {
    pending: bool,
    encrypted: bool,
    secure_request: bool,
    keys_out: u8,
    keys_in: u8,
}

impl SmpWatch {
    /// Whether pairing is under way.
    #[must_use]
    pub const fn pending(&self) -> bool {
        self.pending
    }

    /// An ACL fragment passes. Only the first fragment of an SMP PDU is looked at; it is always
    /// long enough for what matters.
    pub(super) fn pass(&mut self, way: Way, boundary: AclBoundary, data: &[u8]) {
        if boundary != AclBoundary::First {
            return;
        }
        let &[_, _, cid0, cid1, code, ref rest @ ..] = data else {
            return;
        };
        if u16::from_le_bytes([cid0, cid1]) != SMP_CID {
            return;
        }
        match (way, code) {
            (Way::Out, PAIRING_REQUEST) => {
                *self = Self { pending: true, ..Self::default() };
                self.secure_request =
                    rest.get(2).is_some_and(|auth| auth & SECURE_CONNECTIONS != 0);
            }
            (Way::In, PAIRING_RESPONSE) if self.pending => self.response(rest),
            (_, PAIRING_FAILED) => self.pending = false,
            (Way::Out, ENCRYPTION_INFORMATION..=SIGNING_INFORMATION) => {
                self.keys_out = self.keys_out.saturating_sub(1);
            }
            (Way::In, ENCRYPTION_INFORMATION..=SIGNING_INFORMATION) => {
                self.keys_in = self.keys_in.saturating_sub(1);
            }
            _ => {}
        }
        self.settle();
    }

    /// Encryption has started, or was refreshed.
    pub(super) fn encrypted(&mut self) {
        self.encrypted = true;
        self.settle();
    }

    /// Fields after the code: IO capability, OOB, AuthReq, key size, initiator's and responder's
    /// key distribution.
    fn response(&mut self, fields: &[u8]) {
        let &[_, _, auth, _, initiator, responder, ..] = fields else {
            return;
        };
        let secure = self.secure_request && auth & SECURE_CONNECTIONS != 0;
        let count = |keys: u8| {
            let pair = |bit| if keys & bit != 0 { 2 } else { 0 };
            let ltk = if secure { 0 } else { pair(ENC_KEY) };
            ltk + pair(ID_KEY) + u8::from(keys & SIGN_KEY != 0)
        };
        self.keys_out = count(initiator);
        self.keys_in = count(responder);
    }

    fn settle(&mut self) {
        if self.encrypted && self.keys_out == 0 && self.keys_in == 0 {
            self.pending = false;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn smp(watch: &mut SmpWatch, way: Way, pdu: &[u8]) {
        let mut frame = vec![u8::try_from(pdu.len()).unwrap(), 0, 6, 0];
        frame.extend_from_slice(pdu);
        watch.pass(way, AclBoundary::First, &frame);
    }

    /// AuthReq 0x0D (bonding, MITM, SC); both distribute EncKey and IdKey.
    const REQUEST: [u8; 7] = [1, 4, 0, 0x0D, 16, 3, 3];
    const RESPONSE: [u8; 7] = [2, 0, 0, 0x0D, 16, 3, 3];

    #[test]
    fn lasts_until_the_last_identity_address() {
        let mut watch = SmpWatch::default();
        smp(&mut watch, Way::Out, &REQUEST);
        smp(&mut watch, Way::In, &RESPONSE);
        watch.encrypted();
        for (way, code) in [(Way::In, 8), (Way::In, 9), (Way::Out, 8), (Way::Out, 9)] {
            assert!(watch.pending());
            smp(&mut watch, way, &[code; 17]);
        }
        assert!(!watch.pending());
    }

    #[test]
    fn ends_with_encryption_when_nothing_is_distributed() {
        let mut watch = SmpWatch::default();
        smp(&mut watch, Way::Out, &[1, 4, 0, 0x0D, 16, 0, 0]);
        smp(&mut watch, Way::In, &[2, 0, 0, 0x0D, 16, 0, 0]);
        assert!(watch.pending());
        watch.encrypted();
        assert!(!watch.pending());
    }

    #[test]
    fn legacy_pairing_distributes_the_ltk_too() {
        let mut watch = SmpWatch::default();
        smp(&mut watch, Way::Out, &REQUEST);
        smp(&mut watch, Way::In, &[2, 0, 0, 0x05, 16, 0, 1]);
        watch.encrypted();
        smp(&mut watch, Way::In, &[6; 17]);
        assert!(watch.pending());
        smp(&mut watch, Way::In, &[7; 11]);
        assert!(!watch.pending());
    }

    #[test]
    fn ends_with_a_failure_and_ignores_other_channels() {
        let mut watch = SmpWatch::default();
        watch.pass(Way::Out, AclBoundary::First, &[1, 0, 4, 0, 1]);
        assert!(!watch.pending());
        smp(&mut watch, Way::Out, &REQUEST);
        assert!(watch.pending());
        smp(&mut watch, Way::In, &[5, 4]);
        assert!(!watch.pending());
    }
}
