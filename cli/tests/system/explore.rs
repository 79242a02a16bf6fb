//! Single runs as values: start states are reached, and what hosts ask for ends without a
//! violation.

use ble::error::ErrorCode;
use ble::pdu::control::ControlPdu;
use bletwin_explore::case::{
    Case, Clocks, Csa, How, Loss, Procedure, Refusal, Side, Start, Switch, What,
};
use bletwin_explore::{CENTRAL, Outcome, Runner, run};
use bletwin_sim::record::RecordKind;

const STARTS: [Start; 3] = [Start::Fresh, Start::Latency4, Start::Le2M];

fn wishes(side: Side) -> Vec<What> {
    let update = What::ConnectionUpdate { interval: 9, latency: 1, timeout: 300 };
    let mut all = vec![
        What::Features,
        What::Version,
        What::DataLength { octets: 251, time: 2120 },
        What::Phy { tx: 2, rx: 2 },
        What::Phy { tx: 1, rx: 1 },
        update,
        What::Data,
        What::Terminate,
    ];
    if side == Side::Peripheral {
        all.push(What::MinUsedChannels { channels: 30 });
    } else {
        all.push(What::ParameterRequest { interval: 9, latency: 1, timeout: 300 });
        all.push(What::ChannelMap { map: 0x1F_0000_00FF });
        all.push(What::Encryption);
    }
    all
}

fn described(outcome: &Outcome) -> String {
    outcome.findings.iter().map(|f| format!("{} {:?} {}\n", f.rule, f.culprit, f.text)).collect()
}

#[test]
fn each_wish_alone_ends_without_a_violation() {
    let mut runner = Runner::default();
    let mut failed = String::new();
    for peripheral in ["recommended", "zephyr-2024"] {
        for (start, encryption) in
            STARTS.into_iter().flat_map(|s| [Switch::Off, Switch::On].map(|e| (s, e)))
        {
            for who in [Side::Peripheral, Side::Central] {
                let ping = (encryption == Switch::On).then_some(What::Ping);
                for what in wishes(who).into_iter().chain(ping) {
                    let case = Case {
                        peripheral: peripheral.into(),
                        start,
                        encryption,
                        procedures: vec![Procedure::new(who, what, 2)],
                        ..Case::default()
                    };
                    let outcome = runner.run(&case).unwrap();
                    if !outcome.findings.is_empty() {
                        failed += &format!("{case:?}\n{}\n", described(&outcome));
                    }
                }
            }
        }
    }
    assert_eq!(failed, "");
}

/// Firmware that has asked for 2M by itself has no objection to LE Coded.
#[test]
fn le_coded_can_be_a_start_state_of_every_preset() {
    for peripheral in ["recommended", "zephyr-2024"] {
        for encryption in [Switch::Off, Switch::On] {
            let case = Case {
                peripheral: peripheral.into(),
                start: Start::Coded,
                encryption,
                ..Case::default()
            };
            let outcome = run(&case).unwrap();
            assert_eq!(described(&outcome), "");
        }
    }
}

#[test]
fn the_event_counter_can_pass_its_end() {
    let start = Start::NearWrap;
    let phy = Procedure::new(Side::Central, What::Phy { tx: 2, rx: 2 }, 3);
    for (csa, central) in [(Csa::One, 0), (Csa::Two, 0), (Csa::Two, 500), (Csa::One, -500)] {
        let clocks = Clocks { peripheral: -central, central };
        let case = Case { start, csa, clocks, procedures: vec![phy.clone()], ..Case::default() };
        let outcome = run(&case).unwrap();
        assert_eq!(described(&outcome), "");
        let items = bletwin_sim::sniffer::sniff(&outcome.records);
        let passes = |items: &[bletwin_sim::sniffer::AirItem]| {
            items[0].event == Some(u16::MAX) && items[1].event == Some(0)
        };
        assert!(items.windows(2).any(passes));
    }
}

#[test]
fn a_run_is_the_same_again_and_a_loss_makes_another() {
    let phy = Procedure::new(Side::Peripheral, What::Phy { tx: 2, rx: 2 }, 1);
    let case = Case { procedures: vec![phy], ..Case::default() };
    let lost = Loss { of: Side::Central, packet: 3, how: How::Lost };
    let other = Case { losses: vec![lost], ..case.clone() };
    let [a, b, c] = [&case, &case, &other].map(|case| run(case).unwrap());
    assert_eq!((a.trace, a.state, &a.records), (b.trace, b.state, &b.records));
    assert_ne!(a.trace, c.trace);
    let struck = |o: &Outcome| o.records.iter().any(|r| matches!(r.kind, RecordKind::Fault(_)));
    assert_eq!((struck(&a), struck(&c)), (false, true));
}

/// Found by the search of pairs: long packets on LE Coded let an event end shortly before the next,
/// and the receiver that had waited in vain for more was taken for one that closed too early.
///
/// LL-WIDE-1: window widening.
#[test]
fn an_event_on_le_coded_may_end_just_before_the_next_begins() {
    let wish = What::ConnectionUpdate { interval: 24, latency: 0, timeout: 400 };
    let case = Case {
        start: Start::Coded,
        procedures: vec![
            Procedure::new(Side::Peripheral, wish, 3),
            Procedure::new(Side::Central, What::Encryption, 3),
        ],
        losses: vec![
            Loss { of: Side::Peripheral, packet: 4, how: How::Lost },
            Loss { of: Side::Central, packet: 6, how: How::Lost },
        ],
        ..Case::default()
    };
    assert_eq!(described(&run(&case).unwrap()), "");
}

