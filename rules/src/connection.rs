//! Connection timing.

document! {
    "connection.md", Air, "Connection timing",
    "Connection set-up, anchor points, connection events, latency and supervision.";

    LL_CONN_1 = "LL-CONN-1", "fields of CONNECT_IND",
    Shall, Central, judged, "Vol 6, Part B 2.3.3.1, 2.1.2, 4.5.1, 4.5.2, 4.5.3, 4.5.8",
    "Interval, latency, timeout, window, channel map, hop increment and access address of a \
     CONNECT_IND are in range, each by itself and with the others.";

    LL_CONN_2 = "LL-CONN-2", "choice of the channel selection algorithm",
    Shall, Both, tested, "Vol 6, Part B 2.3.3.1, 4.5",
    "Algorithm #2 is used when both ADV_IND and CONNECT_IND have ChSel set, and algorithm #1 \
     otherwise.";

    LL_CONN_3 = "LL-CONN-3", "created and established",
    Shall, Both, tested, "Vol 6, Part B 4.5",
    "A connection is created with CONNECT_IND, upon which both hosts are told of it, and \
     established with the first packet of the peer that is heard.",
    "A wrong CRC will do for that. All that depends on it is which timeout counts; here a wrong \
     CRC keeps a connection that is not established, and the first right one establishes it.";

    LL_WIN_1 = "LL-WIN-1", "transmit window",
    Shall, Central, judged, "Vol 6, Part B 4.5.3, 5.1.1",
    "The first packet of a connection, and of changed parameters, starts inside the transmit \
     window.";

    LL_WIN_2 = "LL-WIN-2", "missed transmit window",
    Shall, Peripheral, tested, "Vol 6, Part B 4.5.5, 4.2.4",
    "A peripheral that hears nothing in the transmit window listens again one interval later, and \
     so on, in windows that grow with the time since the connection was created.";

    LL_WIDE_1 = "LL-WIDE-1", "window widening",
    Shall, Peripheral, judged, "Vol 6, Part B 4.2.4, 4.5.7",
    "A peripheral listens until the last moment at which its central's anchor may come, by the \
     accuracy of both clocks and the time since it heard the central.";

    LL_WIDE_2 = "LL-WIDE-2", "synchronisation",
    Shall, Peripheral, tested, "Vol 6, Part B 4.2.2, 4.2.4, 4.5.7",
    "Each packet that a peripheral hears in time at the start of an event is its new anchor point; \
     events that it misses or skips widen the next window by the accuracy of both sleep clocks, \
     and 16 µs are added for either end's jitter.";

    LL_WIDE_3 = "LL-WIDE-3", "sleep clock accuracy",
    Shall, Both, tested, "Vol 6, Part B 2.3.3.1, 4.2.2",
    "The SCA field of CONNECT_IND names one of eight classes, from 20 to 500 ppm, of which the \
     central's sleep clock is never worse.",
    "LL_CLOCK_ACCURACY_REQ can name another one (5.1.14). None is sent here, and none is answered \
     but with LL_UNKNOWN_RSP; in a capture the oracle heeds it.";

    LL_ANCHOR_1 = "LL-ANCHOR-1", "anchor points",
    Shall, Central, judged, "Vol 6, Part B 4.2.2, 4.5.1",
    "Anchor points are one interval apart, within the announced sleep clock accuracy and 16 µs of \
     jitter at either.";

    LL_EVENT_2 = "LL-EVENT-2", "event counter",
    Shall, Both, tested, "Vol 6, Part B 4.5.1",
    "connEventCount is 0 in the first event, advances in each, used or not, and wraps after \
     65,535.",
    "A transmit window that passes without a packet is an event: a central with several \
     connections may leave out even the first one, and the peripheral counts it.";

    LL_EVENT_1 = "LL-EVENT-1", "end of a connection event",
    Shall, Central, judged, "Vol 6, Part B 4.5.1, 4.5.6",
    "The central sends no more in an event after a missing answer, after two wrong CRCs in a row, \
     or once both ends have said that they have no more data.";

    LL_EVENT_4 = "LL-EVENT-4", "room before the next anchor",
    Shall, Both, judged, "Vol 6, Part B 4.1.5, 4.5.1",
    "The central sees to it that a connection event closes 150 µs before the next anchor point.",
    "It knows how long an answer may last. The peripheral has to answer (LL-TIFS-3); this one does \
     so with what still fits.";

    LL_EVENT_3 = "LL-EVENT-3", "more data",
    Should, Peripheral, tested, "Vol 6, Part B 4.5.6",
    "The peripheral listens on in an event while either end says that it has more data, and no \
     longer after a missed packet or the second wrong CRC in a row.",
    "The central may go on while either end has set MD, and the peripheral should listen; the end \
     of the event binds both (LL-EVENT-1).";

    LL_TIFS_1 = "LL-TIFS-1", "inter frame space",
    Shall, Radio, judged, "Vol 6, Part B 4.1.1, 4.2.1, 4.5.1",
    "Within a connection event a packet begins 150 µs after the end of the one before, give or \
     take 2 µs and the error of a clock of 50 ppm.";

    LL_TIFS_2 = "LL-TIFS-2", "the peripheral only answers",
    Shall, Peripheral, judged, "Vol 6, Part B 4.5.1",
    "The peripheral sends nothing but answers to packets whose access address it has seen.";

    LL_TIFS_3 = "LL-TIFS-3", "the peripheral does answer",
    Shall, Peripheral, judged, "Vol 6, Part B 4.5.1",
    "The peripheral answers each packet that it has received.",
    "What has not been on air can wait where there is no time for it: then an Empty PDU answers. \
     With one radio in several connections there may be none even for that, or for a long PDU that \
     has to be repeated; so a missing answer is no violation where it would have lasted into an \
     event of another connection.";

    LL_LAT_1 = "LL-LAT-1", "peripheral latency",
    Should, Peripheral, judged, "Vol 6, Part B 4.5.1",
    "A peripheral leaves out no more than connPeripheralLatency events in a row.",
    "It is not required to listen to these, and should listen to the others, and to each after one \
     in which it heard nothing. An event during which its one radio was with another of its \
     connections does not count. This one skips only with nothing to send.";

    LL_LAT_3 = "LL-LAT-3", "events that are not left out",
    Shall, Peripheral, judged, "Vol 6, Part B 4.5.1, 4.5.5",
    "A peripheral listens to every event until it has heard an acknowledgement, and to one in each \
     supervision timeout.",
    "The first acknowledgement is the first packet of the central with NESN 1. Latency and the \
     radio's other business excuse nobody from the latter.";

    LL_LAT_2 = "LL-LAT-2", "latency and instants",
    Shall, Peripheral, judged, "Vol 6, Part B 5.1.1, 5.5.1",
    "A peripheral that has been told of an instant listens to every event until it knows that its \
     acknowledgement has arrived, and for new connection parameters to the event of the instant \
     and to the one before.",
    "This one suspends latency for as long as any procedure is open, which is more than is asked \
     for.";

    LL_SUP_1 = "LL-SUP-1", "supervision",
    Shall, Both, tested, "Vol 6, Part B 4.5.2",
    "Each packet with a right CRC restarts the supervision timer; when it expires the connection \
     is lost with Connection Timeout (0x08).";

    LL_SUP_2 = "LL-SUP-2", "six intervals",
    Shall, Both, tested, "Vol 6, Part B 4.5.2",
    "A connection that is not established after six events is lost, with Connection Failed to be \
     Established (0x3E).",
    "Who gives it up after six intervals already, which may be after four events, may do so and \
     should not; this central does, and the peripheral counts events.";

    LL_SUP_3 = "LL-SUP-3", "supervision at an instant",
    Shall, Both, tested, "Vol 6, Part B 5.1.1",
    "The supervision timer starts anew, with the new timeout, at the instant of a connection \
     update.";
}
