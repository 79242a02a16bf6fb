//! Habits of hosts: what they try again, what they do beside pairing, what they remember; and what
//! a controller does again and again.

use ble::pdu::advertising::AdvertisingPdu;
use bletwin_explain::report;
use bletwin_scenarios::stage::Finished;
use bletwin_scenarios::summary::Verdict;
use bletwin_sim::sniffer::{AirItem, Decoded, sniff};

use super::{play, shows};

/// Lines of the ladder that say this.
fn count(run: &Finished, words: &str) -> usize {
    report::ladder(run).lines().filter(|line| line.contains(words)).count()
}

/// A user who mistypes is asked again, as often as the host likes, on the same connection.
#[test]
fn pairing_that_failed_is_tried_again() {
    let times = |set: &[&str]| count(&play("wrong-passkey", "honest", set), "SMP Pairing Request");
    assert_eq!(times(&[]), 1);
    assert_eq!(times(&["central.pair-attempts=3", "central.pair-again-ms=3000"]), 3);
    let run = play("wrong-passkey", "honest", &["central.pair-attempts=2"]);
    let items = sniff(&run.records);
    let failed = |item: &&AirItem| item.frame().is_some_and(|(cid, pdu)| cid == 6 && pdu[0] == 5);
    let begun = |item: &&AirItem| item.frame().is_some_and(|(cid, pdu)| cid == 6 && pdu[0] == 1);
    let at = items.iter().find(failed).expect("it fails").at;
    let again = items.iter().filter(begun).nth(1).expect("it pairs again").at;
    let pause = again.since(at).as_us() / 1_000;
    assert!((1_000..1_100).contains(&pause), "{pause} ms");
}

/// A host that encrypts only its first reconnections; later ones are encrypted on demand.
#[test]
fn later_reconnections_are_not_encrypted_by_themselves() {
    let first = ["central.encrypted-reconnections=0", "central.pair-on-att-error=true"];
    let run = play("reconnect", "honest", &first);
    let last = |run: &Finished| {
        let text = report::ladder(run);
        let lines: Vec<String> = text.lines().map(str::to_owned).collect();
        let from = lines.iter().rposition(|line| line.contains("CONNECT_IND")).expect("two");
        lines[from..].to_vec()
    };
    let at = |lines: &[String], words: &str| lines.iter().position(|line| line.contains(words));
    let (with, without) = (last(&play("reconnect", "honest", &[])), last(&run));
    let refused = at(&without, "ATT Error Response").expect("the write is refused");
    assert!(at(&without, "LL_ENC_REQ").is_some_and(|place| place > refused), "{without:?}");
    assert!(at(&with, "LL_ENC_REQ") < at(&with, "ATT Exchange MTU Request"), "{with:?}");
    assert!(run.passed(), "{}", report::verdict_line(&run));
}

/// Discovery beside SMP: an application goes on while its system pairs.
#[test]
fn steps_go_on_beside_pairing() {
    let steps = "central.steps=secure,mtu,discover,write:led:01,stay:2000";
    let beside = play("pairing", "honest", &[steps, "central.steps-beside-pairing=true"]);
    let after = play("pairing", "honest", &[steps]);
    let wanted = ["SMP Pairing Request", "ATT Read By Group Type Request", "SMP Pairing Confirm"];
    assert!(shows(&beside, &wanted) && !shows(&after, &wanted));
    // What was refused meanwhile is done when the link is secure.
    assert!(shows(&beside, &["ATT Error Response", "SMP Identity", "ATT Write Response"]));
    assert!(beside.passed() && after.passed());
}

/// A procedure in the seconds in which the passkey is asked for.
#[test]
fn a_procedure_may_start_while_a_dialog_is_open() {
    let set = ["central.own-procedures=ping@dialog+50ms", "central.on-connect=none"];
    let run = play("pairing", "honest", &set);
    assert!(shows(&run, &["SMP Pairing Public Key", "LL_PING_REQ", "SMP Pairing Confirm"]));
    let run = play("pairing", "honest", &["central.own-procedures=ping@encrypted+50ms"]);
    assert!(!shows(&run, &["LL_PING_REQ", "SMP Pairing Confirm"]));
}

/// The interval of each CONNECT_IND.
fn intervals(run: &Finished) -> Vec<u16> {
    let items = sniff(&run.records);
    let request = |item: &AirItem| match &item.decoded {
        Decoded::Advertising(AdvertisingPdu::ConnectInd(request)) => Some(request.interval),
        _ => None,
    };
    items.iter().filter_map(request).collect()
}

/// What a connection was changed to is what the next one begins with.
#[test]
fn parameters_are_remembered() {
    let set = ["param-update=500", "preferred=24,36,0,600"];
    assert_eq!(intervals(&play("reconnect", "honest", &set)), [24, 24]);
    let kept = [&set[..], &["central.remembers-parameters=true"]].concat();
    assert_eq!(intervals(&play("reconnect", "honest", &kept)), [24, 36]);
}

/// What has a period is never over, and need not be: the run ends well when all else has. Where the
/// peripheral leaves a repetition unanswered that is found out all the same.
#[test]
fn a_period_is_nothing_that_has_to_end() {
    let again = "central.own-procedures=parameters:15000:0:5000@paired/2000ms";
    let set = ["param-update=never", again];
    let run = play("stay", "honest", &set);
    assert!(count(&run, "LL_CONNECTION_UPDATE_IND") + count(&run, "LL_CONNECTION_PARAM_REQ") > 5);
    assert!(run.passed(), "{} {:?}", report::verdict_line(&run), run.busy);
    assert!(run.summary.sim_seconds < 70.0, "it is not waited for: {}", run.summary.sim_seconds);
    let features = "central.own-procedures=features@paired/1000ms";
    let set = ["never-answers=features", "central.on-connect=none", features];
    let run = play("pairing", "honest", &set);
    assert_eq!(run.summary.outcome, Verdict::BondedThenLost, "{}", report::verdict_line(&run));
    assert!(run.summary.sim_seconds > 40.0, "the response timeout: {}", run.summary.sim_seconds);
}
