//! Records of bonds on their way into storage, and what is reported once they are there.
//!
//! A record outlasts a loss of power from the moment on at which its effect is answered, and not
//! before: what is said of a bond waits for that. The bond itself counts at once, and its owner
//! gets what it was made for. Of each slot one record is on its way at a time; what changes
//! meanwhile follows as a whole, so that no peer has more written than storage takes.

use super::SmpOutput;
use super::link::Shared;
use crate::host::bonds::{Bond, Bonds};
use ble::address::Address;
use ble::effect::{Effect, EffectId};
use ble::error::ErrorCode;
use ble::log::{Line, Severity};

/// What is reported of a slot's record once it is in storage.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub(super) struct Report {
    /// A pairing with this peer is complete, and bonded.
    pub(super) paired: Option<Address>,
    /// The bond with this peer had to make room for it.
    pub(super) dropped: Option<Address>,
    /// The bond that was there is deleted.
    pub(super) deleted: bool,
}

impl Report {
    /// Both, of one record; a pairing whose bond was never written is told by itself.
    fn and(self, later: Self) -> (Self, Option<Address>) {
        let never = self.paired.filter(|_| later.paired.is_some() || later.deleted);
        let paired = if later.deleted { None } else { later.paired.or(self.paired) };
        let both = Self {
            paired,
            dropped: self.dropped.or(later.dropped),
            deleted: self.deleted || later.deleted,
        };
        (both, never)
    }
}

/// A slot of the table, as far as storage is concerned.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Slot {
    /// The effect under way.
    under_way: Option<(EffectId, Report)>,
    /// The record has changed since.
    next: Option<Report>,
    /// Storage has failed: what is there may be another record than the table has.
    doubtful: bool,
}

/// What is on its way into storage, by slot.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Storing<const N: usize> {
    slots: [Slot; N],
    /// All bonds were deleted, which is not reported yet.
    deletes: bool,
}

impl<const N: usize> Storing<N> {
    pub(super) const fn new() -> Self {
        Self {
            slots: [const { Slot { under_way: None, next: None, doubtful: false } }; N],
            deletes: false,
        }
    }

    /// The slot's bond is another one than before, or is gone.
    pub(super) fn changed(
        &mut self,
        slot: u8,
        report: Report,
        bonds: &Bonds<N>,
        shared: &mut Shared,
    ) {
        let Some(place) = self.slots.get_mut(usize::from(slot)) else { return };
        let (report, never) = place.next.take().unwrap_or_default().and(report);
        if let Some(peer) = never {
            let line = Line::PairingComplete { peer, bonded: false };
            shared.log(Severity::Info, "BLE_Main", line);
        }
        place.next = Some(report);
        place.begin(slot, bonds, shared);
    }

    /// Storage is damaged: no slot is what the table says before it is written, or deleted.
    pub(super) fn damaged(&mut self) {
        self.slots.iter_mut().for_each(|place| place.doubtful = true);
    }

    /// All bonds were deleted: these, and what failed to be.
    pub(super) fn deleted(&mut self, slots: u16, bonds: &Bonds<N>, shared: &mut Shared) {
        self.deletes = true;
        for slot in 0..u8::try_from(N).unwrap_or(0) {
            let doubtful = self.slots.get(usize::from(slot)).is_some_and(|place| place.doubtful);
            if slots & 1 << slot != 0 || doubtful {
                self.changed(slot, Report { deleted: true, ..Report::default() }, bonds, shared);
            }
        }
        self.report_deletion(shared);
    }

    /// Storage has answered.
    pub(super) fn answered(
        &mut self,
        id: EffectId,
        ok: bool,
        bonds: &Bonds<N>,
        shared: &mut Shared,
    ) {
        let mut places = self.slots.iter_mut().zip(0..);
        let Some((place, slot, report)) = places.find_map(|(place, slot)| {
            let (_, report) = place.under_way.take_if(|(mine, _)| *mine == id)?;
            Some((place, slot, report))
        }) else {
            return;
        };
        place.doubtful = !ok;
        place.begin(slot, bonds, shared);
        if !ok {
            let what = if report.deleted { "Deleting the bond" } else { "Storing the bond" };
            let error = ErrorCode::MEMORY_CAPACITY_EXCEEDED;
            shared.log(Severity::Error, "bt_smp", Line::ProcedureFailed { what, error });
            self.deletes &= !report.deleted;
        }
        // What was there before, and then what is there now.
        self.report_deletion(shared);
        if let Some(peer) = report.dropped.filter(|_| ok) {
            shared.log(Severity::Warning, "BLE_Main", Line::OldestBondDropped { peer });
        }
        if let Some(peer) = report.paired {
            let line = Line::PairingComplete { peer, bonded: ok };
            shared.log(Severity::Info, "BLE_Main", line);
            if ok {
                shared.emit(SmpOutput::Bonded(peer));
            }
        }
    }

    fn report_deletion(&mut self, shared: &mut Shared) {
        let deletes = |place: &Slot| {
            place.under_way.is_some_and(|(_, report)| report.deleted)
                || place.next.is_some_and(|report| report.deleted)
        };
        if self.deletes && !self.slots.iter().any(deletes) {
            self.deletes = false;
            shared.emit(SmpOutput::BondsDeleted);
        }
    }

    /// Whether anything is on its way.
    pub(super) fn is_busy(&self) -> bool {
        self.slots.iter().any(|place| place.under_way.is_some())
    }
}

impl Slot {
    /// Has what has changed written, unless something is under way.
    fn begin<const N: usize>(&mut self, slot: u8, bonds: &Bonds<N>, shared: &mut Shared) {
        if self.under_way.is_some() {
            return;
        }
        let Some(report) = self.next.take() else { return };
        let id = shared.effect_id();
        self.under_way = Some((id, report));
        let record = bonds.at(slot).and_then(Bond::to_record);
        shared.emit(SmpOutput::Effect(Effect::Persist { id, slot, record }));
    }
}
