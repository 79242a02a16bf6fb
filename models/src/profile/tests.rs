use std::collections::BTreeMap;
use std::io;
use std::path::Path;

use ble::error::ErrorCode;

use super::*;
use crate::controller::StartMoment;
use crate::controller::quirk::{Answer, AnswerRule, Condition, PeripheralRequest};

fn named(name: &str) -> Profile {
    Profile::by_name(name).unwrap()
}

/// Loads `main.toml` of some files that exist in memory.
fn from_files(files: &[(&str, &str)]) -> Result<Entry, ProfileError> {
    let files: BTreeMap<&str, &str> = files.iter().copied().collect();
    let read = |path: &Path| {
        let text = files.get(path.to_str().unwrap()).map(|text| (*text).to_owned());
        text.ok_or_else(|| io::Error::from(io::ErrorKind::NotFound))
    };
    load(Path::new("main.toml"), &read)
}

fn from_text(text: &str) -> Result<Entry, ProfileError> {
    from_files(&[("main.toml", text)])
}

#[test]
fn everything_embedded_can_be_read_and_everything_there_is_embedded() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut there: Vec<String> = ["centrals", "quirks", "attackers"]
        .iter()
        .flat_map(|folder| std::fs::read_dir(root.join(folder)).unwrap())
        .map(|file| file.unwrap().path().file_stem().unwrap().to_str().unwrap().to_owned())
        .collect();
    there.sort();
    let mut embedded: Vec<&str> = catalogue::names().collect();
    embedded.sort_unstable();
    assert_eq!(embedded, there, "names are unique, and files are embedded");
    for name in embedded {
        let entry = compose::built_in(name).unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(entry.profile.name, name);
        assert!(!entry.profile.about.is_empty(), "{name}");
        assert_eq!(entry.profile.check(), Ok(()), "{name}");
    }
    assert_eq!(Profile::by_name("nokia"), None);
}

#[test]
fn every_quirk_says_how_it_shows_and_changes_what_it_extends() {
    for entry in catalogue::quirks() {
        let name = &entry.profile.name;
        let quirk = entry.quirk.unwrap_or_else(|| panic!("{name} has no [quirk]"));
        assert_ne!(quirk.effect, Symptoms::default(), "{name}");
        assert!(!entry.profile.sources.is_empty() || quirk.confidence == Confidence::C, "{name}");
        let base = entry.base.unwrap();
        let changed =
            (base.controller, base.host) != (entry.profile.controller, entry.profile.host);
        assert!(changed || !quirk.set.is_empty(), "{name}");
    }
    assert!(catalogue::centrals().iter().all(|entry| entry.quirk.is_none()));
}

/// Q1 to Q50: each is expressed by a file, or listed with the reason why not.
#[test]
fn the_catalogue_is_complete() {
    let mut ids: Vec<String> = catalogue::quirks()
        .into_iter()
        .flat_map(|entry| entry.quirk.unwrap().ids)
        .chain(catalogue::unexpressed().into_iter().map(|entry| entry.id))
        .collect();
    ids.sort_by_key(|id| id[1..].parse::<u32>().unwrap());
    ids.dedup();
    let all: Vec<String> = (1..=50).map(|n| format!("Q{n}")).collect();
    assert_eq!(ids, all);
}

#[test]
fn the_three_mechanisms_differ_in_the_controllers_rule_only() {
    let bare = |profile: Profile| {
        let profile = profile.without_quirks();
        (profile.controller, profile.host)
    };
    let intel = bare(named("windows-intel-clean"));
    for name in ["windows-intel", "windows-intel-m1", "windows-intel-m3", "windows-intel-restart"] {
        assert_ne!(named(name).controller.quirks, ControllerQuirks::default());
        assert_eq!(intel, bare(named(name)), "{name}");
    }
}

#[test]
fn the_laptop_has_the_address_of_the_log() {
    let printed = ble::address::Address::new(
        ble::address::AddressKind::Public,
        Profile::windows_intel().controller.public_address,
    );
    assert_eq!(printed.to_string(), "58:A0:23:A6:35:0A (public)");
}

