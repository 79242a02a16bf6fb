//! `bt_security_err` of Zephyr since 2021. Before, there was no 8 (Key Rejected) and Unspecified
//! was 8.

/// Code, name, and what usually causes it: which SMP reasons and HCI errors end up there.
pub(super) const TABLE: &[(u8, &str, &str)] = &[
    (0, "Success", "no error"),
    (
        1,
        "Authentication Failure",
        "SMP 0x01, 0x04, 0x0B, 0x0C or HCI 0x05: a wrong passkey, numbers that differ, or a check \
         that failed",
    ),
    (
        2,
        "PIN or Key Missing",
        "HCI 0x06: the other side has lost the bond. Delete it here too (bt_unpair) and pair anew",
    ),
    (3, "OOB Not Available", "SMP 0x02: out-of-band data is missing"),
    (
        4,
        "Authentication Requirement",
        "SMP 0x03, 0x06: the level that is demanded cannot be reached with the IO capabilities of \
         the two, or the key is too short",
    ),
    (5, "Pairing Not Supported", "SMP 0x05, 0x07 or HCI 0x29: the other side does not pair now"),
    (
        6,
        "Pairing Not Allowed",
        "SMP 0x09, 0x0D, 0x0E or HCI 0x18: tried again too soon, or not allowed now",
    ),
    (7, "Invalid Parameters", "SMP 0x0A or HCI 0x12"),
    (
        8,
        "Key Rejected",
        "SMP 0x0F. In logs of Zephyr before 2021 8 is Unspecified: read there what 9 says here",
    ),
    (
        9,
        "Unspecified",
        "no code that the other side sent: most often the link died while pairing or encryption \
         was open, and the `reason` of the disconnection that follows is the one to look at. Also \
         SMP 0x08 and whatever has no number of its own",
    ),
];
