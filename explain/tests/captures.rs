//! What a capture tells, the run tells: causes from packets alone, some of them missing.

use std::collections::BTreeMap;

use ble::time::{Duration, Instant};
use bletwin_explain::captured::{self, Naming};
use bletwin_explain::html;
use bletwin_explain::why::concern::Concern;
use bletwin_explain::why::{Cause, Confidence, What, Why};
use bletwin_models::profile::Profile;
use bletwin_scenarios::catalogue;
use bletwin_scenarios::stage::{Finished, Stage};
use bletwin_setup::Setup;
use bletwin_sniffer::{Hearing, View, sniff};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

/// How long the sniffer goes on when the scenario is over: longer than any supervision timeout of
/// these centrals.
const AFTERWARDS: Duration = Duration::from_secs(7);

/// A run, and all that was on air until some seconds later.
struct Case {
    name: String,
    run: Finished,
    air: View,
}

/// One in so many by default, all in CI.
fn one_in(n: usize) -> usize {
    if std::env::var_os("BLETWIN_ALL_NUMBERS").is_some() { 1 } else { n }
}

/// Every scenario with every central and preset.
fn cases() -> impl Iterator<Item = Case> {
    let every = catalogue::all().iter().flat_map(|scenario| {
        let centrals = Profile::all().into_iter().map(|profile| profile.name);
        centrals.flat_map(move |central| {
            ["recommended", "zephyr-2024"].map(|preset| (scenario, central.clone(), preset))
        })
    });
    every.step_by(one_in(7)).map(|(scenario, central, preset)| {
        let setup = Setup::new(preset, &central, 1).expect("both are there");
        let mut stage = Stage::new(scenario, &setup);
        stage.run_until(Instant::MAX);
        let mut world = stage.world.clone();
        let run = stage.play();
        let over = run.records.last().map_or(Instant::ZERO, |last| last.at);
        world.run_until(over + AFTERWARDS);
        let name = format!("{} of {preset} with {central}", scenario.name);
        Case { name, run, air: bletwin_sim::view(world.records()) }
    })
}

/// What a sniffer has of it that misses so many packets in a million.
fn captured_air(air: &View, loss_ppm: u32, seed: u64) -> View {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let mut seen = air.clone();
    seen.frames.retain(|_| random.next_u32() % 1_000_000 >= loss_ppm);
    seen.frames.iter_mut().for_each(|frame| frame.hearing = Hearing::Unknown);
    View { hci: None, nodes: None, complete: false, ..seen }
}

/// What it tells of the connection that decided the run; `None`: its beginning was missed.
fn told(run: &Finished, seen: &View) -> Option<Why> {
    let decided = Why::of(run).account.pdus.first()?.id;
    let items = sniff(seen);
    let connection = items.iter().find(|item| item.record == decided)?.connection?;
    Some(Why::captured(seen, &items, connection))
}

fn causes(why: &Why, confidence: Confidence) -> Vec<Cause> {
    let sure = why.hypotheses.iter().filter(|one| one.confidence <= confidence);
    sure.map(|one| one.cause).collect()
}

/// Whether an account shows a failure that the scenario was meant to end with.
fn fails_on_purpose(run: &Finished) -> bool {
    Concern::of(&Why::of(run)).is_some()
}

#[test]
fn a_capture_tells_the_cause_that_the_run_tells() {
    let (mut failed, mut right, mut open, mut unread) = (0, 0, 0, 0);
    for Case { name, run, air } in cases() {
        let Some(why) = told(&run, &captured_air(&air, 0, 0)) else { continue };
        let concern = Concern::of(&why);
        if run.expected {
            let meant = fails_on_purpose(&run);
            assert!(concern.is_none() || meant, "{name}: {concern:?}\n{}", why.paragraph());
            continue;
        }
        let full = Why::of(&run);
        let Some(cause) = full.hypotheses.first() else { continue };
        // What the cause turns on is encrypted, and the sniffer has no key.
        let decisive = cause.places.iter().filter_map(|&at| full.account.pdu(at));
        let opaque = |id| {
            let mut pdus = why.account.pdus.iter();
            pdus.any(|pdu| pdu.id == id && pdu.what == What::Unreadable)
        };
        if cause.cause != Cause::KeysDiffer && decisive.map(|pdu| pdu.id).any(opaque) {
            unread += 1;
            continue;
        }
        failed += 1;
        match why.hypotheses.first() {
            Some(first) if first.cause == cause.cause => right += 1,
            Some(first) if first.confidence < Confidence::Possible => {
                panic!("{name}:\nrun: {}\ncapture: {}", full.paragraph(), why.paragraph())
            }
            first => {
                println!("{name}: {:?}, told {:?}", cause.cause, first.map(|one| one.cause));
                open += 1;
            }
        }
    }
    println!("{failed} failed: {right} causes told, {open} left open; {unread} encrypted");
    assert!(right * 100 >= failed * 95, "{right} of {failed}, {open} left open");
}