#[test]
fn a_quirk_can_be_described_with_keys() {
    let mut profile = named("windows-intel-clean");
    profile.set("phy-req", "block@pairing").unwrap();
    assert_eq!(profile.controller, Profile::windows_intel().controller);
    profile.set("phy-req", "silent:6@pairing").unwrap();
    assert_eq!(profile.controller, named("windows-intel-m1").controller);
    profile.set("phy-req", "then-phy-req").unwrap();
    assert_eq!(profile.controller, named("windows-intel-restart").controller);
    profile.set("phy-req", "honest").unwrap();
    assert_eq!(profile.controller.quirks, ControllerQuirks::default());
    profile.set("length-req", "reject:0x1a@first+3, never@pairing").unwrap();
    let rule = |condition, answer, delay_events| AnswerRule {
        request: PeripheralRequest::DataLength,
        condition,
        answer,
        delay_events,
        spread_events: 0,
    };
    let reject = Answer::RejectInd(ErrorCode::UNSUPPORTED_REMOTE_FEATURE);
    let pending = Condition::WhileSmpOrEncryptionPending;
    let rules = [rule(Condition::FirstConnection, reject, 3), rule(pending, Answer::Never, 0)];
    assert_eq!(profile.controller.quirks.rules, rules);
}

/// Each of these was accepted once, and then forgotten.
#[test]
fn honesty_has_its_place_its_condition_and_its_delay() {
    let mut profile = named("windows-intel-clean");
    profile.set("phy-req", "honest@first, honest+3").unwrap();
    let rule = |condition, delay_events| AnswerRule {
        request: PeripheralRequest::Phy,
        condition,
        answer: Answer::Honest,
        delay_events,
        spread_events: 0,
    };
    let rules = [rule(Condition::FirstConnection, 0), rule(Condition::Always, 3)];
    assert_eq!(profile.controller.quirks.rules, rules);
    profile.set("phy-req", "never@first, honest@pairing, honest").unwrap();
    assert_eq!(profile.controller.quirks.rules.len(), 1, "honesty at the end goes without saying");
}

/// What a profile writes, it reads.
#[test]
fn every_value_of_everything_embedded_reads_back() {
    let mut texts = 0;
    for name in catalogue::names() {
        let profile = named(name);
        for key in KEYS.iter() {
            let written = key.get(&profile);
            let mut again = profile.clone();
            again.set(key.name, &written.to_string()).unwrap_or_else(|e| panic!("{name}: {e}"));
            let file = format!("version = 1\n{} = {}\n", key.name, written.toml());
            let read = from_text(&file).map(|entry| entry.profile);
            if let Ok(read) = read {
                assert_eq!(key.get(&read), written, "{name}: {}", key.name);
                texts += 1;
            }
            // The interval is one key, and its greatest value another.
            if key.name != "interval-us" {
                assert_eq!(again, profile, "{name}: {} = {written}", key.name);
            }
        }
    }
    assert!(texts > 2_000, "only few contradict the rest of `honest`: {texts}");
}

#[test]
fn every_class_of_values_is_read_and_written_as_it_is() {
    for key in KEYS.iter() {
        for class in key.shape().classes() {
            let mut profile = Profile::honest();
            profile.set(key.name, &class.sample).unwrap_or_else(|error| panic!("{error}"));
            let written = key.get(&profile).to_string();
            let mut again = Profile::honest();
            again.set(key.name, &written).unwrap_or_else(|error| panic!("{error}"));
            assert_eq!(again, profile, "{} = {}", key.name, class.sample);
        }
    }
}

#[test]
fn what_is_pressed_is_a_list() {
    let mut profile = Profile::honest();
    profile.set("press", "version@3, parameters@40").unwrap();
    let events: Vec<_> = profile.controller.quirks.pressed.iter().map(|own| own.moment).collect();
    assert_eq!(events, [StartMoment::Event(3), StartMoment::Event(40)]);
    profile.set("press", "none").unwrap();
    assert_eq!(profile, Profile::honest());
    // As the ladder prints it, and as a number.
    for map in ["channel-map:000007ffff@9", "channel-map:0x7ffff@9", "channel-map@9"] {
        profile.set("press", map).unwrap();
        let written = KEYS.find("press").unwrap().get(&profile).to_string();
        assert_eq!(written, "channel-map:0x7ffff@9");
    }
}

