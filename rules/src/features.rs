//! Feature exchange.

document! {
    "features.md", Control, "Feature exchange",
    "LL_FEATURE_REQ, LL_PERIPHERAL_FEATURE_REQ and LL_FEATURE_RSP.";

    LL_FEAT_1 = "LL-FEAT-1", "octet 0 of the feature response",
    Shall, Both, judged, "Vol 6, Part B 5.1.4",
    "Octet 0 of LL_FEATURE_RSP holds no bit that the request did not have.";

    LL_FEAT_2 = "LL-FEAT-2", "feature bits are true",
    Shall, Both, judged, "Vol 6, Part B 4.6",
    "Who shows a feature bit does not answer its request with LL_UNKNOWN_RSP, unless the request \
     is one that only its own role may send.";

    LL_FEAT_3 = "LL-FEAT-3", "features of the peer",
    Shall, Both, judged, "Vol 6, Part B 5, 4.6, 5.1.8",
    "No procedure is started that the peer is known not to support, save LE Ping.";

    LL_FEAT_4 = "LL-FEAT-4", "features of the device",
    Shall, Both, judged, "Vol 6, Part B 4.6, 5.1.4",
    "The features that a device shows on air are those that its controller tells its host, octet 0 \
     of LL_FEATURE_RSP masked with the request's and all others whole.";

    LL_FEAT_5 = "LL-FEAT-5", "octets beyond the first",
    Shall, Peripheral, tested, "Vol 6, Part B 5.1.4, 4.6",
    "LL_FEATURE_RSP has the sender's own features in octets 1 to 7, save the bits that a device \
     keeps to itself: 6, 7, 12 and 13.",
    "These may be zero or true, and nobody goes by them: they and bits 4, 19 to 22 and 36; bits \
     27, 42 and 48 are always zero on air (Table 4.9). Before version 5.0 all octets were common.";

    LL_FEAT_6 = "LL-FEAT-6", "features unknown",
    Shall, Both, tested, "Vol 6, Part B 4.6, 5.1.4",
    "Before features are exchanged a request is answered by what the receiver can do itself.";

    LL_FEAT_7 = "LL-FEAT-7", "each role has its request",
    Shall, Both, tested, "Vol 6, Part B 5.1.4",
    "A central asks with LL_FEATURE_REQ and a peripheral with LL_PERIPHERAL_FEATURE_REQ; a central \
     without Peripheral-initiated Features Exchange answers the latter with LL_UNKNOWN_RSP.";
}
