//! What came of following a connection, for the report.

/// How a connection came into view.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Beginning {
    /// With its CONNECT_IND or AUX_CONNECT_REQ.
    Seen,
    /// In the middle.
    Joined,
}

/// Whether event numbers are those of the connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Counting {
    /// From its beginning on.
    FromBeginning,
    /// Found from the channels of later events.
    ByChannels,
    /// As the sniffer has counted them.
    ByHints,
    /// Not known: that some are missing is known, but not how many there were before.
    Unknown,
}

/// What came of following a connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Summary {
    /// Access address on air.
    pub access_address: u32,
    /// How it came into view.
    pub beginning: Beginning,
    /// What its event numbers are.
    pub counting: Counting,
    /// Packets that arrived unharmed.
    pub packets: u64,
    /// Packets that arrived damaged at the sniffer, which are not used.
    pub damaged: u64,
    /// Packets that are missing, at the least.
    pub missing: u64,
    /// Packets whose channel is the one that their event number has; and those with another one.
    pub channels: (u64, u64),
    /// Packets whose sender the sniffer has right, of those where times leave no doubt; and wrong.
    pub directions: (u64, u64),
    /// How far off the sniffer's clock is against that of the central, in thousandths of a ppm:
    /// positive where the sniffer's is fast.
    pub clock_ppb: i64,
    /// Packets that were decrypted, and those that could not be.
    pub opened: u64,
    /// Packets for which there is no key.
    pub sealed: u64,
}
