//! Surroundings in which words show.

use super::Place;

/// What a word stands behind in its list, to have an effect.
pub(super) const BEHIND: &[(&str, &str)] = &[
    ("central.steps", "discover,"),
    ("central.own-procedures", "features@20,"),
    ("central.press", "features@20,"),
];

/// Keys that show after the end of a story, and for how many seconds more they are looked at.
pub(super) const LATER: &[(&str, u64)] =
    &[("central.connections", 3), ("central.reconnect-ms", 70)];

/// Surroundings of the keys that do not show in any run.
pub(super) const PLACES: &[(&[&str], &[Place])] = &[
    (&["preferred"], &[("stay", "honest", &["param-update=500"])]),
    (
        &["param-tries", "param-period", "param-not-granted"],
        &[(
            "stay",
            "honest",
            &[
                "param-tries=2",
                "param-period=1000",
                "param-update=500",
                "central.parameter-rules=reject",
            ],
        )],
    ),
    (
        &["loss-1m", "loss-2m", "loss-to-peripheral", "loss-to-central"],
        &[
            ("pairing", "honest", &["phy-update=on-connect"]),
            ("stay", "honest", &["phy-update=never", "central.own-procedures=ping@30/2"]),
        ],
    ),
    (
        &["central.own-procedures", "central.press"],
        &[
            ("pairing", "honest", &[]),
            ("pairing", "honest", &["phy-update=never"]),
            ("pairing", "honest", &["central.on-connect=none"]),
            ("pairing", "honest", &["loss=30"]),
        ],
    ),
    (
        &["central.ch-sel"],
        &[("pairing", "honest", &[]), ("pairing", "honest", &["central.features=0x19ff"])],
    ),
    (
        &["loss-coded"],
        &[("pairing", "honest", &["phy-update=never", "central.own-procedures=phy:coded@9"])],
    ),
    (
        &["central.grants"],
        &[
            ("stay", "honest", &["param-update=500", "preferred=24,36,0,400"]),
            (
                "stay",
                "honest",
                &["param-update=500", "preferred=24,36,0,400", "features-left-out=param-request"],
            ),
        ],
    ),
    (
        &["updated-app", "service-changed", "central.caching"],
        &[
            ("updated", "honest", &["central.caching=handles"]),
            ("updated", "honest", &["central.caching=service-changed"]),
            ("updated", "honest", &["central.steps=mtu,discover,secure"]),
        ],
    ),
    (&["central.disconnect-reason"], &[("reconnect", "honest", &[])]),
    (&["central.remembers-parameters"], &[("reconnect", "honest", &["param-update=500"])]),
    (&["central.pair-attempts"], &[("wrong-passkey", "honest", &["central.pair-again-ms=0"])]),
    (&["central.pair-again-ms"], &[("wrong-passkey", "honest", &["central.pair-attempts=2"])]),
    (
        &["central.encrypt-after-ms"],
        &[("reconnect", "honest", &["central.bonded-start=encrypt-first"])],
    ),
    (&["central.key-missing-reason"], &[("bond-lost", "honest", &[])]),
    (
        &["central.one-control-pdu"],
        &[("pairing", "honest", &["central.press=version@9,features@9"])],
    ),
    (
        &["never-answers"],
        &[
            ("pairing", "honest", &["central.own-procedures=phy@20,ping@40,length@60"]),
            (
                "pairing",
                "honest",
                &["central.request-parameters=true", "central.own-procedures=parameters@20"],
            ),
        ],
    ),
    (&["second-unknown"], &[("pairing", "honest", &["central.press=raw:ff@20,raw:ff@20"])]),
    (&["before-instant"], &[("pairing", "honest", &["central.phy-req=then-phy-req"])]),
    (&["check-address"], &[("forgotten", "honest", &["central.address-type=resolvable"])]),
    (&["central.rpa-timeout-ms"], &[("reconnect", "honest", &["central.address-type=resolvable"])]),
    (
        &["central.address-resolution"],
        &[(
            "reconnect",
            "honest",
            &["central.address-type=resolvable", "reconnect-advertising=directed-low"],
        )],
    ),
    (&["stored-key"], &[("reconnect", "honest", &[]), ("two-hosts", "honest", &[])]),
    (&["passkey", "pairing-back-off"], &[("static-passkey", "honest", &[])]),
    (&["version-exchange"], &[("pairing", "honest", &["central.on-connect=none"])]),
    (
        &["debug-key", "central.debug-key"],
        &[("pairing", "honest", &["debug-key=true"]), ("reconnect", "honest", &["debug-key=true"])],
    ),
    (
        &["pairing-outside-mode"],
        &[
            ("static-passkey", "honest", &[]),
            ("static-passkey", "honest", &["required-level=2"]),
            ("static-passkey", "honest", &["io=none", "required-level=2"]),
        ],
    ),
    (
        &["central.bonded-start"],
        &[("reconnect", "honest", &[]), ("bond-lost", "honest", &["central.key-missing=ignore"])],
    ),
    (
        &["central.parameter-rules"],
        &[
            ("stay", "honest", &["param-update=500", "preferred=24,36,0,600"]),
            ("stay", "honest", &["param-update=500", "preferred=24,36,0,400"]),
            (
                "stay",
                "honest",
                &["param-update=500", "preferred=80,160,0,400", "features-left-out=param-request"],
            ),
            ("pairing", "honest", &[]),
        ],
    ),
    (
        &["features-hollow", "features-left-out"],
        &[
            ("pairing", "honest", &["central.own-procedures=phy@20,ping@40,length@60,features@80"]),
            ("pairing", "honest", &["central.phy-req=reject-ext:0x2a"]),
            (
                "pairing",
                "honest",
                &["central.request-parameters=true", "central.own-procedures=parameters@20"],
            ),
        ],
    ),
    (
        &["param-requests", "central.request-parameters"],
        &[(
            "pairing",
            "honest",
            &[
                "central.request-parameters=true",
                "central.own-procedures=parameters:45000:0:4000@20",
            ],
        )],
    ),
    (&["refusals"], &[("pairing", "honest", &["central.phy-req=unknown"])]),
    (
        &["sleep-clock-ppm"],
        &[(
            "pairing",
            "honest",
            &["clock-ppm=200", "central.interval-us=1000000", "central.timeout-ms=32000"],
        )],
    ),
    (
        &["bond-overwrite"],
        &[("forgotten", "honest", &["io=none", "required-level=2", "accept=anyone"])],
    ),
    (
        &["central.pair-on-security-request", "central.refuses-after-boot-ms"],
        &[("pairing", "honest", &["security-request=true"])],
    ),
    (
        &["central.on-unknown-rsp"],
        &[(
            "pairing",
            "honest",
            &[
                "data-length=never",
                "features-hollow=data-length",
                "central.own-procedures=length@50",
            ],
        )],
    ),
    (&["central.connect-attempts"], &[("pairing", "honest", &["loss=75"])]),
    (
        &["central.connections", "central.reconnect-ms"],
        &[(
            "pairing",
            "honest",
            &["central.steps=disconnect", "central.reconnect-ms=200", "central.connections=2"],
        )],
    ),
    (&["central.forgets-itself"], &[("forgotten", "honest", &["central.address-type=resolvable"])]),
    (
        &["central.interval-max-us", "central.interval-us", "central.latency"],
        &[("pairing", "honest", &["central.timeout-ms=32000", "central.interval-us=7500"])],
    ),
    (&["central.require-mitm"], &[("pairing", "honest", &["io=none", "required-level=2"])]),
    (
        &["central.key-missing", "central.pair-when-forgotten"],
        &[("bond-lost", "honest", &[]), ("forgotten", "honest", &[])],
    ),
    (&["central.attack-attempts"], &[("pairing", "honest", &[])]),
];
