//! Instants (Vol 6, Part B, 5.5): chosen when the PDU is first sent, kept when their event begins.

use ble::pdu::control::ControlPdu;
use ble::trace::Procedure;

use super::Announcement;
use crate::controller::link::Link;
use crate::controller::shared::Shared;

/// Announced changes that are not in force yet, with the connEventCount of their instants.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(in crate::controller) struct Schedule {
    announced: Vec<(u16, Announcement)>,
}

impl Schedule {
    /// Whether an instant lies ahead.
    pub(in crate::controller) const fn any(&self) -> bool {
        !self.announced.is_empty()
    }

    /// What lies ahead.
    pub(super) fn ahead(&self) -> impl Iterator<Item = &Announcement> {
        self.announced.iter().map(|(_, announcement)| announcement)
    }

    /// Of two announcements of one procedure the later one counts.
    fn add(&mut self, instant: u16, announcement: Announcement) {
        let procedure = announcement.procedure();
        self.announced.retain(|(_, other)| other.procedure() != procedure);
        self.announced.push((instant, announcement));
    }

    /// What takes effect in this event, in the order of [`Procedure::ALL`].
    pub(in crate::controller) fn take_due(&mut self, event: u16) -> Option<Announcement> {
        let due = |procedure: Procedure| {
            let is_due = |(instant, announcement): &(u16, Announcement)| {
                *instant == event && announcement.procedure() == procedure
            };
            self.announced.iter().position(is_due)
        };
        let at = Procedure::ALL.into_iter().find_map(due)?;
        Some(self.announced.remove(at).1)
    }
}

/// Returns a PDU that is first sent in the current event with its instant, counted in events to
/// which the peripheral listens, or `own` events away.
pub(in crate::controller) fn announce(
    link: &mut Link,
    sh: &Shared,
    mut pdu: ControlPdu,
    own: Option<i16>,
) -> ControlPdu {
    // LL-INST-1: instants lie ahead.
    // LL-INST-4: latency.
    let events = u32::from(sh.config.instant_events.max(1));
    let ahead = events * (u32::from(link.parameters.latency) + 1);
    // A legal latency keeps this far below half the range of the counter.
    let ahead = u16::try_from(ahead.min(0x7FFE)).unwrap_or(0x7FFE);
    let at = match own {
        Some(events) => link.counter.wrapping_add_signed(events),
        None => link.counter.wrapping_add(ahead),
    };
    match Announcement::of(&mut pdu, link, at) {
        // It is over in this very event.
        Some(void) if void.is_void() => link.schedule.announced.push((link.counter, void)),
        // A change whose instant is past for the peripheral is made in the next event.
        Some(announcement) if own.is_some_and(|events| events < 1) => {
            link.schedule.add(link.counter.wrapping_add(1), announcement);
        }
        Some(announcement) => link.schedule.add(at, announcement),
        None => {}
    }
    pdu
}
