//! LL Privacy.

document! {
    "privacy.md", Air, "LL Privacy",
    "Private addresses of a device's own and of its peers. For network privacy see LL-ADV-6.

Read in the text of Core Specification 6.2 and, for what it leaves open, in two stacks, NimBLE
(`ble_ll_adv.c`, `ble_ll_conn.c`, `ble_ll_scan.c`, `ble_ll_resolv.c`) and Zephyr (`ull_filter.c`,
`lll_adv.c`, `lll_scan.c`; Mynewt's controller is NimBLE). Both do what the four rules say, while
addresses are resolved. Where they or the text differ:

- The text asks for network privacy whether addresses are resolved or not, for it lets an identity
  through in device privacy alone (6.2.1, 6.3, 6.4); Zephyr and NimBLE let every identity through
  while resolution is off. Endpoints and the firmware keep to the text, and nobody is accused.
- The text forbids an initiator that is to use private addresses any answer to a call by its
  identity (6.4). Zephyr refuses it only where it has a private address for that peer, and so do
  endpoints: who has none shows its identity anyhow (6.5).
- Zephyr scans under the private address for the advertiser that it asks, and asks strangers under
  its identity; an endpoint shows strangers a private address too.
- A host that takes a peer off the list while it advertises with resolution off keeps the private
  address until advertising begins anew. The text does not say.";

    LL_PRIV_1 = "LL-PRIV-1", "target of directed advertising",
    Shall, Both, judged, "Vol 6, Part B 6.2.2, 6.2.5, 6.3, 6.4",
    "Directed advertising from a private address names its target by a private address, if the key \
     of the target is known; scanners and initiators resolve the target with their own keys.";

    LL_PRIV_2 = "LL-PRIV-2", "who may answer directed advertising",
    Shall, Peripheral, judged, "Vol 6, Part B 4.4.2.4, 6.2.2",
    "Directed advertising is heeded by its target alone, under its address or a private one that \
     resolves to it.";

    LL_PRIV_3 = "LL-PRIV-3", "own address of an initiator",
    Shall, Central, judged, "Vol 6, Part B 6.4",
    "An initiator that is to use private addresses shows each peer the one that is made with the \
     local key of that peer's entry, also where it connects to whichever device of the filter \
     accept list it finds.";

    LL_PRIV_4 = "LL-PRIV-4", "calls by identity",
    Shall, Central, judged, "Vol 6, Part B 6.3, 6.4",
    "A scanner or an initiator that is to use private addresses does not answer directed \
     advertising whose target is a public or static address.";
}
