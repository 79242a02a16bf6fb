//! Channel selection.

document! {
    "channels.md", Air, "Channel selection",
    "Which channel an event is on.";

    LL_CHAN_1 = "LL-CHAN-1", "channel sequence",
    Shall, Both, judged, "Vol 6, Part B 4.5.8",
    "An event is on the channel that the selection algorithm gives for its counter and the channel \
     map in force.";

    LL_CHAN_2 = "LL-CHAN-2", "algorithm #1",
    Shall, Both, tested, "Vol 6, Part B 4.5.8.2",
    "Algorithm #1 adds the hop increment modulo 37 for each event, skipped ones as well; an unused \
     channel is replaced by the used one at the position of its remainder.";

    LL_CHAN_3 = "LL-CHAN-3", "algorithm #2",
    Shall, Both, tested, "Vol 6, Part B 4.5.8.3",
    "Algorithm #2 derives each channel from the event counter and the access address alone; an \
     unused channel is replaced by the used one at the scaled position.";
}