#[test]
fn bad_settings_are_refused_and_change_nothing() {
    let mut profile = Profile::phone();
    let bad = [
        ("interval-us", "7501"),
        ("interval-us", "1000"),
        ("mtu", "22"),
        ("io", "telepathy"),
        ("address", "58:A0:23:A6:35"),
        ("address", "+8:A0:23:A6:35:0A:00"),
        ("phy-req", "silent:"),
        ("phy-req", "reject:0"),
        ("phy-req", "block@noon"),
        ("phy-req", "block+x"),
        ("press", "version"),
        ("press", "phy@12,dance@13"),
        ("own-procedures", "parameters:30000:0:10@3"),
        ("steps", "write:led:0"),
        ("steps", "stay:600001"),
        ("address-type", "static:00:0D:CA:FE:12:34"),
        ("give-up-ms", "0"),
        ("mitm", "perhaps"),
    ];
    for (key, value) in bad {
        let error = profile.set(key, value).unwrap_err();
        assert!(error.what.contains("is no value"), "{key}={value}: {error}");
        assert!(error.help.contains("it takes: "), "{key}={value}: {}", error.help);
    }
    let error = profile.set("mut", "100").unwrap_err();
    assert!(error.help.contains("did you mean `mtu`"), "{error}");
    // What only a file has is no key to set.
    assert!(profile.set("version", "1").is_err());
    assert_eq!(profile, Profile::phone());
}

#[test]
fn a_file_departs_from_what_it_extends_and_takes_quirks_besides() {
    let entry = from_text(
        "version = 1\nextends = \"windows-11\"\nquirks = [\"phy-stall\"]\nmtu = 247\n\
         steps = [\"mtu\", \"write:led:01\", \"stay:500\"]\nbreaks = [\"LL-LIVE-1\"]\n",
    )
    .unwrap();
    let mut by_hand = named("windows-11");
    for (key, value) in
        [("phy-req", "block@pairing"), ("mtu", "247"), ("steps", "mtu,write:led:01,stay:500")]
    {
        by_hand.set(key, value).unwrap();
    }
    let profile = entry.profile;
    assert_eq!((&profile.controller, &profile.host), (&by_hand.controller, &by_hand.host));
    assert_eq!(profile.name, "main");
    assert!(profile.sources.len() > by_hand.sources.len(), "the quirk's sources come along");
    assert_eq!(profile.breaks.last().map(String::as_str), Some("LL-LIVE-1"));
    assert_eq!(entry.base, Some(named("windows-11")));
}

#[test]
fn files_refer_to_files_beside_them() {
    let files = [
        ("main.toml", "version = 1\nextends = \"b/base.toml\"\nlatency = 1"),
        ("b/base.toml", "version = 1\nname = \"Base\"\nquirks = [\"q.toml\"]\nmtu = 100"),
        ("b/q.toml", "version = 1\nphy-req = \"never\"\nextends = \"phone\"\nmtu = 200"),
    ];
    let profile = from_files(&files).unwrap().profile;
    assert_eq!((profile.host.mtu, profile.host.parameters.latency), (100, 1));
    assert_eq!(profile.controller.quirks.rules.len(), 1);
    assert_eq!(profile.host.address, Profile::honest().host.address, "keys count, not `extends`");
}

