//! The assumptions that a device makes about itself. If one is false, the device itself has a
//! fault: no peer, host or runner can cause it.
//!
//! With debug assertions a broken invariant panics where it breaks. Without, the device continues
//! as well as it can, and [`Broken`] counts: it is part of the state of its level, and the runner
//! of that level polls it like any other output
//! ([`Trace::Invariant`](crate::trace::Trace::Invariant)). Scenarios and searches treat the record
//! as a finding against the device.

/// Something that a device takes for granted about itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Invariant {
    /// `Link` keeps no more reports than its queue holds: no event begins before they are fetched.
    ReportsFit,
    /// `Control` orders no more PDUs at a time than `Link` can hold for one connection.
    TransmitQueueFits,
    /// `Control` never adds more devices to `Link`'s filter accept list than it holds.
    AcceptListFits,
    /// `Control` never asks `Link` to ignore more identities than the resolving list holds.
    IgnoredFit,
    /// The radio serves an event of a connection that exists.
    OwnerExists,
    /// A connection begins in a place that is free.
    PlaceIsFree,
    /// A control PDU fits into the payload of a data PDU.
    ControlPduFits,
    /// A connection has no more PDUs in `Link`'s hands than `Link` can hold.
    InFlightFits,
    /// PDUs are acknowledged in the order in which they were handed to `Link`.
    AcknowledgedInOrder,
    /// A procedure is only asked for where the queue of those that wait has room.
    RequestFits,
    /// What an answer or an instant belongs to is open.
    ProcedureIsOpen,
    /// Orders of `Control` reach `Link` within the call that gives them.
    OrdersArePassedOn,
    /// Between control and host, work is taken only where there is room for what follows from it.
    QueuesBetweenLevelsFit,
    /// Once the host has had its turn, there is room for one more input.
    InputFits,
    /// A procedure that waits for its turn is in its first state.
    StartsOnce,
    /// What one input makes the host say fits into its notes: they are fetched after each.
    NotesFit,
    /// The host asks for slow work only where there is room for it.
    EffectsFit,
    /// The host's commands fit into their queue: requests of other layers leave room for them.
    CommandsFit,
    /// The host sends on a channel only where there is room among the connection's frames.
    FramesFit,
    /// What one call makes the Security Manager say fits into its outputs.
    SecurityOutputsFit,
    /// The Security Manager has a place for every connection of the host.
    SecurityPlacesFit,
    /// The reports of one advertising event fit into the queue of its set.
    SetReportsFit,
}

impl Invariant {
    /// All there are.
    pub const ALL: [Self; 22] = [
        Self::ReportsFit,
        Self::TransmitQueueFits,
        Self::AcceptListFits,
        Self::IgnoredFit,
        Self::OwnerExists,
        Self::PlaceIsFree,
        Self::ControlPduFits,
        Self::InFlightFits,
        Self::AcknowledgedInOrder,
        Self::RequestFits,
        Self::ProcedureIsOpen,
        Self::OrdersArePassedOn,
        Self::QueuesBetweenLevelsFit,
        Self::InputFits,
        Self::StartsOnce,
        Self::NotesFit,
        Self::EffectsFit,
        Self::CommandsFit,
        Self::FramesFit,
        Self::SecurityOutputsFit,
        Self::SecurityPlacesFit,
        Self::SetReportsFit,
    ];

    /// What should hold, in a sentence without a full stop.
    #[must_use]
    pub const fn text(self) -> &'static str {
        match self {
            Self::ReportsFit => "reports of the link layer fit into their queue",
            Self::TransmitQueueFits => "PDUs for the link layer fit into its transmit queue",
            Self::AcceptListFits => "the filter accept list fits into the link layer",
            Self::IgnoredFit => "identities to be ignored fit into the link layer",
            Self::OwnerExists => "the radio serves a connection that exists",
            Self::PlaceIsFree => "a connection begins in a place that is free",
            Self::ControlPduFits => "a control PDU fits into a data PDU",
            Self::InFlightFits => "PDUs in the link layer's hands fit into their queue",
            Self::AcknowledgedInOrder => "PDUs are acknowledged in the order of transmission",
            Self::RequestFits => "a procedure that is asked for finds room to wait",
            Self::ProcedureIsOpen => "the procedure that goes on is open",
            Self::OrdersArePassedOn => "orders reach the link layer within the call",
            Self::QueuesBetweenLevelsFit => "what goes from level to level fits into its queue",
            Self::InputFits => "an input finds room after the host's turn",
            Self::StartsOnce => "a procedure that waits for its turn has not begun",
            Self::NotesFit => "what an input makes the host say fits into its notes",
            Self::EffectsFit => "slow work that the host asks for fits into its queue",
            Self::CommandsFit => "the host's commands fit into their queue",
            Self::FramesFit => "a frame of the host finds room on its connection",
            Self::SecurityOutputsFit => "outputs of the Security Manager fit into their queue",
            Self::SecurityPlacesFit => "the Security Manager has a place for each connection",
            Self::SetReportsFit => "reports of an advertising set fit into their queue",
        }
    }

    const fn bit(self) -> u32 {
        1 << self as u32
    }
}

/// Which invariants of one level have been broken, and how often.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub struct Broken {
    /// One bit for each invariant that broke since the last poll.
    unreported: u32,
    count: u16,
}

impl Broken {
    /// None so far.
    pub const NONE: Self = Self { unreported: 0, count: 0 };

    /// Says that an invariant does not hold.
    ///
    /// # Panics
    /// With debug assertions, always.
    #[cold]
    #[track_caller]
    pub fn shout(&mut self, invariant: Invariant) {
        debug_assert!(false, "broken invariant: {}", invariant.text());
        self.record(invariant);
    }

    /// Shouts unless `holds`.
    ///
    /// # Panics
    /// With debug assertions, unless `holds`.
    #[track_caller]
    pub fn check(&mut self, invariant: Invariant, holds: bool) {
        if !holds {
            self.shout(invariant);
        }
    }

    /// What [`Self::shout`] does without debug assertions: counts, and keeps the invariant until
    /// [`Self::take`].
    pub const fn record(&mut self, invariant: Invariant) {
        self.unreported |= invariant.bit();
        self.count = self.count.saturating_add(1);
    }

    /// An invariant that has been broken since it was last asked for, and how often any has been
    /// broken at this level so far, up to 65,535.
    // Asked for after each call, and hardly ever is there one.
    #[inline(always)]
    pub fn take(&mut self) -> Option<(Invariant, u16)> {
        if self.unreported == 0 { None } else { self.take_one() }
    }

    #[cold]
    fn take_one(&mut self) -> Option<(Invariant, u16)> {
        let broken =
            Invariant::ALL.into_iter().find(|invariant| self.unreported & invariant.bit() != 0)?;
        self.unreported &= !broken.bit();
        Some((broken, self.count))
    }
}

#[cfg(test)]
mod tests;