/// Found by the search of pairs: the plain reject of the peripheral's request, which has crossed
/// the central's, was taken for an answer to the peripheral's response.
#[test]
fn a_plain_reject_of_a_collision_leaves_the_response_to_be_answered() {
    let phy = What::Phy { tx: 2, rx: 2 };
    let lost = |of| Loss { of, packet: 4, how: How::Lost };
    let case = Case {
        procedures: vec![
            Procedure::new(Side::Peripheral, phy.clone(), 3),
            Procedure::new(Side::Central, phy, 3),
        ],
        losses: vec![lost(Side::Central), lost(Side::Peripheral)],
        ..Case::default()
    };
    let outcome = run(&case).unwrap();
    assert_eq!(described(&outcome), "");
    let items = bletwin_sim::sniffer::sniff(&outcome.records);
    let rejects = |item: &bletwin_sim::sniffer::AirItem| {
        matches!(item.control(), Some(ControlPdu::RejectInd(_)))
    };
    assert!(items.iter().any(rejects));
}

/// The peripheral's application may want it at any time; what is not its to ask for it answers.
///
/// LL-MAP-3: minimum number of used channels.
/// LL-CTRL-2: what is not understood.
#[test]
fn a_minimum_of_used_channels_is_among_what_meets() {
    let wish = What::MinUsedChannels { channels: 37 };
    let map = What::ChannelMap { map: 0xFF };
    let honest = Case {
        procedures: vec![
            Procedure::new(Side::Central, map, 0),
            Procedure::new(Side::Peripheral, wish.clone(), 12),
        ],
        ..Case::default()
    };
    let outcome = run(&honest).unwrap();
    assert_eq!(described(&outcome), "");
    let sent: Vec<ControlPdu> = bletwin_sim::sniffer::sniff(&outcome.records)
        .iter()
        .filter_map(|i| i.control().copied())
        .collect();
    let asks = |pdu: &ControlPdu| matches!(pdu, ControlPdu::MinUsedChannelsInd { .. });
    let maps = |pdu: &ControlPdu| matches!(pdu, ControlPdu::ChannelMapInd { .. });
    assert_eq!(sent.iter().filter(|pdu| asks(pdu)).count(), 1, "{sent:?}");
    assert_eq!(sent.iter().filter(|pdu| maps(pdu)).count(), 2, "its own map, and all channels");

    let forced = Procedure { forced: true, ..Procedure::new(Side::Central, wish.clone(), 3) };
    let outcome = run(&Case { procedures: vec![forced], ..Case::default() }).unwrap();
    assert!(outcome.findings.iter().all(|found| found.culprit == Some(CENTRAL)));
    assert!(!outcome.findings.is_empty());
    let unforced =
        Case { procedures: vec![Procedure::new(Side::Central, wish, 3)], ..Case::default() };
    assert!(run(&unforced).is_err());
}

#[test]
fn a_run_can_be_cut_off() {
    let phy = Procedure::new(Side::Central, What::Phy { tx: 2, rx: 2 }, 1);
    let whole = Case { procedures: vec![phy], ..Case::default() };
    let cut = Case { until: Some(4), ..whole.clone() };
    let [whole, cut] = [&whole, &cut].map(|case| run(case).unwrap());
    assert_eq!(described(&cut), "");
    assert_eq!(cut.records, whole.records[..cut.records.len()]);
    assert!(cut.sent.iter().all(|sent| (3..=4).contains(sent)), "{:?}", cut.sent);
    assert!(whole.sent[0] > 10);
}

/// Hosts may say no, and both ends live with it.
#[test]
fn what_a_host_refuses_is_rejected_on_air_without_a_violation() {
    let wish = || (9, 1, 300);
    let (interval, latency, timeout) = wish();
    let update = What::ConnectionUpdate { interval, latency, timeout };
    let asks = What::ParameterRequest { interval, latency, timeout };
    let refuse = |refusal| Case { refuse: vec![refusal], ..Case::default() };
    let set = Case { set: vec!["param-requests=refuse".into()], ..Case::default() };
    let unacceptable = ErrorCode::UNACCEPTABLE_CONNECTION_PARAMETERS;
    for (case, who, what, error) in [
        (refuse(Refusal::CentralParameters), Side::Peripheral, update, unacceptable),
        (set, Side::Central, asks, unacceptable),
        (
            refuse(Refusal::PeripheralKey),
            Side::Central,
            What::Encryption,
            ErrorCode::PIN_OR_KEY_MISSING,
        ),
    ] {
        let features = Procedure::new(Side::Central, What::Features, 0);
        let case = Case { procedures: vec![features, Procedure::new(who, what, 4)], ..case };
        let outcome = run(&case).unwrap();
        assert_eq!(described(&outcome), "", "{}", case.to_toml());
        let items = bletwin_sim::sniffer::sniff(&outcome.records);
        let rejected = items.iter().filter_map(|item| match item.control() {
            Some(ControlPdu::RejectExtInd { error, .. }) => Some(*error),
            _ => None,
        });
        assert_eq!(rejected.collect::<Vec<_>>(), [error], "{}", case.to_toml());
    }
}
