//! L2CAP on the fixed channels: recombination, fragmentation, LE signalling (Vol 3, Part A).

use ble::hci::{Acl, AclBoundary, AclData, ConnectionParameters, Handle};
use ble::pdu::cursor::Reader;

use super::config::{Grant, ParameterRules};

/// Fixed channel of the Attribute Protocol (Vol 3, Part A, 2.1).
pub(crate) const CID_ATT: u16 = 0x0004;
/// Fixed channel of LE signalling.
pub(crate) const CID_SIGNALLING: u16 = 0x0005;
/// Fixed channel of the Security Manager.
pub(crate) const CID_SMP: u16 = 0x0006;

/// Longest frame that is put together; a fixed channel needs no more than ATT's 517.
const FRAME_MAX: usize = 1024;

/// Puts frames together from ACL packets. Fragments that make no sense are dropped.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Default)]
pub(crate) struct Recombination {
    frame: Vec<u8>,
}

impl Recombination {
    /// Takes a packet; gives channel and payload of a frame that is complete with it.
    pub(crate) fn push(&mut self, acl: &Acl) -> Option<(u16, Vec<u8>)> {
        if acl.boundary == AclBoundary::First {
            self.frame.clear();
        } else if self.frame.is_empty() {
            return None;
        }
        self.frame.extend_from_slice(&acl.data);
        let mut r = Reader::new(&self.frame);
        let (Some(length), Some(cid)) = (r.u16(), r.u16()) else {
            return None;
        };
        let (length, have) = (usize::from(length), r.rest().len());
        if have < length && length <= FRAME_MAX {
            return None;
        }
        let complete = (have == length).then(|| (cid, r.rest().to_vec()));
        self.frame.clear();
        complete
    }
}

/// Cuts a frame into packets of at most `length` octets.
pub(crate) fn fragments(handle: Handle, cid: u16, payload: &[u8], length: usize) -> Vec<Acl> {
    let announced = u16::try_from(payload.len()).unwrap_or(u16::MAX);
    let frame = [&announced.to_le_bytes()[..], &cid.to_le_bytes(), payload].concat();
    let boundaries =
        std::iter::once(AclBoundary::First).chain(std::iter::repeat(AclBoundary::Continuing));
    frame
        .chunks(length.clamp(1, ble::hci::acl::ACL_MAX))
        .zip(boundaries)
        .filter_map(|(chunk, boundary)| {
            AclData::from_slice(chunk).ok().map(|data| Acl { handle, boundary, data })
        })
        .collect()
}

/// What a signalling frame leads to: an answer, and perhaps new parameters to be set.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub(crate) struct Signalled {
    pub(crate) answer: Option<Vec<u8>>,
    pub(crate) update: Option<ConnectionParameters>,
}

/// Handles one signalling command. A response is ignored, as the host asks for nothing; a request
/// other than Connection Parameter Update Request is refused as not understood.
pub(crate) fn signalling(frame: &[u8], rules: ParameterRules) -> Signalled {
    const REJECT: u8 = 0x01;
    const PARAMETER_REQUEST: u8 = 0x12;
    const PARAMETER_RESPONSE: u8 = 0x13;
    const RESPONSES: [u8; 6] = [0x01, 0x07, 0x13, 0x15, 0x18, 0x1A];
    let mut r = Reader::new(frame);
    let (Some(code), Some(id), Some(length)) = (r.u8(), r.u8(), r.u16()) else {
        return Signalled::default();
    };
    if id == 0 || RESPONSES.contains(&code) || usize::from(length) != r.rest().len() {
        return Signalled::default();
    }
    let fields = (r.u16(), r.u16(), r.u16(), r.u16(), r.end());
    let (PARAMETER_REQUEST, (Some(min), Some(max), Some(latency), Some(timeout), Some(()))) =
        (code, fields)
    else {
        let not_understood = vec![REJECT, id, 2, 0, 0, 0];
        return Signalled { answer: Some(not_understood), update: None };
    };
    let asked = ConnectionParameters { interval_min: min, interval_max: max, latency, timeout };
    let accepted = acceptable(&asked, rules);
    Signalled {
        answer: Some(vec![PARAMETER_RESPONSE, id, 2, 0, u8::from(!accepted), 0]),
        update: (accepted && rules != ParameterRules::AcceptOnly).then_some(asked),
    }
}

