//! Why something is not judged.

/// Why something is not judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reason {
    /// The connection was under way when the capture began.
    Joined,
    /// Nobody heard the advertiser before the request: what it offered is not known.
    AdvertiserNotHeard,
    /// Nobody has the key from here on.
    NoKey,
    /// The request for a connection is damaged, or has values that no connection can have.
    RequestNotBelieved,
    /// Its writer took part, and logged what it queued.
    OwnLog,
}

impl Reason {
    /// The reason in words.
    #[must_use]
    pub const fn text(self) -> &'static str {
        match self {
            Self::Joined => "the connection was under way when the capture began",
            Self::AdvertiserNotHeard => "the advertiser was not heard before the connection",
            Self::NoKey => "it is encrypted, and no key opens it",
            Self::RequestNotBelieved => {
                "a request for a connection that is damaged, or that no connection can follow"
            }
            Self::OwnLog => "the log of a tool that took part, with times of its own",
        }
    }

    /// What further evidence would have it judged, as the subject of a sentence.
    #[must_use]
    pub const fn instead(self) -> &'static str {
        match self {
            Self::Joined => "a capture that begins before they connect",
            Self::AdvertiserNotHeard => {
                "a capture of all three advertising channels, from before they connect"
            }
            Self::NoKey => "the key of the link (LTK)",
            Self::RequestNotBelieved => "a capture that has its request undamaged",
            Self::OwnLog => "a capture of the same by a sniffer that takes no part in it",
        }
    }
}
