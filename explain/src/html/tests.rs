use super::model::{Bar, Lane, Mark, MarkKind, ProcedureOutcome};
use super::*;
use bletwin_scenarios::catalogue;
use bletwin_scenarios::stage::Stage;
use bletwin_setup::Setup;

fn play(set: &[&str]) -> Finished {
    let mut setup = Setup::new("zephyr-2024", "windows-intel", 1).unwrap();
    for assignment in set {
        setup.set(assignment).unwrap();
    }
    Stage::new(catalogue::by_name("pairing").unwrap(), &setup).play()
}

fn line(bar: &Bar) -> String {
    let ms = |ns: u64| ns / 1_000_000;
    let (from, to) = (ms(bar.from_ns), ms(bar.to_ns));
    let decisive = if bar.decisive { ", decisive" } else { "" };
    format!("{:?} {} {from}–{to} ms {:?}{decisive}", bar.lane, bar.name, bar.outcome)
}

#[test]
fn bars_show_what_was_under_way_together() {
    let failing = play(&[]);
    let cured = play(&["phy-update=after-bonding"]);
    let [failing, cured] = [Exhibit::of(&failing).data(), Exhibit::of(&cured).data()];
    let text: Vec<String> = failing
        .bars
        .iter()
        .map(line)
        .chain(["---- cured".to_owned()])
        .chain(cured.bars.iter().map(line))
        .collect();
    insta::assert_snapshot!(text.join("\n"));
}

#[test]
fn the_unanswered_request_lies_within_the_pairing() {
    let run = play(&[]);
    let data = Exhibit::of(&run).data();
    let of = |name: &str| data.bars.iter().find(|bar| bar.name == name).unwrap();
    let (phy, pairing) = (of("PHY update"), of("pairing"));
    assert_eq!(
        (phy.outcome, phy.lane, phy.decisive),
        (ProcedureOutcome::Unanswered, Lane::PeripheralLink, true)
    );
    assert!(pairing.from_ns < phy.from_ns && phy.from_ns < pairing.to_ns);
    // The peripheral has answered the Pairing Request.
    assert_eq!(pairing.outcome, ProcedureOutcome::Unfinished);
}

#[test]
fn marks_are_in_order_and_their_causes_are_shown_too() {
    let run = play(&[]);
    let data = Exhibit::of(&run).data();
    assert!(data.marks.is_sorted_by_key(|mark| mark.at_ns));
    let known: BTreeSet<u64> = data.marks.iter().map(|mark| mark.id).collect();
    assert!(data.marks.iter().flat_map(|mark| &mark.causes).all(|id| known.contains(id)));
    let count = |kind| data.marks.iter().filter(|mark| mark.kind == kind).count();
    assert!(
        count(MarkKind::Empty) > 1_000 && count(MarkKind::Hci) > 10 && count(MarkKind::Log) > 10
    );
    let request = data.marks.iter().find(|mark| mark.text.starts_with("LL_PHY_REQ")).unwrap();
    assert!(request.decisive && request.raw.ends_with("160202"), "{request:?}");
}

#[test]
fn what_is_only_a_number_is_told_in_words() {
    let run = play(&[]);
    let data = Exhibit::of(&run).data();
    let names: Vec<&str> = data.codes.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["reason 8 (0x08): Connection Timeout", "err 9: Unspecified"]);
    let line = data.marks.iter().find(|mark| mark.text.contains("(reason 8)")).unwrap();
    assert!(line.fields.iter().any(|(_, text)| text.contains("Connection Timeout")), "{line:?}");
    let rules = words::rules(&[data]);
    let rule = rules.iter().find(|rule| rule.id == "LL-LIVE-2").unwrap();
    assert!(!rule.title.is_empty() && !rule.text.is_empty() && !rule.source.is_empty());
}

/// Whatever a name holds, it cannot leave its place.
#[test]
fn text_cannot_become_markup() {
    let run = play(&["phy-update=never"]);
    let mut exhibit = Exhibit::of(&run);
    exhibit.heading = "</script><script>alert(1)</script>".into();
    let mut out = Vec::new();
    page("<b>title</b> & more", &[exhibit], &mut out).unwrap();
    let text = String::from_utf8(out).unwrap();
    assert_eq!(text.matches("<script").count(), 2, "its own two");
    assert!(!text.contains("alert(1)</script>"));
    assert!(text.contains("&lt;b&gt;title&lt;/b&gt; &amp; more"));
}

#[test]
fn nothing_is_loaded_from_elsewhere() {
    for part in [PAGE, STYLE].into_iter().chain(SCRIPTS) {
        for word in ["http://", "https://", "url(", "import ", "fetch("] {
            let outside = part.replace("http://www.w3.org/2000/svg", "");
            assert!(!outside.contains(word), "{word}");
        }
    }
}

/// Two centrals share their lanes; whose a mark is that is not the first's, its text says.
#[test]
fn the_second_central_is_there_with_its_name() {
    let setup = Setup::new("zephyr-2024", "phone", 1).unwrap().beside("macos").unwrap();
    let run = Stage::new(catalogue::by_name("two-hosts").unwrap(), &setup).play();
    let data = Exhibit::of(&run).data();
    for kind in [MarkKind::Hci, MarkKind::Security, MarkKind::Log] {
        let of_other = |mark: &&Mark| mark.kind == kind && mark.text.starts_with("macos: ");
        let told = data.marks.iter().filter(of_other).count();
        assert!(told > 3, "{kind:?}: {told}");
    }
    assert!(data.marks.iter().all(|mark| !mark.text.starts_with("phone: ")));
}
