//! Channel map update.

document! {
    "channel-map.md", Control, "Channel map update",
    "LL_CHANNEL_MAP_IND.";

    LL_MAP_1 = "LL-MAP-1", "from the instant on",
    Shall, Both, tested, "Vol 6, Part B 5.1.2",
    "The new channel map is used from the event of its instant on, and the old one up to it.";

    LL_MAP_2 = "LL-MAP-2", "maps that are too small",
    Own, Peripheral, tested, "Vol 6, Part B 1.4.1, 5.1.2",
    "A channel map has at least two channels; a smaller one ends the connection.",
    "To leave, with the reason Invalid LL Parameters (0x1E), is this project's choice, and not \
     among what 2.4.2 offers: to go on with an own reading of the map, or to answer \
     LL_UNKNOWN_RSP.";

    LL_MAP_3 = "LL-MAP-3", "minimum number of used channels",
    Should, Both, tested, "Vol 6, Part B 5.1.11",
    "While the peripheral sends on a PHY that its LL_MIN_USED_CHANNELS_IND names, the map should \
     have at least as many channels as it says; the procedure is over with the acknowledgement.",
    "As a central need not heed it, the oracle does not ask whether it does.",
    "Which channels are added is the central's choice: here the lowest ones that are left out.";
}