#[test]
fn what_a_capture_with_gaps_shows_is_so() {
    for (number, Case { name, run, air }) in cases().enumerate() {
        for loss_ppm in [10_000, 50_000, 200_000] {
            let seed = u64::from(loss_ppm) + number as u64;
            let Some(why) = told(&run, &captured_air(&air, loss_ppm, seed)) else { continue };
            let full = Why::of(&run);
            let shown = causes(&why, Confidence::Shown);
            let known = causes(&full, Confidence::Likely);
            let so = shown.iter().all(|cause| known.contains(cause));
            assert!(
                so || run.expected && Concern::of(&why).is_none(),
                "{name}, {loss_ppm} ppm lost:\nrun: {}\ncapture: {}",
                full.paragraph(),
                why.paragraph()
            );
            let concern = Concern::of(&why).filter(|_| run.expected && !fails_on_purpose(&run));
            assert!(
                concern.is_none(),
                "{name}, {loss_ppm} ppm lost: {concern:?}\n{}",
                why.paragraph()
            );
        }
    }
}

/// What every answer that is not shown has to have: what would decide it.
fn assert_decidable(name: &str, why: &Why) {
    for one in &why.hypotheses {
        let shown = one.confidence == Confidence::Shown;
        let further = one.would_decide.as_deref();
        assert_eq!(further.is_none(), shown, "{name}: {:?}, {further:?}", one.cause);
        assert!(further.is_none_or(|further| further.len() > 10), "{name}: {further:?}");
    }
}

/// Each explanation ends with the one further piece of evidence that would decide, if it is not
/// shown.
#[test]
fn what_is_not_shown_ends_with_what_would_decide() {
    let (mut shown, mut open) = (0, BTreeMap::<_, u32>::new());
    for (number, Case { name, run, air }) in cases().enumerate() {
        assert_decidable(&name, &Why::of(&run));
        for loss_ppm in [0, 20_000, 200_000] {
            let told = captured::explain(&captured_air(&air, loss_ppm, number as u64));
            let words = told.connections(&Naming::of(&told.items, false));
            for link in &told.links {
                assert_decidable(&name, &link.why);
                let further = link.would_decide();
                let first = link.why.hypotheses.first();
                let is_shown = first.is_some_and(|one| one.confidence == Confidence::Shown);
                let wanted = link.concern.is_some() && !is_shown;
                assert_eq!(further.is_some(), wanted, "{name}: {words}");
                shown += u32::from(is_shown && link.concern.is_some());
                if let Some(further) = further {
                    let words = words.split_whitespace().collect::<Vec<_>>().join(" ");
                    assert!(words.contains(&format!("Would decide: {further}.")), "{words}");
                    let piece = further.split(" (").next().unwrap_or_default().to_owned();
                    *open.entry((first.map(|one| one.cause), piece)).or_default() += 1;
                }
            }
        }
    }
    println!("{shown} causes are shown; of others would decide: {open:#?}");
    assert!(shown > 10 && open.values().sum::<u32>() > 10, "{shown} and {open:?}");
}

/// The founding case as a sniffer without a key has it, in words.
#[test]
fn the_founding_case_as_a_capture_in_words() {
    let setup = Setup::new("zephyr-2024", "windows-intel", 1).expect("both are there");
    let mut stage = Stage::new(catalogue::by_name("pairing").expect("it is there"), &setup);
    stage.run_until(Instant::MAX);
    let over = stage.world.now();
    stage.world.run_until(over + AFTERWARDS);
    let air = bletwin_sim::view(stage.world.records());
    let explained = captured::explain(&captured_air(&air, 0, 0));
    let names = Naming::of(&explained.items, false);
    let text = [Some(explained.connections(&names)), explained.violations(&names)];
    let text: Vec<String> = text.into_iter().flatten().chain([explained.judged()]).collect();
    insta::assert_snapshot!(text.join("\n\n"));
}

/// A failing pairing as a capture, and what its explanation says of how sure it is: in words, as
/// data, and on the page; without the packet that is `missing` in its order of the central's.
fn sure_of(scenario: &str, missing: Option<usize>) -> [String; 3] {
    let setup = Setup::new("zephyr-2024", "windows-intel", 1).expect("both are there");
    let mut stage = Stage::new(catalogue::by_name(scenario).expect("it is there"), &setup);
    stage.run_until(Instant::MAX);
    let over = stage.world.now();
    stage.world.run_until(over + AFTERWARDS);
    let mut seen = captured_air(&bletwin_sim::view(stage.world.records()), 0, 0);
    let down = Some(bletwin_sim::sniffer::Direction::CentralToPeripheral);
    let items = sniff(&seen);
    let of_central = items.iter().filter(|item| item.direction == down && item.event.is_some());
    let lost = missing.map(|n| of_central.map(|item| item.record).nth(n).expect("so many"));
    seen.frames.retain(|frame| Some(frame.id) != lost);
    let explained = captured::explain(&seen);
    let names = explained.names(false);
    let words = explained.connections(&names);
    let words = words.split_whitespace().collect::<Vec<_>>().join(" ");
    let data = serde_json::to_string(&captured::json(&explained, &names)).expect("it is data");
    let mut page = Vec::new();
    let capture = html::Capture { view: &seen, explained: &explained, names: &names };
    capture.page("case", &mut page).expect("it is written");
    [words, data, String::from_utf8(page).expect("it is text")]
}

