//! Acknowledgement.

document! {
    "acknowledgement.md", Air, "Acknowledgement",
    "SN, NESN and what is sent again.";

    LL_SN_1 = "LL-SN-1", "sequence number",
    Shall, Both, judged, "Vol 6, Part B 4.5.9",
    "SN advances when the last packet was acknowledged, and only then.";

    LL_NESN_1 = "LL-NESN-1", "acknowledgement",
    Shall, Both, judged, "Vol 6, Part B 4.5.9",
    "NESN advances only over a packet that was received with a right CRC and the expected SN.";

    LL_NESN_2 = "LL-NESN-2", "flow control",
    May, Peripheral, tested, "Vol 6, Part B 4.5.9",
    "Who has no room for a packet leaves NESN as it is, so that the packet comes again.";

    LL_RETX_1 = "LL-RETX-1", "repetition",
    Shall, Both, judged, "Vol 6, Part B 4.5.9",
    "What is sent again under the same SN has the same LLID and payload.";

    LL_SN_2 = "LL-SN-2", "first numbers",
    Shall, Both, tested, "Vol 6, Part B 4.5.9",
    "SN and NESN are 0 in the first packet of each end.";
}