/// The parameters to set after accepting a request. A change that would make them invalid is
/// skipped.
pub(crate) fn granted(asked: ConnectionParameters, grants: &[Grant]) -> ConnectionParameters {
    let change = |p: ConnectionParameters, grant: &Grant| {
        let (min, max) = (p.interval_min, p.interval_max);
        let up = |to: u16| move |n: u16| n.checked_next_multiple_of(to).unwrap_or(n);
        let (min, max) = match *grant {
            Grant::Interval(interval) => (interval, interval),
            Grant::AtLeast(least) => (min.max(least), max.max(least)),
            Grant::MultipleOf(step) => (up(step)(min), up(step)(max)),
            Grant::Shortest => (min, min),
            Grant::Latency(_) | Grant::Timeout(_) | Grant::ResponseFirst => (min, max),
        };
        let latency = if let Grant::Latency(latency) = *grant { latency } else { p.latency };
        let timeout = if let Grant::Timeout(timeout) = *grant { timeout } else { p.timeout };
        ConnectionParameters { interval_min: min, interval_max: max, latency, timeout }
    };
    grants.iter().fold(asked, |p, grant| {
        let changed = change(p, grant);
        if acceptable(&changed, ParameterRules::All) { changed } else { p }
    })
}

/// Whether a peripheral's wish is in the ranges of the specification and within the rules.
#[must_use]
pub fn acceptable(asked: &ConnectionParameters, rules: ParameterRules) -> bool {
    let [min, max] = [asked.interval_min, asked.interval_max].map(u32::from);
    let (latency, timeout) = (u32::from(asked.latency), u32::from(asked.timeout));
    // timeout (10 ms) > (1 + latency) · interval (1.25 ms) · 2.
    // GAP-PAR-2: requests for parameters that are possible.
    let in_range = (6..=3200).contains(&min)
        && (min..=3200).contains(&max)
        && latency <= 499
        && (10..=3200).contains(&timeout)
        && timeout * 4 > (1 + latency) * max;
    // `longest`: of all events that may be left out and the one behind, 1.25 ms.
    let apple = |longest: u32, timeouts: std::ops::RangeInclusive<u32>| {
        let fifteen = 12;
        (fifteen..=1_600).contains(&min)
            && min.is_multiple_of(fifteen)
            && (min + fifteen <= max || (min == fifteen && max == fifteen))
            && latency <= 30
            && (1 + latency) * max <= longest
            && timeouts.contains(&timeout)
            && (1 + latency) * max * 3 < timeout * 8
    };
    in_range
        && match rules {
            ParameterRules::All | ParameterRules::AcceptOnly => true,
            ParameterRules::AtMost(longest) => max <= u32::from(longest),
            ParameterRules::Apple => apple(4_800, 600..=1_800),
            ParameterRules::Apple2019 => apple(1_600, 200..=600),
            ParameterRules::Reject => false,
        }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HANDLE: Handle = Handle(1);

    fn asked(min: u16, max: u16, latency: u16, timeout: u16) -> ConnectionParameters {
        ConnectionParameters { interval_min: min, interval_max: max, latency, timeout }
    }

    proptest::proptest! {
        #[test]
        fn fragments_recombine(
            payload in proptest::collection::vec(0u8.., 0..600), length in 1usize..300,
        ) {
            let mut recombination = Recombination::default();
            let packets = fragments(HANDLE, CID_ATT, &payload, length);
            let (last, head) = packets.split_last().unwrap();
            for packet in head {
                proptest::prop_assert_eq!(recombination.push(packet), None);
            }
            proptest::prop_assert_eq!(recombination.push(last), Some((CID_ATT, payload)));
        }

        #[test]
        fn hostile_fragments_do_no_harm(
            packets in proptest::collection::vec(
                (proptest::bool::ANY, proptest::collection::vec(0u8.., 0..60)), 0..40),
        ) {
            let mut recombination = Recombination::default();
            for (first, data) in packets {
                let boundary = if first { AclBoundary::First } else { AclBoundary::Continuing };
                let data = AclData::from_slice(&data).unwrap();
                let frame = recombination.push(&Acl { handle: HANDLE, boundary, data });
                if let Some((CID_SIGNALLING, payload)) = frame {
                    signalling(&payload, ParameterRules::All);
                }
                proptest::prop_assert!(recombination.frame.len() <= FRAME_MAX + 64);
            }
        }
    }

    /// Each rule of R30, 58.6, kept by a hair and just not.
    #[test]
    fn apples_rules_are_those_of_the_guidelines() {
        let kept = |p: &ConnectionParameters| acceptable(p, ParameterRules::Apple);
        for good in [
            asked(12, 12, 0, 600),
            asked(12, 24, 0, 600),
            asked(24, 36, 0, 1_800),
            asked(12, 154, 30, 1_800),
            asked(1_596, 1_608, 0, 700),
            asked(36, 4_800 / 31, 30, 1_800),
            asked(36, 48, 30, 600),
        ] {
            assert!(kept(&good), "{good:?}");
        }
        for bad in [
            asked(12, 12, 0, 599),
            asked(24, 36, 0, 1_801),
            asked(11, 24, 0, 600),
            asked(13, 36, 0, 600),
            asked(24, 24, 0, 600),
            asked(24, 35, 0, 600),
            asked(24, 36, 31, 1_800),
            asked(12, 155, 30, 1_800),
            asked(1_608, 1_620, 0, 1_800),
            asked(36, 160, 9, 600),
        ] {
            assert!(!kept(&bad), "{bad:?}");
        }
        // As they were before, and what keeps both.
        let before = |p: &ConnectionParameters| acceptable(p, ParameterRules::Apple2019);
        assert!(before(&asked(24, 36, 0, 400)) && !kept(&asked(24, 36, 0, 400)));
        assert!(before(&asked(12, 12, 0, 200)) && !before(&asked(24, 36, 0, 700)));
        assert!(!before(&asked(36, 160, 10, 600)) && !before(&asked(24, 24, 0, 400)));
        assert!(before(&asked(24, 36, 0, 600)) && kept(&asked(24, 36, 0, 600)));
    }

    #[test]
    fn zephyrs_default_wish_breaks_apples_rules_and_no_others() {
        let zephyr = asked(24, 40, 0, 42);
        assert!(acceptable(&zephyr, ParameterRules::All));
        assert!(!acceptable(&zephyr, ParameterRules::Apple));
        assert!(!acceptable(&zephyr, ParameterRules::Apple2019));
        assert!(!acceptable(&asked(5, 6, 0, 100), ParameterRules::All));
        assert!(!acceptable(&asked(40, 24, 0, 100), ParameterRules::All));
        assert!(!acceptable(&asked(80, 80, 4, 100), ParameterRules::All));
    }

    #[test]
    fn what_is_granted_is_not_always_what_was_asked_for() {
        let wish = asked(8, 12, 0, 10);
        let get = |grants: &[Grant]| {
            let p = granted(wish, grants);
            (p.interval_min, p.interval_max, p.latency, p.timeout)
        };
        assert_eq!(get(&[]), (8, 12, 0, 10));
        assert_eq!(get(&[Grant::AtLeast(9)]), (9, 12, 0, 10));
        assert_eq!(get(&[Grant::Shortest, Grant::AtLeast(9)]), (9, 9, 0, 10));
        assert_eq!(get(&[Grant::MultipleOf(12), Grant::Timeout(72)]), (12, 12, 0, 72));
        assert_eq!(get(&[Grant::Interval(400)]), (8, 12, 0, 10), "impossible with this timeout");
    }

    #[test]
    fn signalling_answers() {
        // GAP-PAR-2: requests for parameters that are possible.
        let request = [0x12, 7, 8, 0, 24, 0, 40, 0, 0, 0, 42, 0];
        let accepted = signalling(&request, ParameterRules::All);
        assert_eq!(accepted.answer, Some(vec![0x13, 7, 2, 0, 0, 0]));
        assert_eq!(accepted.update, Some(asked(24, 40, 0, 42)));
        let refused = signalling(&request, ParameterRules::Apple);
        assert_eq!(refused.answer, Some(vec![0x13, 7, 2, 0, 1, 0]));
        assert_eq!(refused.update, None);
        let unknown = signalling(&[0x14, 9, 0, 0], ParameterRules::All);
        assert_eq!(unknown.answer, Some(vec![0x01, 9, 2, 0, 0, 0]));
        assert_eq!(signalling(&[0x13, 7, 2, 0, 0, 0], ParameterRules::All), Signalled::default());
    }
}
