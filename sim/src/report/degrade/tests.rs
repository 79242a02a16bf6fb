//! What a sniffer gets wrong, on a tape.

use super::*;
use crate::node::NodeId;
use crate::sniffer::tests::Tape;

fn tape() -> Tape {
    let mut tape = Tape::connected();
    for event in 0..200 {
        tape.empty(NodeId(0), 5_000 + 10_000 * event);
        tape.empty(NodeId(1), 5_230 + 10_000 * event);
    }
    tape
}

#[test]
fn an_ideal_sniffer_hears_all() {
    let records = tape().records;
    assert_eq!(heard(&records, &Faults::default(), 1), sniff(&records));
}

#[test]
fn words_are_faults() {
    let text =
        "loss=2,clock-ppm=-170,direction=unknown,channels=one-adv,mid-connection,decrypted,nordic";
    let faults: Faults = text.parse().unwrap();
    assert_eq!(
        faults,
        Faults {
            loss_ppm: 20_000,
            clock_ppm: -170,
            directions: Directions::Unknown,
            one_advertising_channel: true,
            mid_connection: true,
            decrypted: true,
            nordic: true,
        }
    );
    assert_eq!("".parse(), Ok(Faults::default()));
    for wrong in ["loss=101", "loss=NaN", "clock-ppm=x", "clock-ppm=2000", "direction=up", "deaf"] {
        let error = wrong.parse::<Faults>().unwrap_err();
        assert!(!error.to_string().is_empty(), "{wrong}");
    }
}

#[test]
fn losses_are_those_of_the_seed() {
    let records = tape().records;
    let faults = "loss=20,direction=inverted".parse().unwrap();
    let first = heard(&records, &faults, 1);
    assert_eq!(first, heard(&records, &faults, 1));
    assert_ne!(first, heard(&records, &faults, 2));
    let all = sniff(&records);
    assert!((280..360).contains(&first.len()), "{} of {}", first.len(), all.len());
    let wrong = |item: &&AirItem| {
        all.iter().any(|true_item| {
            true_item.record == item.record && true_item.direction != item.direction
        })
    };
    let wrong = first.iter().filter(wrong).count();
    assert!((100..250).contains(&wrong), "{wrong}");
}

#[test]
fn a_sniffer_that_came_late_has_its_own_clock() {
    let records = tape().records;
    let faults = "mid-connection,clock-ppm=100,direction=unknown".parse().unwrap();
    let late = heard(&records, &faults, 7);
    let all = sniff(&records);
    assert!((BEGINNING..2 * BEGINNING).contains(&((all.len() - 1 - late.len()) as u32)));
    let (last, true_last) = (late.last().unwrap(), all.last().unwrap());
    assert_eq!(last.at.as_us() - true_last.at.as_us(), true_last.at.as_us() / 10_000);
    assert!(late.iter().all(|item| item.direction.is_none()));
}