#[test]
fn errors_say_where_and_what_would_be_right() {
    let cases = [
        ("version = 1\n\nmut = 100\n", 3, "no key `mut`"),
        ("version = 1\nmtu = 22\n", 2, "`22` is no value"),
        ("version = 1\nmtu = [22]\n", 2, "`22` is no value"),
        ("version = 1\nmtu = 1.5\n", 2, "`1.5` is no value of `mtu`"),
        ("version = 1\nmtu = \n", 2, "value"),
        ("version = 1\ncentral.mtu = 100\n", 2, "no key `central`"),
        (
            "version = 1\nlength-req = never@pairing\n",
            2,
            "`never@pairing` is a text without quotes",
        ),
        (
            "version = 1\nphy-req = [\"block@pairing\", \"block@noon\"]\n",
            2,
            "`block@noon` is no value",
        ),
        ("version = 1\nmtu = 100\nmtu = 101\n", 3, "duplicate key"),
        ("version = 1\nextends = 5\n", 2, "expected a string"),
        ("version = 1\ninterval-us = 4000000\n", 2, "supervision timeout"),
        ("version = 1\ntimeout-ms = 100\nlatency = 30\n", 2, "supervision timeout"),
        ("version = 1\nmin-key-size = 16\nmax-key-size = 7\n", 2, "shortest key"),
        ("version = 1\nfeatures = 0\nown-procedures = [\"phy@3\"]\n", 3, "`features` lacks"),
        (
            "version = 1\nown-procedures = [\"min-used-channels@3\"]\n",
            2,
            "only a peripheral starts min-used-channels",
        ),
        (
            "version = 1\nphy-req = [\"never\", \"block@first\"]\n",
            2,
            "`block@first` is never given: `never` comes before it",
        ),
        ("version = 1\nrequire-mitm = true\nio = \"none\"\n", 2, "cannot demand"),
        ("version = 1\nmtu = 99999999999999999999\n", 2, "is no value"),
        ("version = 1\n\nextends = \"nokia\"\n", 3, "no central or quirk `nokia`"),
        ("version = 1\nextends = \"ios\"\nquirks = [\"phy-stal\"]\n", 3, "quirk `phy-stal`"),
        ("version = 1\nextends = \"main.toml\"\n", 2, "in a circle"),
        ("version = 1\nbreaks = [\"LL-NOPE\"]\n", 2, "no rule `LL-NOPE`"),
        ("version = 1\nbreaks = [\"LL-INST-1\"]\n", 2, "`LL-INST-1` only recommends"),
        ("version = 2\n", 1, "version 2"),
        ("mtu = 100\n", 0, "version of the format is missing"),
    ];
    for (text, line, what) in cases {
        let error = from_text(text).unwrap_err();
        assert!(error.what.contains(what), "{text:?}: {error}");
        assert_eq!(error.at.map_or(0, |at| at.line), line, "{text:?}: {error}");
        assert_eq!(error.place, "main.toml");
        assert!(!error.help.is_empty());
    }
}

/// Answers of which a part could have no effect.
#[test]
fn rules_that_could_have_no_effect_are_errors() {
    let cases = [
        ("length-req = \"never+4\"", "`never+4` waits some events", "leave `+EVENTS` out"),
        ("length-req = \"overlap\"", "has no instant", "`phy-req` and `param-req`"),
        ("feature-req = [\"block@first\", \"no-switch\"]", "has no instant", "`honest`"),
        ("version-ind = \"overlap@plain\"", "has no instant", "`honest`"),
        ("phy-req = [\"block@plain\", \"never@plain\"]", "`never@plain` is never given", "leave"),
        ("phy-req = [\"honest@pairing\", \"block@encrypting\"]", "is never given", "put it before"),
    ];
    for (line, what, help) in cases {
        let error = from_text(&format!("version = 1\n\n{line}\n")).unwrap_err();
        assert!(error.what.contains(what) && error.help.contains(help), "{line}: {error:?}");
        assert_eq!(error.at.map(|at| at.line), Some(3), "{line}");
    }
    for good in [
        "phy-req = [\"block@encrypting\", \"never@pairing\", \"honest+2\"]",
        "param-req = [\"overlap@plain+3\", \"no-switch\"]",
        "phy-req = [\"never@cached\", \"block@first+2\", \"honest\"]",
    ] {
        from_text(&format!("version = 1\n{good}\n")).unwrap_or_else(|e| panic!("{good}: {e}"));
    }
}

/// A value without effect that contradicts nothing is accepted with a warning.
#[test]
fn values_that_have_no_effect_are_reported() {
    let cases = [
        ("features = 0x1\nrequest-parameters = true", "request-parameters"),
        ("features = 0x1\nparam-req = \"never\"", "param-req"),
        ("features = 0x1\nphy-req = \"never\"", "phy-req"),
        ("features = 0x1\nlength-req = \"never\"", "length-req"),
        ("features = 0x1\nfeature-req = \"never\"", "feature-req"),
        ("features = 0x2\nparam-req = \"never@encrypting\"", "param-req"),
        ("features = 0x2\nencryption-patience = 5", "encryption-patience"),
        ("forgets-itself = true\naddress-type = \"public\"", "forgets-itself"),
        ("steps = [\"write:led:01\", \"discover\"]", "steps"),
    ];
    for (lines, key) in cases {
        let profile = from_text(&format!("version = 1\n{lines}\n")).unwrap().profile;
        let told = profile.warnings();
        assert_eq!(told.len(), 1, "{lines}: {told:?}");
        assert_eq!(told[0].keys[0], key, "{told:?}");
        assert!(told[0].what.contains(&format!("`{key}`")), "{told:?}");
    }
    for name in catalogue::names() {
        assert_eq!(named(name).warnings(), [], "{name}");
    }
}

