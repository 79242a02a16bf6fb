//! Advertising.

document! {
    "advertising.md", Air, "Advertising",
    "Legacy advertising, and who is answered.";

    LL_ADV_1 = "LL-ADV-1", "channels of an advertising event",
    Shall, Peripheral, judged, "Vol 6, Part B 4.4.2, 4.4.2.3 to 4.4.2.9",
    "An advertising event uses each of the enabled ones of the channels 37, 38 and 39 at most \
     once, each PDU beginning at most 10 ms after the one before; in high duty cycle from the \
     lowest to the highest.",
    "Otherwise the order is the advertiser's, since version 5.1, and may be another one in each \
     event. This firmware goes from the lowest to the highest. A channel may be left out.";

    LL_ADV_2 = "LL-ADV-2", "random delay",
    Shall, Peripheral, judged, "Vol 6, Part B 4.4.2.2.1, 4.2.2",
    "Advertising events are advInterval and a random advDelay of 0 to 10 ms apart, drawn anew for \
     each.";

    LL_ADV_3 = "LL-ADV-3", "high duty cycle",
    Shall, Peripheral, tested, "Vol 6, Part B 4.4.2.4.3",
    "Directed advertising with high duty cycle comes back to a channel within 3.75 ms and ends \
     after 1.28 s.";

    LL_ADV_4 = "LL-ADV-4", "requests for this advertiser",
    Shall, Peripheral, tested, "Vol 6, Part B 4.4.2.3, 4.4.2.4",
    "Only a SCAN_REQ or CONNECT_IND with the address and the address type of the advertiser is \
     heeded.";

    LL_ADV_5 = "LL-ADV-5", "filter accept list",
    Shall, Peripheral, tested, "Vol 6, Part B 4.3.2, 4.7, 6.2.1",
    "An advertiser that filters heeds listed devices only; a resolvable private address counts as \
     the identity that it resolves to, and as nobody where it does not resolve.",
    "Directed advertising does not filter: its target alone is heeded (LL-PRIV-2).";

    LL_ADV_6 = "LL-ADV-6", "network privacy",
    Shall, Both, judged, "Vol 6, Part B 4.7, 6.2, 6.5, Vol 4, Part E, 7.8.77",
    "A device in the resolving list under network privacy whose key is known is ignored when it \
     shows its identity address.",
    "The mode of a device holds whether or not addresses are resolved (4.7). NimBLE \
     (`ble_ll_adv.c`, `ble_ll_conn.c`) lets it through while they are not, and for that case the \
     oracle accuses nobody.";

    LL_ADV_7 = "LL-ADV-7", "answers on advertising channels",
    Shall, Radio, judged, "Vol 6, Part B 4.1.1, 4.2.1, 4.4.2",
    "SCAN_REQ, SCAN_RSP and CONNECT_IND begin T_IFS after the PDU that they answer.";

    LL_ADV_8 = "LL-ADV-8", "advertising as the host asks",
    Shall, Peripheral, judged, "Vol 6, Part B 4.4.2, Vol 4, Part E, 7.8.5",
    "What is advertised is of the kind that the host has asked for, with the own address, on \
     channels that are not excluded, while it is enabled.";
}
