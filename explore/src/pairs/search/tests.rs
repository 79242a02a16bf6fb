use super::*;
use crate::case::{Side, Start, Switch, What};
use crate::pairs::{MeetingKind, WINDOW};

fn unit(local: What, remote: What) -> Unit {
    let case = Case { start: Start::Fresh, encryption: Switch::Off, ..Case::default() };
    let wishes = vec![(Side::Peripheral, local), (Side::Central, remote)];
    Unit { kind: MeetingKind::Pairs, case, wishes, window: WINDOW }
}

fn searched(unit: &Unit, prune: bool, meetings: &[usize]) -> (Searched, BTreeSet<[u64; 2]>) {
    let base = Base::new(&unit.case).unwrap();
    let mut search = Search {
        unit,
        base: &base,
        prune,
        procedures: Vec::new(),
        tape: base.tape.to_vec(),
        seen: base.seen.clone(),
        known: BTreeMap::new(),
        traces: BTreeSet::new(),
        states: BTreeSet::new(),
        rules: BTreeSet::new(),
        searched: Searched::default(),
    };
    let all = unit.meetings();
    for index in meetings {
        search.meeting(all[*index].clone(), &|| false).unwrap();
    }
    let traces = search.traces.clone();
    (search.done(), traces)
}

/// Known states are not played again, without a loss of results.
#[test]
fn joining_a_known_way_changes_no_trace_and_no_count() {
    let unit = unit(What::Phy { tx: 2, rx: 2 }, What::Features);
    let (joined, traces) = searched(&unit, true, &[3, 4]);
    let (whole, all) = searched(&unit, false, &[3, 4]);
    assert!(joined.joined > joined.runs / 10 && whole.joined == 0, "{joined:?} {whole:?}");
    assert_eq!((joined.runs, joined.violations), (whole.runs, whole.violations));
    assert!(traces == all, "{} and {}", traces.len(), all.len());
    assert!(joined.traces * 2 > joined.runs, "{joined:?}");
}

/// The space grows with the window, up to every two packets of a run.
#[test]
fn a_wider_window_loses_more_pairs_of_packets_and_none_less() {
    let narrow = unit(What::Phy { tx: 2, rx: 2 }, What::Version);
    let wide = Unit { window: LAST, ..narrow.clone() };
    let (some, few) = searched(&Unit { window: 6, ..narrow.clone() }, true, &[3]);
    let (more, many) = searched(&narrow, true, &[3]);
    let (most, all) = searched(&wide, true, &[3]);
    assert!(some.runs < more.runs && more.runs < most.runs, "{some:?} {more:?} {most:?}");
    assert!(few.is_subset(&many) && many.is_subset(&all));
}

/// A case that is written down plays as it was found.
#[test]
fn a_case_of_the_search_has_the_trace_that_the_search_saw() {
    let unit = unit(What::Version, What::DataLength { octets: 251, time: 2120 });
    let base = Base::new(&unit.case).unwrap();
    let (_, traces) = searched(&unit, true, &[5]);
    let losses: [&[(Side, u32)]; 4] = [
        &[],
        &[(Side::Central, 4)],
        &[(Side::Peripheral, 5)],
        &[(Side::Central, 4), (Side::Peripheral, 4)],
    ];
    for losses in losses {
        let loss = |(of, packet): &(Side, u32)| Loss { of: *of, packet: *packet, how: How::Lost };
        let case = Case {
            procedures: unit.meetings()[5].clone(),
            losses: losses.iter().map(loss).collect(),
            ..unit.case.clone()
        };
        let outcome = base.run(&case);
        assert!(traces.contains(&outcome.trace.value()), "{losses:?}");
    }
}
