//! Errors of ATT (Vol 3, Part F, 3.4.1.1) and of profiles (Supplement, Part B).

/// Code and what usually causes it; names are [`bletwin_sim::report::names::att_error`]'s.
pub(super) const TABLE: &[(u8, &str)] = &[
    (
        0x01,
        "no attribute has this handle: the client uses handles that it remembers from another \
         firmware (Service Changed, Database Hash)",
    ),
    (0x02, "the attribute is not readable"),
    (0x03, "the attribute is not writable, or not in this way"),
    (0x04, "a request that makes no sense, or of the wrong length"),
    (
        0x05,
        "the attribute needs a link that is authenticated (or, on a link in clear, paired): most \
         clients pair now and ask again; if they do not, pair by hand",
    ),
    (0x06, "the server does not know this request"),
    (0x07, "an offset beyond the value, or for a value that has none"),
    (0x08, "the application does not allow this client"),
    (0x09, "too many writes were prepared"),
    (0x0A, "nothing (more) of this kind: the normal end of a discovery"),
    (0x0B, "a value too long for Read Blob"),
    (0x0C, "the key of this link is too short: pair anew with a longer one"),
    (0x0D, "the value has the wrong length"),
    (0x0E, "something went wrong in the server's application"),
    (0x0F, "the attribute needs encryption, and a key is there: the client should encrypt"),
    (0x10, "a discovery by a type that is no group"),
    (0x11, "the server is out of memory"),
    (0x12, "the client's picture of the database is old: it has to discover again"),
    (0x13, "the value is not one of those that are allowed"),
    (
        0x80,
        "0x80 to 0x9F are the application's own: what they mean is in its documentation. \
         Android's status 133 (0x85) is not one of them: it is Android's own GATT_ERROR, often \
         a connection that could not be made",
    ),
    (0xFC, "the write is refused by the profile"),
    (0xFD, "notifications or indications are not switched on (CCCD) as the profile demands"),
    (0xFE, "an operation of this profile is under way"),
    (0xFF, "the value is out of the profile's range"),
];
