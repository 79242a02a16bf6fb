use std::collections::BTreeSet;

use super::*;

fn common() -> Common {
    Common { peripheral: "recommended".into(), central: "honest".into(), set: Vec::new() }
}

#[test]
fn units_have_one_order_and_one_name_each() {
    for kind in [MeetingKind::Pairs, MeetingKind::Triples] {
        let all = units(kind, &common(), 1..2);
        let names: BTreeSet<String> = all.iter().map(Unit::to_string).collect();
        assert_eq!(names.len(), all.len());
        assert_eq!(all, units(kind, &common(), 1..2));
    }
}

#[test]
fn pairs_meet_from_three_events_before_to_eight_after() {
    let unit = &units(MeetingKind::Pairs, &common(), 1..2)[0];
    let offsets: Vec<i32> = unit
        .meetings()
        .iter()
        .map(|meeting| i32::from(meeting[1].event) - i32::from(meeting[0].event))
        .collect();
    assert_eq!(offsets, (-3..=8).collect::<Vec<_>>());
}

#[test]
fn every_start_state_algorithm_and_encryption_is_there() {
    let all = units(MeetingKind::Pairs, &common(), 1..2);
    let link = |unit: &Unit| (unit.case.start, unit.case.csa, unit.case.encryption);
    let links: BTreeSet<_> = all.iter().map(link).collect();
    let starts: BTreeSet<Start> = links.iter().map(|(start, ..)| *start).collect();
    assert_eq!(links.len(), starts.len() * 4);
    let always = [Start::Fresh, Start::NearWrap, Start::Latency4, Start::Le2M];
    assert!(always.iter().all(|start| starts.contains(start)));
    let coded = ControlConfig::SUPPORTED.has(FeatureSet::LE_CODED)
        && bletwin_models::controller::ControllerConfig::default()
            .features
            .has(FeatureSet::LE_CODED);
    assert_eq!(starts.contains(&Start::Coded), coded);
}
