use super::*;

#[test]
fn names_are_unique_and_found() {
    let all = Profile::all();
    for profile in &all {
        assert_eq!(Profile::by_name(&profile.name).as_ref(), Some(profile));
        assert_eq!(all.iter().filter(|other| other.name == profile.name).count(), 1);
        assert!(!profile.about.is_empty());
    }
    assert_eq!(Profile::by_name("nokia"), None);
}

#[test]
fn the_three_mechanisms_differ_in_the_controllers_rule_only() {
    let bare = |profile: Profile| {
        let profile = profile.without_quirks();
        (profile.controller, profile.host)
    };
    let intel = bare(Profile::windows_intel());
    assert_eq!(intel, bare(Profile::windows_intel_m1()));
    assert_eq!(intel, bare(Profile::windows_intel_m3()));
    assert_eq!(intel, bare(Profile::windows_intel_restart()));
    assert_ne!(Profile::windows_intel().controller.quirks, ControllerQuirks::default());
}

#[test]
fn the_laptop_has_the_address_of_the_log() {
    let printed = firmware_core::address::Address::new(
        firmware_core::address::AddressKind::Public,
        Profile::windows_intel().controller.public_address,
    );
    assert_eq!(printed.to_string(), "58:A0:23:A6:35:0A (public)");
}

#[test]
fn a_quirk_can_be_described_with_keys() {
    let mut profile = Profile::windows_intel_without_quirk();
    profile.set("phy-req", "block@pairing").unwrap();
    assert_eq!(profile.controller, Profile::windows_intel().controller);
    profile.set("phy-req", "silent:6@pairing").unwrap();
    assert_eq!(profile.controller, Profile::windows_intel_m1().controller);
    profile.set("phy-req", "then-phy-req").unwrap();
    assert_eq!(profile.controller, Profile::windows_intel_restart().controller);
    profile.set("phy-req", "honest").unwrap();
    assert_eq!(profile.controller.quirks, ControllerQuirks::default());
    profile.set("length-req", "reject:0x1a@first+3").unwrap();
    assert_eq!(
        profile.controller.quirks.rules,
        [AnswerRule {
            request: PeripheralRequest::DataLength,
            condition: Condition::FirstConnection,
            answer: Answer::RejectInd(ErrorCode::UNSUPPORTED_REMOTE_FEATURE),
            delay_events: 3,
        }]
    );
}

#[test]
fn what_is_pressed_is_a_list() {
    let mut profile = Profile::honest();
    profile.set("press", "version@3, parameters@40").unwrap();
    let events: Vec<_> = profile.controller.quirks.pressed.iter().map(|own| own.at_event).collect();
    assert_eq!(events, [3, 40]);
    profile.set("press", "none").unwrap();
    assert_eq!(profile, Profile::honest());
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
        ("give-up-ms", "0"),
        ("mitm", "perhaps"),
    ];
    for (key, value) in bad {
        let error = profile.set(key, value).unwrap_err();
        assert!(matches!(error, SetError::BadValue { .. }), "{key}={value}: {error}");
    }
    let error = profile.set("colour", "red").unwrap_err();
    assert!(error.to_string().contains("no key `colour`; keys are address, "), "{error}");
    assert_eq!(profile, Profile::phone());
}

proptest::proptest! {
    #[test]
    fn no_value_can_do_harm(key in 0..KEYS.len(), value in "\\PC{0,12}") {
        let _ = Profile::phone().set(KEYS[key].name, &value);
    }
}
