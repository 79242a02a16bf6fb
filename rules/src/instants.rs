//! Instants.

document! {
    "instants.md", Control, "Instants",
    "The event in which both ends change something.";

    LL_INST_1 = "LL-INST-1", "instants lie ahead",
    Should, Central, judged, "Vol 6, Part B 5.5",
    "An instant is at least six events ahead when it is first sent, counted modulo 65,536.",
    "Whoever meets a closer one may not leave for it, unless it has passed (LL-INST-2).";

    LL_INST_2 = "LL-INST-2", "instants in the past",
    Shall, Peripheral, judged, "Vol 6, Part B 5.5.1",
    "An instant lies in the past if it is 32,767 or more events ahead modulo 65,536; the \
     peripheral then leaves with Instant Passed (0x28).",
    "For LL_PHY_UPDATE_IND and LL_CHANNEL_MAP_IND the rule only allows this.";

    LL_INST_3 = "LL-INST-3", "the event under way",
    Shall, Peripheral, tested, "Vol 6, Part B 5.5",
    "An instant that is the event in which it is received is not in the past.";

    LL_INST_4 = "LL-INST-4", "latency",
    Should, Central, judged, "Vol 6, Part B 5.5",
    "The six events ahead of an instant are events to which the peripheral has to listen: six \
     times latency and one.";
}
