//! Pairing: the Security Manager Protocol.

document! {
    "smp.md", Smp, "Pairing",
    "The Security Manager Protocol: feature exchange, keys, and what is distributed.";

    SMP_PDU_1 = "SMP-PDU-1", "length of a command",
    Shall, Both, judged, "Vol 3, Part H 3.5, 3.6",
    "A command has exactly the length of its code.";

    SMP_PDU_2 = "SMP-PDU-2", "invalid parameters",
    Shall, Both, tested, "Vol 3, Part H 2.3, 3.5.5",
    "A command with a wrong length, or with a value out of range, is answered with Pairing \
     Failed, Invalid Parameters (SMP 0x0A).";

    SMP_PDU_3 = "SMP-PDU-3", "reserved codes",
    Shall, Both, tested, "Vol 3, Part H 3.3",
    "A command with a reserved code is ignored.";

    SMP_ROLE_1 = "SMP-ROLE-1", "who sends what",
    Shall, Both, judged, "Vol 3, Part H 2.4.6, 3.5.1, 3.5.2",
    "Only the central sends a Pairing Request; only the peripheral sends a Pairing Response or a \
     Security Request.";

    SMP_FEAT_1 = "SMP-FEAT-1", "values of the feature exchange",
    Shall, Both, judged, "Vol 3, Part H 3.5.1, 3.5.2",
    "IO capability, OOB data flag and maximum key size of a Pairing Request or Response are none \
     of the reserved values: 0 to 4, 0 or 1, 7 to 16 octets.";

    SMP_FEAT_2 = "SMP-FEAT-2", "keys of the response",
    Shall, Peripheral, judged, "Vol 3, Part H 3.6.1",
    "A Pairing Response asks for no key that the Pairing Request did not offer.";

    SMP_FEAT_3 = "SMP-FEAT-3", "size of the key",
    Shall, Both, judged, "Vol 3, Part H 2.3.4",
    "The key has as many octets as the smaller maximum of the two allows; who needs more ends the \
     pairing with Encryption Key Size (SMP 0x06). A shorter key keeps its least significant \
     octets.",
    "The oracle judges the key that a host gives its controller after a pairing; which size an end \
     needs is its own affair.";

    SMP_FEAT_4 = "SMP-FEAT-4", "Secure Connections where both can",
    Shall, Both, judged, "Vol 3, Part H 3.5.1, 3.5.2",
    "If both have set the SC flag, the pairing goes on with public keys.";

    SMP_FEAT_5 = "SMP-FEAT-5", "authentication requirements",
    Shall, Both, tested, "Vol 3, Part H 2.3.5.1",
    "Who needs more than the selected method gives ends the pairing with Authentication \
     Requirements (SMP 0x03).";

    SMP_METH_1 = "SMP-METH-1", "selecting the method",
    Shall, Both, tested, "Vol 3, Part H 2.3.5.1, Tables 2.6 to 2.8",
    "Just Works if neither side asks for MITM protection; otherwise the table of IO capabilities \
     decides. Out of band data of either side (legacy pairing: of both) come before.";

    SMP_SEQ_1 = "SMP-SEQ-1", "order of the commands",
    Shall, Both, judged, "Vol 3, Part H 2.3.5.5, 2.3.5.6, 3.5.3, 3.5.4",
    "Each command of a pairing comes in its turn, as the selected method demands.",
    "Judged by what each side had sent and received. Keypress notifications and Pairing Failed \
     may come at any time.";

    SMP_KEY_1 = "SMP-KEY-1", "a valid public key",
    Shall, Both, judged, "Vol 3, Part H 2.3.5.6.1, 3.5.5",
    "A public key that is not on the curve ends the pairing with DHKey Check Failed (SMP 0x0B).",
    "Judged by who goes on with the pairing.";

    SMP_KEY_2 = "SMP-KEY-2", "a reflected public key",
    Shall, Both, judged, "Vol 3, Part H 2.3.5.6.1",
    "A peer's public key with the X coordinate of one's own ends the pairing, unless it is the \
     debug key.",
    "Judged by who goes on with the pairing.";

    SMP_CONF_1 = "SMP-CONF-1", "confirm values are checked",
    Shall, Both, judged, "Vol 3, Part H 2.3.5.6.2, 2.3.5.6.3, 3.5.4",
    "A random value that does not fit the confirm value before it ends the pairing with Confirm \
     Value Failed (SMP 0x04).",
    "Judged with Secure Connections, where all that goes into a confirm value crosses the air: who \
     goes on with a value that does not fit, or in a round whose two bits differ.";

    SMP_CONF_2 = "SMP-CONF-2", "a random value fits its commitment",
    Shall, Both, judged, "Vol 3, Part H 2.3.5.6.2, 2.3.5.6.3",
    "The Pairing Random of a device is the one that its Pairing Confirm was made with.",
    "Judged with Secure Connections.";

    SMP_PASS_1 = "SMP-PASS-1", "rounds of a passkey",
    Shall, Both, judged, "Vol 3, Part H 2.3.5.6.3",
    "Each of 20 rounds commits to one bit of the passkey, the least significant one first, with a \
     new nonce.",
    "The oracle judges the nonces; which bit is the right one only the users know.";

    SMP_PASS_2 = "SMP-PASS-2", "a new passkey each time",
    Shall, Both, tested, "Vol 3, Part H 2.3.5.6.3",
    "A displayed passkey is drawn anew for each pairing, from 000000 to 999999.",
    "`passkey` of a firmware or a central fixes it on purpose; the log says so.";

    SMP_DHK_1 = "SMP-DHK-1", "DHKey checks",
    Shall, Both, tested, "Vol 3, Part H 2.3.5.6.5",
    "The central sends its check first; a check that does not fit ends the pairing with DHKey \
     Check Failed (SMP 0x0B).";

    SMP_DIST_1 = "SMP-DIST-1", "keys on an encrypted link",
    Shall, Both, judged, "Vol 3, Part H 2.4.3, 3.6.2 to 3.6.6",
    "Keys are distributed only once the link is encrypted with the key of this pairing.",
    "The oracle sees whether the link is encrypted, not with which pairing's key.";

    SMP_DIST_2 = "SMP-DIST-2", "order of the keys",
    Shall, Both, judged, "Vol 3, Part H 3.6.1",
    "The peripheral distributes its keys first, then the central; each LTK, EDIV and Rand, IRK, \
     address, CSRK.";

    SMP_DIST_3 = "SMP-DIST-3", "only keys that were agreed",
    Shall, Both, judged, "Vol 3, Part H 3.6.1",
    "A key that the Pairing Response does not name is not distributed; with Secure Connections \
     neither are LTK, EDIV and Rand.";

    SMP_DIST_4 = "SMP-DIST-4", "identity address",
    Shall, Both, judged, "Vol 3, Part H 3.6.5",
    "The address that is distributed is a public or a static random one.";

    SMP_FAIL_1 = "SMP-FAIL-1", "a failure ends the pairing",
    Shall, Both, judged, "Vol 3, Part H 3.5.5",
    "After Pairing Failed a pairing starts again with the feature exchange, or not at all.";

    SMP_TIME_1 = "SMP-TIME-1", "30 seconds",
    Shall, Both, tested, "Vol 3, Part H 3.4",
    "A pairing in which 30 s pass after the last command that was sent has failed, and the host \
     says so. A Security Request and a Pairing Request that arrives start the time, too.";

    SMP_TIME_2 = "SMP-TIME-2", "silence after a timeout",
    Shall, Both, judged, "Vol 3, Part H 3.4",
    "After a timeout no SMP command is sent on this connection.",
    "The oracle judges a pairing under way, and only what was not queued before; a timeout after a \
     Security Request is not judged.";

    SMP_REP_1 = "SMP-REP-1", "repeated attempts",
    Shall, Peripheral, tested, "Vol 3, Part H 2.3.6",
    "After a failed authentication the peer's next attempt is refused with Repeated Attempts (SMP \
     0x09) for a time that grows with each failure.";

    SMP_SEC_1 = "SMP-SEC-1", "no Security Request while pairing",
    Shall, Peripheral, judged, "Vol 3, Part H 2.4.6",
    "A peripheral sends no Security Request while a pairing is in progress.";

    SMP_SEC_2 = "SMP-SEC-2", "what a Security Request starts",
    Shall, Central, tested, "Vol 3, Part H 2.4.6",
    "A central with a key that is good enough encrypts; otherwise it pairs, or refuses with \
     Pairing Not Supported (SMP 0x05). While its own Pairing Request is open or encryption starts \
     it ignores the request.";
}
