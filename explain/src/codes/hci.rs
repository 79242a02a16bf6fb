//! Controller error codes (Vol 1, Part F).

/// Code, its name unless [`ble::error::ErrorCode`] has it, and what usually causes it.
pub(super) const TABLE: &[(u8, &str, &str)] = &[
    (0x00, "", "no error"),
    (0x01, "", "the controller is older than the command, or it was built without the feature"),
    (0x02, "", "the handle is gone: the link ended while the host was about to use it"),
    (0x03, "Hardware Failure", "the controller's firmware stopped; look at its own log"),
    (0x04, "Page Timeout", "BR/EDR only"),
    (
        0x05,
        "",
        "a host ended the link because pairing or encryption failed, or because the other side \
         asked for what its security does not allow",
    ),
    (
        0x06,
        "",
        "encryption was to start with a key that the other side does not have: it has lost the \
         bond (reset, deleted, another identity). Delete the bond on both sides and pair anew",
    ),
    (0x07, "", "the controller is out of buffers, list entries or connections"),
    (
        0x08,
        "",
        "nothing valid was heard for the supervision timeout: out of range, interference, the \
         other side stopped without a word (crash, power, a stuck link layer), or both sides are \
         on different PHYs, channels or intervals after an instant that one of them missed",
    ),
    (0x09, "", "the controller has no room for another connection"),
    (0x0A, "Synchronous Connection Limit to a Device Exceeded", "BR/EDR only"),
    (0x0B, "", "a second connection to the same device and address was asked for"),
    (
        0x0C,
        "",
        "the command does not fit the state: advertising or scanning is on already, another \
         command of its kind is under way, or legacy and extended advertising are mixed",
    ),
    (0x0D, "Connection Rejected due to Limited Resources", "the other side has no room"),
    (0x0E, "Connection Rejected due to Security Reasons", "the other side refuses this device"),
    (0x0F, "Connection Rejected due to Unacceptable BD_ADDR", "BR/EDR only"),
    (0x10, "Connection Accept Timeout Exceeded", "BR/EDR only"),
    (0x11, "", "a value that this controller does not support: a PHY, a length, a filter policy"),
    (0x12, "", "a parameter is out of range, or parameters contradict each other"),
    (
        0x13,
        "",
        "the other side's host ended the link on purpose: the application was done, the person \
         disconnected, or the host was not content (refused pairing, missing services, a timeout \
         of its own)",
    ),
    (0x14, "", "the other side ran out of memory or connections"),
    (0x15, "", "the other side was switched off"),
    (0x16, "", "this side's own host asked to disconnect"),
    (0x17, "Repeated Attempts", "pairing was tried again too soon after it had failed"),
    (0x18, "", "the other side does not allow pairing now"),
    (0x19, "Unknown LMP PDU", "the other side does not know the PDU"),
    (
        0x1A,
        "",
        "the other side does not have the feature: a request was made without looking at its \
         FeatureSet, or it answered LL_UNKNOWN_RSP. A peripheral falls back to L2CAP for \
         connection parameters",
    ),
    (0x1B, "SCO Offset Rejected", "BR/EDR only"),
    (0x1C, "SCO Interval Rejected", "BR/EDR only"),
    (0x1D, "SCO Air Mode Rejected", "BR/EDR only"),
    (0x1E, "", "a control PDU held fields out of range; also CONNECT_IND with nonsense"),
    (0x1F, "", "the controller knows no better code"),
    (
        0x20,
        "",
        "a request was understood but its values are not supported: an interval, a PHY with \
         no effect",
    ),
    (0x21, "Role Change Not Allowed", "BR/EDR only"),
    (
        0x22,
        "",
        "a control PDU got no answer for 40 s: the other link layer is stuck, or it dropped the \
         request. The ladder shows which request it was",
    ),
    (
        0x23,
        "",
        "both sides started the same procedure, or incompatible ones, at once. The central's goes \
         on; a peripheral's request is refused with this code and may be made again later. As a \
         reason to disconnect: the other side started a procedure that it may not start then",
    ),
    (0x24, "", "a PDU at a moment at which it may not be sent"),
    (0x25, "Encryption Mode Not Acceptable", "the other side demands encryption, or another key"),
    (0x26, "Link Key cannot be Changed", "BR/EDR only"),
    (0x27, "Requested QoS Not Supported", "BR/EDR only"),
    (
        0x28,
        "",
        "an update was heard after the event in which it was to take effect: packets were lost \
         for longer than the instant was ahead, or the sender chose it too close",
    ),
    (0x29, "", "an old kind of key that is not supported any more"),
    (
        0x2A,
        "",
        "another procedure was under way, and this one cannot be combined with it: wait and \
         ask again",
    ),
    (0x2C, "QoS Unacceptable Parameter", "BR/EDR only"),
    (0x2D, "QoS Rejected", "BR/EDR only"),
    (0x2E, "", "BR/EDR only"),
    (0x2F, "Insufficient Security", "the link is not as secure as what was asked for needs"),
    (0x30, "Parameter Out Of Mandatory Range", "a value beyond what every controller must take"),
    (0x32, "Role Switch Pending", "BR/EDR only"),
    (0x34, "Reserved Slot Violation", "BR/EDR only"),
    (0x35, "Role Switch Failed", "BR/EDR only"),
    (0x36, "Extended Inquiry Response Too Large", "BR/EDR only"),
    (0x37, "Secure Simple Pairing Not Supported By Host", "BR/EDR only"),
    (0x38, "Host Busy - Pairing", "the other host is pairing with somebody else"),
    (0x39, "Connection Rejected due to No Suitable Channel Found", "BR/EDR only"),
    (0x3A, "", "the controller does something else; ask again"),
    (
        0x3B,
        "",
        "the central does not take the connection parameters that the peripheral wants: an \
         interval, latency or timeout outside of what its system allows (iOS is strict)",
    ),
    (0x3C, "", "directed or limited advertising ended, and nobody had connected"),
    (
        0x3D,
        "",
        "a packet did not decrypt: the two sides have different keys (one of them lost or \
         replaced the bond), or something was sent in clear while encryption started",
    ),
    (
        0x3E,
        "",
        "CONNECT_IND was sent, and within six events nothing valid was heard: the peripheral did \
         not hear it, was out of range, or a third device was in the way. Hosts try again",
    ),
    (0x40, "Coarse Clock Adjustment Rejected", "BR/EDR only"),
    (0x41, "Type0 Submap Not Defined", "BR/EDR only"),
    (0x42, "", "an advertising set, or a train, that was not created or was removed"),
    (0x43, "", "advertising ended after as many events as were asked for"),
    (0x44, "Operation Cancelled by Host", "the host took its command back"),
    (0x45, "", "data longer than what fits between two events of an advertising train"),
    (0x46, "Packet Too Late", "data of an isochronous or response slot came after its moment"),
    (0x47, "Packet Too Early", "data of a response slot came before its moment"),
];