#[test]
fn circles_depth_and_size_have_an_end() {
    let circle = [
        ("main.toml", "version = 1\nextends = \"a.toml\""),
        ("a.toml", "version = 1\nquirks = [\"main.toml\"]"),
    ];
    let error = from_files(&circle).unwrap_err();
    assert!(error.what.contains("main.toml → a.toml → main.toml"), "{error}");
    let chain: Vec<(String, String)> = (0..20)
        .map(|n| (format!("{n}.toml"), format!("version = 1\nextends = \"{}.toml\"", n + 1)))
        .collect();
    let mut files: Vec<(&str, &str)> = chain.iter().map(|(n, t)| (&n[..], &t[..])).collect();
    files.push(("main.toml", "version = 1\nextends = \"0.toml\""));
    assert!(from_files(&files).unwrap_err().what.contains("in a row"));
    let wide = format!("version = 1\nquirks = {:?}", ["phy-stall"; 100]);
    assert!(from_text(&wide).unwrap_err().what.contains("in all"));
    let long = format!("version = 1\n{}", "#\n".repeat(SIZE_MAX));
    assert!(from_text(&long).unwrap_err().what.contains("longer than 64 KiB"));
    let items = format!("version = 1\nsteps = {:?}", ["mtu"; 65]);
    assert!(from_text(&items).unwrap_err().help.contains("at most 64"));
}

/// Beside each built-in central stands what is known of its timeout, company, features and order of
/// procedures, with how sure that is, or that it is unknown; here or in what it extends.
#[test]
fn what_is_known_of_each_central_is_said() {
    for entry in catalogue::centrals() {
        let name = entry.profile.name;
        let (mut told, mut next) = (String::new(), Some(name.clone()));
        while let Some(file) = next.filter(|file| file != "honest" || name == "honest") {
            let text = catalogue::text(&file).expect("built in");
            told.extend(text.lines().filter(|line| line.starts_with('#')).map(str::to_lowercase));
            let base = text.lines().find_map(|line| line.strip_prefix("extends = "));
            next = base.map(|base| base.trim_matches('"').to_owned());
        }
        for fact in ["timeout", "company", "features", "order"] {
            assert!(told.contains(fact), "{name} says nothing of its {fact}");
        }
        let sure = ["confidence a", "confidence b", "confidence c", "unknown"];
        assert!(sure.iter().any(|word| told.contains(word)), "{name}");
    }
}

#[test]
fn unknown_names_are_reported_with_the_known_ones() {
    let error = from_text("version = 1\nextends = \"windws-10\"").unwrap_err();
    assert_eq!(error.to_string(), "main.toml:2:11: there is no central or quirk `windws-10`");
    assert!(error.help.contains("did you mean `windows-10`"), "{}", error.help);
    let error = from_text("version = 1\nextends = \"other.toml\"").unwrap_err();
    assert!(error.to_string().starts_with("main.toml:2:11: other.toml cannot be read"), "{error}");
}

/// The last words of a value's description are an example, more often than not.
fn values() -> impl proptest::strategy::Strategy<Value = String> {
    use proptest::prelude::*;
    prop_oneof![
        "\\PC{0,12}",
        "[a-z-]{1,10}(:[0-9]{1,6})?(@[a-z0-9]{1,7})?(\\+[0-9]{1,3})?",
        "-?[0-9]{1,12}",
    ]
}

proptest::proptest! {
    #[test]
    fn no_value_can_do_harm(key in proptest::prelude::any::<proptest::sample::Index>(),
        value in values(),
    ) {
        let _ = Profile::phone().set(key.get(KEYS.0).name, &value);
    }

    #[test]
    fn no_file_can_do_harm(
        lines in proptest::collection::vec(
            (proptest::prelude::any::<proptest::sample::Index>(), values()), 0..6),
        tail in "\\PC{0,20}",
    ) {
        let mut text = "version = 1\n".to_owned();
        for (key, value) in lines {
            text += &format!("{} = {value:?}\n", key.get(KEYS.0).name);
        }
        let _ = from_text(&text);
        let _ = from_text(&(text + &tail));
    }
}