/// What was seen and that it was the cause are two things. Only what is missing behind the request
/// could have been its answer.
#[test]
fn what_was_seen_and_that_it_was_the_cause_are_told_apart() {
    let all = |told: [String; 3], wanted: [&str; 2], json: &str| {
        let [words, data, page] = told;
        for wanted in wanted {
            assert!(words.contains(wanted), "{wanted}\n{words}");
            assert!(page.contains(wanted), "{wanted} is not on the page");
        }
        assert!(data.contains(json), "{json}\n{data}");
    };
    let cause = "That it was the cause is likely: another reason is not excluded.";
    let shown = "13.125 s no packet is missing.";
    let json = r#""confidence":"likely","seen":"shown","missing":0"#;
    all(sure_of("pairing", None), [shown, cause], json);
    // Before the peripheral's LL_PHY_REQ.
    all(sure_of("pairing", Some(1)), [shown, cause], json);
    let json = r#""confidence":"likely","seen":"likely","missing":1"#;
    let likely = "1 packet was not captured or not understood, and could have been the central's";
    all(sure_of("pairing", Some(400)), [likely, cause], json);
}

/// The page draws a gap from the lane of whose packet may be missing to the other, and says what of
/// a capture is inferred.
#[test]
fn a_page_draws_gaps_and_says_what_is_inferred() {
    let drawn = |page: &str| page.matches(r#""kind":"gap""#).count();
    let [_, _, whole] = sure_of("pairing", None);
    assert!(drawn(&whole) == 0 && whole.contains("Inferred: events from time and channels"));
    let [_, _, page] = sure_of("pairing", Some(400));
    let gap = r#""from":"central-link","to":"peripheral-link","kind":"gap""#;
    assert!(drawn(&page) > 0 && page.contains(gap), "{}", drawn(&page));
    assert!(page.contains("from events and sequence numbers around it"));
}

/// A good pairing as a capture.
fn good() -> View {
    let setup = Setup::new("recommended", "phone", 1).expect("both are there");
    let mut stage = Stage::new(catalogue::by_name("pairing").expect("it is there"), &setup);
    stage.run_until(Instant::MAX);
    captured_air(&bletwin_sim::view(stage.world.records()), 0, 0)
}

fn concerns(seen: &View) -> Vec<Option<Concern>> {
    captured::explain(seen).links.iter().map(|link| link.concern).collect()
}

/// A sniffer too far from the peripheral hears the central alone, whose packets are acknowledged.
#[test]
fn a_peripheral_that_only_the_sniffer_does_not_hear_has_taken_the_connection() {
    let mut seen = good();
    let items = sniff(&seen);
    let from_peripheral = |id| {
        let central = bletwin_sim::sniffer::Direction::CentralToPeripheral;
        let mut of_link = items.iter().filter(|item| item.record == id);
        of_link.any(|item| item.direction.is_some_and(|way| way != central))
    };
    seen.frames.retain(|frame| !from_peripheral(frame.id));
    assert_eq!(concerns(&seen), [None]);
}

/// A sniffer that has lost a connection goes on without it: what it did not see is no silence.
#[test]
fn a_connection_that_the_sniffer_has_lost_did_not_come_to_a_halt() {
    let whole = good();
    let items = sniff(&whole);
    let begun = items.iter().find(|item| item.frame().is_some_and(|(cid, _)| cid == 6));
    let lost = begun.expect("it pairs").at + Duration::from_secs(1);
    let mut seen = whole;
    seen.frames.retain(|frame| frame.at < lost);
    seen.end = lost + Duration::from_secs(60);
    assert_eq!(concerns(&seen), [None]);
}

/// A request that is never answered keeps encryption waiting: that is told of a capture that stops
/// when the link does, too, and not that the central fell silent in pairing.
#[test]
fn what_keeps_encryption_waiting_is_no_silence_of_pairing() {
    for (preset, request) in [("zephyr-2024", "length"), ("recommended", "version")] {
        let mut setup = Setup::new(preset, "key-missing", 1).expect("both are there");
        setup.set(&format!("never-answers={request}")).expect("a known key");
        let scenario = catalogue::by_name("pairing").expect("known");
        let run = Stage::new(scenario, &setup).unjudged().play();
        let seen = captured_air(&bletwin_sim::view(&run.records), 0, 0);
        let why = told(&run, &seen).expect("its beginning is there");
        let first = why.hypotheses.first().expect("something is told");
        assert_eq!(first.cause, Cause::Unanswered, "{preset}: {}", why.paragraph());
        let stuck = why.hypotheses.iter().find(|one| one.cause == Cause::PairingStuck);
        assert!(stuck.is_none_or(|one| one.confidence > Confidence::Likely), "{stuck:?}");
    }
}
