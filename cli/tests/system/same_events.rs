//! In which connection event each PDU goes on air: the chip beside the node, to which the measured
//! costs are charged. All are in the same one, but for what [`LATER`] and [`EARLIER`] list with its
//! cause.

use std::collections::{BTreeMap, BTreeSet};

use ble::time::{Duration, Instant};
use bletwin_scenarios::stage::Finished;
use bletwin_sim::sniffer::{Decoded, Direction, sniff};

const ORDER: &str = "it becomes possible in the middle of an event, by what the central has just \
                     said: on the chip an order of control waits while a packet may end, and \
                     misses the rest of the event; in the node it takes effect at once";
/// Read in the code; that nothing else adds to it is not measured.
const CIPHER: &str = "most likely: control decrypts what came and encrypts its answer before it \
                      orders it, and misses the rest of the event; in the node that costs time \
                      afterwards";
const ANSWER: &str = "it answers, or follows, what the peripheral has sent an event later";
const NEXT: &str = "a procedure waits for the end of the one before, which began an event later";

/// The control PDUs that may be in a later event of the chip's run: whose (central or peripheral),
/// which, by how many events at most, and why.
const LATER: [(&str, &str, u16, &str); 9] = [
    ("P", "LL_PHY_REQ", 1, ORDER),
    ("P", "LL_FEATURE_RSP", 1, CIPHER),
    ("C", "LL_PHY_UPDATE_IND", 1, ANSWER),
    ("C", "LL_VERSION_IND", 1, ANSWER),
    ("P", "LL_VERSION_IND", 1, ANSWER),
    ("P", "LL_LENGTH_REQ", 1, NEXT),
    ("C", "LL_LENGTH_REQ", 1, NEXT),
    ("P", "LL_LENGTH_RSP", 1, ANSWER),
    // Where it answers within the same event, or in the next.
    ("C", "LL_LENGTH_RSP", 2, ANSWER),
];

/// The PDU that comes in an earlier event of the chip's run, and why: ATT_HANDLE_VALUE_NTF.
const EARLIER: (&str, &str, &str, &str) = (
    "unpaired",
    "ATT",
    "0x1b",
    "a person presses the button so long after the start of the run, and the chip, whose crystals \
     have to start, connects a quarter of a second later",
);
/// How far such a notification may be from the node's in time: a press counts after 16 ms, and an
/// event has to come.
const AT_ONCE: Duration = Duration::from_ms(16 + 50);

/// What is compared in order: the PDUs of one protocol that one side says in one connection.
type Voice = (usize, &'static str, &'static str);

/// A PDU: when it is first on air, and in which connection event (connEventCount).
#[derive(Clone, Debug, PartialEq, Eq)]
struct Said {
    what: String,
    at: Instant,
    event: u16,
}

/// The new PDUs of a run.
fn said(run: &Finished) -> BTreeMap<Voice, Vec<Said>> {
    let mut voices: BTreeMap<Voice, Vec<Said>> = BTreeMap::new();
    for item in sniff(&run.records) {
        let (Some(connection), Some(event), Some(direction)) =
            (item.connection, item.event, item.direction)
        else {
            continue;
        };
        let (protocol, what) = match &item.decoded {
            _ if item.retransmission => continue,
            Decoded::Control(pdu) => ("LL", format!("{:?}", pdu.opcode())),
            Decoded::L2cap { cid, bytes, complete: true } => {
                let code = bytes.first().copied().unwrap_or(0);
                let protocol = match cid {
                    4 => "ATT",
                    6 => "SMP",
                    _ => "L2CAP",
                };
                (protocol, format!("{code:#04x}"))
            }
            _ => continue,
        };
        let side = match direction {
            Direction::CentralToPeripheral => "C",
            Direction::PeripheralToCentral => "P",
        };
        let said = Said { what, at: item.at, event };
        voices.entry((connection, side, protocol)).or_default().push(said);
    }
    voices
}

/// Why the chip's PDU may be in another event than the node's, if it may.
fn cause(scenario: &str, voice: Voice, chip: &Said, node: &Said) -> Option<&'static str> {
    let (_, side, protocol) = voice;
    if (scenario, protocol, chip.what.as_str()) == (EARLIER.0, EARLIER.1, EARLIER.2) {
        let apart = chip.at.max(node.at).since(chip.at.min(node.at));
        return (chip.event < node.event && apart <= AT_ONCE).then_some(EARLIER.3);
    }
    let known = LATER.iter().find(|(whose, which, ..)| {
        *whose == side && chip.what.split('(').next() == Some(which) && protocol == "LL"
    });
    let (_, _, most, cause) = known?;
    let later = chip.event.checked_sub(node.event)?;
    (later <= *most).then_some(*cause)
}

/// What is not as in the node's run: other PDUs, or other events without a cause. How many PDUs are
/// in the same event is printed, with those that are not.
pub(crate) fn differences(
    scenario: &str,
    central: &str,
    chip: &Finished,
    node: &Finished,
) -> Vec<String> {
    let (chip, node) = (said(chip), said(node));
    let (mut found, mut others, mut same, mut all) = (Vec::new(), BTreeSet::new(), 0, 0);
    let voices: BTreeSet<Voice> = chip.keys().chain(node.keys()).copied().collect();
    for voice in voices {
        let [ours, theirs] =
            [&chip, &node].map(|run| run.get(&voice).map_or(&[][..], Vec::as_slice));
        let [our_words, their_words] =
            [ours, theirs].map(|said| said.iter().map(|one| &one.what).collect::<Vec<_>>());
        // A run is over at a moment, not in an event: its last PDUs may be missing.
        if !our_words.starts_with(&their_words) && !their_words.starts_with(&our_words) {
            found.push(format!("{voice:?}: {our_words:?}\n  node: {their_words:?}"));
            continue;
        }
        for (one, other) in ours.iter().zip(theirs) {
            all += 1;
            if one.event == other.event {
                same += 1;
            } else if let Some(cause) = cause(scenario, voice, one, other) {
                others.insert((voice.1, one.what.clone(), cause));
            } else {
                found.push(format!("{voice:?}: {one:?}\n  node: {other:?}"));
            }
        }
    }
    println!("events: {scenario} with {central}: {same} of {all} PDUs in the same one");
    for (side, what, cause) in others {
        println!("excepted: event of {what} of {side} in {scenario} with {central}: {cause}");
    }
    found
}
