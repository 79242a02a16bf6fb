//! Whether a client knows the present table (Vol 3, Part G, 2.5.2.1).

use super::CHARACTERISTIC;
use super::INCLUDE;
use super::table::handle;
use crate::host::att::{is_request, opcode};

/// What a client knows of the table, as far as this device can know.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub(in crate::host) enum Awareness {
    /// It knows this one, or has never seen another.
    #[default]
    Aware,
    /// Its bond is with another one.
    Unaware {
        /// It has received Database Out Of Sync, or has read the Database Hash: its next request
        /// shows that it knows.
        informed: bool,
    },
}

/// What becomes of an ATT PDU of a client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::host) enum Course {
    Serve,
    /// Served, and the client knows the table from here on.
    ServeAware,
    /// Database Out Of Sync.
    Refuse,
    /// A command, which is dropped without an answer.
    Ignore,
}

impl Awareness {
    pub(in crate::host) const fn is_aware(self) -> bool {
        matches!(self, Self::Aware)
    }

    /// Whether values have to wait until the client knows what their handles mean.
    pub(in crate::host) const fn holds_values(self, robust: bool) -> bool {
        // GATT-SYNC-2: robust caching.
        robust && !self.is_aware()
    }

    /// Handles an ATT PDU of a client, with or without robust caching.
    // GATT-SYNC-2: robust caching.
    pub(in crate::host) fn received(&mut self, robust: bool, pdu: &[u8]) -> Course {
        match *self {
            Self::Aware => Course::Serve,
            Self::Unaware { informed: true } if is_request(pdu) => {
                *self = Self::Aware;
                Course::ServeAware
            }
            Self::Unaware { .. } if !robust => Course::Serve,
            Self::Unaware { .. } if pdu.first() == Some(&opcode::WRITE_CMD) => Course::Ignore,
            Self::Unaware { .. } if depends_on_handles(pdu) => {
                *self = Self::Unaware { informed: true };
                Course::Refuse
            }
            Self::Unaware { .. } => Course::Serve,
        }
    }

    /// The client has confirmed the indication of a value; whether it knows the table by that.
    pub(in crate::host) fn confirmed(&mut self, of: u16) -> bool {
        let learned = of == handle::SERVICE_CHANGED && !self.is_aware();
        if learned {
            *self = Self::Aware;
        }
        learned
    }

    /// The client was given the Database Hash.
    pub(in crate::host) const fn hash_read(&mut self) {
        if let Self::Unaware { informed } = self {
            *informed = true;
        }
    }
}

/// Whether a request names attributes by handle for other purposes than discovery.
fn depends_on_handles(pdu: &[u8]) -> bool {
    match pdu {
        [
            opcode::READ_REQ
            | opcode::READ_BLOB_REQ
            | opcode::READ_MULTIPLE_REQ
            | opcode::READ_MULTIPLE_VARIABLE_REQ
            | opcode::WRITE_REQ
            | opcode::PREPARE_WRITE_REQ,
            ..,
        ] => true,
        [opcode::READ_BY_TYPE_REQ, range @ .., _, _] if range.len() == 4 => {
            let kind = pdu.get(5..).unwrap_or_default();
            let discovers = kind == INCLUDE.octets() || kind == CHARACTERISTIC.octets();
            range != [0x01, 0x00, 0xFF, 0xFF] && !discovers
        }
        // A type of 16 octets is no declaration.
        [opcode::READ_BY_TYPE_REQ, range @ ..] if range.len() == 20 => {
            !range.starts_with(&[0x01, 0x00, 0xFF, 0xFF])
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const READ: [u8; 3] = [opcode::READ_REQ, 0x12, 0];
    const WRITE_CMD: [u8; 4] = [opcode::WRITE_CMD, 0x12, 0, 1];
    const UNAWARE: Awareness = Awareness::Unaware { informed: false };

    /// GATT-SYNC-2: a request by handle is refused once; the next one shows that the client knows.
    #[test]
    fn a_client_with_robust_caching_is_refused_once() {
        let mut client = UNAWARE;
        assert_eq!(client.received(true, &WRITE_CMD), Course::Ignore);
        assert!(client.holds_values(true) && !client.holds_values(false));
        assert_eq!(client.received(true, &READ), Course::Refuse);
        assert_eq!(client.received(true, &WRITE_CMD), Course::Ignore, "a command shows nothing");
        assert_eq!(client.received(true, &READ), Course::ServeAware);
        assert_eq!(client.received(true, &READ), Course::Serve);
        assert!(!client.holds_values(true));
    }

    /// GATT-SYNC-2: discovery goes on, whatever the client knows.
    #[test]
    fn only_what_means_handles_is_refused() {
        let by_type = |range: [u8; 4], kind: [u8; 2]| {
            let [a, b, c, d] = range;
            [opcode::READ_BY_TYPE_REQ, a, b, c, d, kind[0], kind[1]]
        };
        let (all, some) = ([1, 0, 0xFF, 0xFF], [5, 0, 9, 0]);
        for (pdu, refused) in [
            (by_type(all, [0x2A, 0x2B]), false),
            (by_type(some, [0x2A, 0x2B]), true),
            (by_type(some, [0x03, 0x28]), false),
            (by_type(some, [0x02, 0x28]), false),
        ] {
            assert_eq!(UNAWARE.clone().received(true, &pdu) == Course::Refuse, refused, "{pdu:?}");
        }
        let long = [&[opcode::READ_BY_TYPE_REQ, 5, 0, 9, 0][..], &[7; 16]].concat();
        assert_eq!(UNAWARE.clone().received(true, &long), Course::Refuse);
        for discovery in [&[0x10, 1, 0, 0xFF, 0xFF, 0, 0x28][..], &[0x04, 1, 0, 9, 0], &[2, 65, 0]]
        {
            assert_eq!(UNAWARE.clone().received(true, discovery), Course::Serve);
        }
    }

    /// GATT-SYNC-2: who has not asked for it is served by the handles that it uses.
    #[test]
    fn a_client_without_robust_caching_is_served() {
        let mut client = UNAWARE;
        assert_eq!(client.received(false, &READ), Course::Serve);
        assert_eq!(client.received(false, &WRITE_CMD), Course::Serve);
        client.hash_read();
        assert_eq!(client.received(false, &READ), Course::ServeAware);
    }

    #[test]
    fn a_confirmation_of_service_changed_is_enough() {
        let mut client = UNAWARE;
        assert!(!client.confirmed(0x0012));
        assert!(client.confirmed(handle::SERVICE_CHANGED));
        assert!(client.is_aware() && !client.confirmed(handle::SERVICE_CHANGED));
    }
}
