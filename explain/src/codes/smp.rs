//! Reasons of Pairing Failed (Vol 3, Part H, 3.5.5).

/// Code and what usually causes it; names are [`bletwin_sim::report::names::smp_failure`]'s.
pub(super) const TABLE: &[(u8, &str)] = &[
    (0x01, "the person closed the dialog or let it pass"),
    (0x02, "out-of-band data was demanded and is not there"),
    (
        0x03,
        "one side demands protection against man-in-the-middle or Secure Connections, and the IO \
         capabilities of the two, or the other side's version, do not allow it",
    ),
    (
        0x04,
        "legacy: another passkey or temporary key; Secure Connections: a wrong digit of the \
         passkey, told in the round of its first wrong bit",
    ),
    (
        0x05,
        "the other side does not pair now: not in pairing mode, no SMP, its table of bonds is \
         full, or it is bonded and does not let the bond be replaced",
    ),
    (0x06, "the longest key that the other side offers is shorter than what is demanded"),
    (0x07, "an SMP command that the other side does not know"),
    (
        0x08,
        "the other side gave no better reason: often an internal error, a timeout of its \
         application, or commands in the wrong order",
    ),
    (0x09, "tried again too soon after a failure: wait, the time doubles with each attempt"),
    (0x0A, "a command of the wrong length, a public key that is not on the curve, or the own one"),
    (
        0x0B,
        "the two did not compute the same DHKey check: the other's software disagrees on \
         addresses, IO capabilities or nonces, or somebody is in the middle",
    ),
    (0x0C, "the person said that the numbers differ"),
    (0x0D, "the same two pair over BR/EDR at the moment"),
    (0x0E, "a key of the other transport may not be used for this one"),
    (0x0F, "a distributed key is not taken: often an IRK or an identity that is known already"),
    (0x10, "the other side is not ready: try again later"),
];
