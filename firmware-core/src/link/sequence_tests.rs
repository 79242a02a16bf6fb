//! The acknowledgement scheme from its rules, and between two ends over a bad channel.

use super::*;
use proptest::prelude::*;
use std::vec::Vec;

fn header(sn: bool, nesn: bool) -> DataHeader {
    DataHeader { llid: Llid::Continuation, nesn, sn, md: false }
}

fn payload(n: u8) -> Payload {
    Payload::from_slice(&[n]).unwrap()
}

fn transmit(sequence: &mut Sequence, md: bool) -> (AirPdu, Tag) {
    let mut pdu = AirPdu::default();
    let tag = sequence.transmit(md, &mut pdu);
    (pdu, tag)
}

fn sent(sequence: &mut Sequence) -> (DataHeader, Vec<u8>) {
    let (pdu, _) = transmit(sequence, false);
    sequence.transmitted();
    (DataHeader::from_octet(pdu.header()), pdu.payload().to_vec())
}

/// LL-SN-2: first numbers.
#[test]
fn the_first_packet_has_sn_0_and_acknowledges() {
    let mut p = Sequence::new();
    assert!(p.receive(header(false, false), true).new);
    let (h, octets) = sent(&mut p);
    assert_eq!((h.sn, h.nesn, h.llid, octets.len()), (false, true, Llid::Continuation, 0));
}

/// LL-SN-1: sequence number.
#[test]
fn sn_flips_with_each_acknowledgement() {
    let mut p = Sequence::new();
    let mut seen = Vec::new();
    // The central toggles both bits each time: every packet is acknowledged.
    for n in 0..4 {
        p.receive(header(n % 2 == 1, n % 2 == 1), true);
        let (h, _) = sent(&mut p);
        seen.push((h.sn, h.nesn));
    }
    assert_eq!(seen, [(false, true), (true, false), (false, true), (true, false)]);
}

/// LL-NESN-1: acknowledgement.
#[test]
fn a_repetition_is_acknowledged_again_but_not_new() {
    let mut p = Sequence::new();
    p.receive(header(false, false), true);
    let first = sent(&mut p);
    assert_eq!(p.receive(header(false, false), true), Meaning { acknowledged: None, new: false });
    assert_eq!(sent(&mut p), first);
}

/// LL-RETX-1: repetition.
#[test]
fn a_queued_pdu_is_repeated_until_acknowledged() {
    let mut p = Sequence::new();
    assert!(p.push(Llid::Start, payload(1), 11, Coding::S8));
    assert!(p.push(Llid::Start, payload(2), 12, Coding::S8));
    p.receive(header(false, false), true);
    assert_eq!(transmit(&mut p, true).1, 11);
    assert_eq!(p.transmitted(), Some(11));
    // Not acknowledged: NESN still 0. Sent again, reported once.
    assert_eq!(p.receive(header(true, false), true).acknowledged, None);
    assert_eq!(transmit(&mut p, true).1, 11);
    assert_eq!(p.transmitted(), None);
    assert_eq!(p.receive(header(false, true), true).acknowledged, Some(11));
    assert_eq!(transmit(&mut p, false).1, 12);
}

#[test]
fn an_empty_pdu_in_flight_is_repeated_before_data() {
    let mut p = Sequence::new();
    p.receive(header(false, false), true);
    assert_eq!(sent(&mut p).1, []);
    assert!(p.push(Llid::Start, payload(7), 1, Coding::S2));
    // The Empty PDU was lost; data under its SN could be taken for a repetition of it.
    p.receive(header(false, false), true);
    assert_eq!(p.more_len(), Some((1, Coding::S2)));
    assert_eq!(sent(&mut p).1, []);
    p.receive(header(true, true), true);
    assert_eq!(sent(&mut p).1, [7]);
}

/// LL-NESN-2: flow control.
#[test]
fn without_room_a_packet_stays_unacknowledged() {
    let mut p = Sequence::new();
    assert!(!p.receive(header(false, false), false).new);
    assert!(!sent(&mut p).0.nesn);
    assert!(p.receive(header(false, false), true).new);
    assert!(sent(&mut p).0.nesn);
}

/// What befalls one packet.
#[derive(Clone, Copy, Debug)]
enum Fate {
    Arrives,
    Damaged,
    Lost,
}

fn fate() -> impl Strategy<Value = Fate> {
    prop_oneof![3 => Just(Fate::Arrives), 1 => Just(Fate::Damaged), 1 => Just(Fate::Lost)]
}

/// One end with the packets that it has to send and those that it has received.
struct End {
    sequence: Sequence,
    to_send: u8,
    queued: u8,
    acknowledged: Vec<Tag>,
    got: Vec<u8>,
}

impl End {
    fn new(to_send: u8) -> Self {
        let (acknowledged, got) = (Vec::new(), Vec::new());
        Self { sequence: Sequence::new(), to_send, queued: 0, acknowledged, got }
    }

    fn send(&mut self) -> AirPdu {
        while self.queued < self.to_send
            && usize::from(self.queued) < self.acknowledged.len() + TX_QUEUE
        {
            let tag = Tag::from(self.queued) + 1;
            assert!(self.sequence.push(Llid::Start, payload(self.queued), tag, Coding::S8));
            self.queued += 1;
        }
        let (pdu, _) = transmit(&mut self.sequence, false);
        self.sequence.transmitted();
        pdu
    }

    fn receive(&mut self, pdu: &AirPdu, room: bool) {
        let room = room || pdu.payload().is_empty();
        let meaning = self.sequence.receive(DataHeader::from_octet(pdu.header()), room);
        self.acknowledged.extend(meaning.acknowledged);
        if meaning.new {
            self.got.extend_from_slice(pdu.payload());
        }
    }
}

/// One exchange: the peripheral answers unless it heard nothing; after a wrong CRC with NESN
/// unchanged.
fn exchange(central: &mut End, peripheral: &mut End, down: Fate, up: Fate, room: bool) {
    let pdu = central.send();
    match down {
        Fate::Arrives => peripheral.receive(&pdu, room),
        Fate::Damaged => {}
        Fate::Lost => return,
    }
    let pdu = peripheral.send();
    if matches!(up, Fate::Arrives) {
        central.receive(&pdu, true);
    }
}

proptest! {
    #[test]
    fn every_pdu_arrives_once_and_in_order(
        fates in proptest::collection::vec((fate(), fate(), any::<bool>()), 0..200),
        down in 0u8..20,
        up in 0u8..20,
    ) {
        let (mut central, mut peripheral) = (End::new(down), End::new(up));
        for (to_peripheral, to_central, room) in fates {
            exchange(&mut central, &mut peripheral, to_peripheral, to_central, room);
            prop_assert!(peripheral.got.iter().copied().eq(0..peripheral.got.len() as u8));
            prop_assert!(central.got.iter().copied().eq(0..central.got.len() as u8));
            // What one end believes to have delivered, the other has.
            prop_assert!(central.acknowledged.len() <= peripheral.got.len());
            prop_assert!(peripheral.acknowledged.len() <= central.got.len());
        }
        for _ in 0..50 {
            exchange(&mut central, &mut peripheral, Fate::Arrives, Fate::Arrives, true);
        }
        prop_assert_eq!(peripheral.got, (0..down).collect::<Vec<_>>());
        prop_assert_eq!(central.got, (0..up).collect::<Vec<_>>());
        prop_assert_eq!(central.acknowledged.len(), usize::from(down));
        prop_assert_eq!(peripheral.acknowledged.len(), usize::from(up));
    }
}
