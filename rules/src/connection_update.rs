//! Connection update and connection parameters.

document! {
    "connection-update.md", Control, "Connection update and connection parameters",
    "LL_CONNECTION_UPDATE_IND, LL_CONNECTION_PARAM_REQ and LL_CONNECTION_PARAM_RSP.";

    LL_UPD_1 = "LL-UPD-1", "new parameters from the instant on",
    Shall, Both, judged, "Vol 6, Part B 5.1.1",
    "In the event of the instant the central sends inside the transmit window that counts from the \
     anchor point which the old parameters would have had; all that follows keeps to the new ones.";

    LL_UPD_2 = "LL-UPD-2", "received at the instant",
    May, Peripheral, tested, "Vol 6, Part B 5.1.1, 5.5",
    "A connection update that is first received in the event of its instant makes that very packet \
     the anchor point.";

    LL_UPD_3 = "LL-UPD-3", "parameters out of range",
    Own, Peripheral, tested, "Vol 6, Part B 4.5.1, 5.1.1",
    "A connection update out of range ends the connection.",
    "To leave, with the reason Invalid LL Parameters (0x1E), is this project's choice, and not \
     among what 2.4.2 offers: to go on with an own reading of the parameters, or to answer \
     LL_UNKNOWN_RSP.";

    LL_UPD_4 = "LL-UPD-4", "the host is told",
    Shall, Both, tested, "Vol 6, Part B 5.1.1, Vol 4, Part E, 7.7.65.3",
    "The host hears of new parameters at the instant: always when it asked for them, and else when \
     they differ from the old ones.";

    LL_PAR_1 = "LL-PAR-1", "answers of a central",
    Shall, Central, tested, "Vol 6, Part B 5.1.7",
    "A central answers LL_CONNECTION_PARAM_REQ with LL_CONNECTION_UPDATE_IND or a reject.";

    LL_PAR_2 = "LL-PAR-2", "answers of a peripheral",
    Shall, Peripheral, tested, "Vol 6, Part B 5.1.7",
    "A peripheral answers LL_CONNECTION_PARAM_REQ with LL_CONNECTION_PARAM_RSP or a reject, and \
     then awaits LL_CONNECTION_UPDATE_IND.";

    LL_PAR_3 = "LL-PAR-3", "error codes",
    Shall, Both, judged, "Vol 6, Part B 5.1.7.2",
    "Parameters out of range are rejected with 0x1E, those that the host refuses with its error, \
     and all with 0x1A where the host has masked the event.",
    "The oracle judges that what is out of range is not accepted.";

    LL_PAR_4 = "LL-PAR-4", "which way a peripheral asks",
    Shall, Peripheral, tested, "Vol 6, Part B 5.1.7",
    "A peripheral asks by LL_CONNECTION_PARAM_REQ unless the central is known to lack it; then, or \
     after LL_UNKNOWN_RSP, its host asks by L2CAP.",
    "Where both are known to support it, its use is recommended only.";

    LL_PAR_5 = "LL-PAR-5", "a response that is refused",
    Shall, Peripheral, tested, "Vol 6, Part B 5.1.7",
    "A reject instead of LL_CONNECTION_UPDATE_IND ends the procedure and nothing else.";

    LL_PAR_6 = "LL-PAR-6", "requests for the controller",
    Shall, Both, tested, "Vol 6, Part B 5.1.7",
    "The host is not asked about a request that leaves interval, latency and timeout as they are.";

    LL_PAR_7 = "LL-PAR-7", "a request that is not understood",
    Shall, Central, tested, "Vol 6, Part B 5.1.7",
    "A central whose LL_CONNECTION_PARAM_REQ is unknown or unsupported sends \
     LL_CONNECTION_UPDATE_IND instead.";

    LL_PAR_8 = "LL-PAR-8", "positions of anchor points",
    Shall, Peripheral, tested, "Vol 6, Part B 2.4.2.16, 5.1.7.1",
    "Positions and periodicity in LL_CONNECTION_PARAM_REQ and LL_CONNECTION_PARAM_RSP lie within \
     the longest interval, refer to an event ahead, and have a periodicity where the interval is a \
     range.";

    LL_PAR_9 = "LL-PAR-9", "anchor points as asked for",
    Should, Central, tested, "Vol 6, Part B 5.1.7.2, 5.1.7.3",
    "The central lays the transmit window so that one of the new anchor points lies where the \
     first position that fits wants it.",
    "It should do so; this central always does. Its interval is the longest multiple of the \
     periodicity that fits, on LE Coded at least connIntervalCodedMin.";
}
