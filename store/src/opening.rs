//! What a store finds at power-up, and what has to be done before it can be trusted.

use crate::Flash;
use crate::layout::{BLANK, Bank, CELLS, SLOTS, check};
use crate::state::{Doing, Live, Move, Ruling, Store};

/// No slot has one.
const NO_RECORDS: Live = [None; SLOTS as usize];

impl Store {
    /// Reads the flash. Before records can be got and put, what the last session left undone is
    /// to be done; see [`Store::is_open`].
    #[must_use]
    pub fn open(flash: &impl Flash) -> Self {
        let counting = Bank::ALL.into_iter().filter_map(|bank| Some((bank.counts(flash)?, bank)));
        let Some((generation, bank)) = counting.max_by_key(|(generation, _)| *generation) else {
            return Self::without_bank(flash);
        };
        let found = Found::read(bank, flash);
        let other = bank.other();
        // Marks that hold in part only would be seen, or not, as their bits fall.
        let weak = bank.to_be_closed(flash);
        let revenant = may_count(other, generation, flash);
        let revenant = revenant.then(|| other.to_be_retired(flash)).flatten();
        let ruling = Ruling { bank, generation, next: found.next, fresh: true };
        let doing = match (weak.or(revenant), found.doubtful) {
            (Some(at), moves) => Doing::Strengthen { at, then: weak.and(revenant), moves },
            (None, true) => Doing::Move(Move::Erase),
            (None, false) => Doing::Nothing,
        };
        let tidies = !other.is_blank(flash);
        Self::starting(Some(ruling), found.live, tidies, doing)
    }

    /// No bank counts: nothing was ever stored, or the first time was cut off. A bank is begun at
    /// leisure, or by the first record. Or flash has lost what it had: then records are there, and
    /// nothing is done to them.
    fn without_bank(flash: &impl Flash) -> Self {
        let has_records = |bank: Bank| (0..CELLS).any(|n| bank.cell(n).content(flash).is_some());
        let damaged = Bank::ALL.into_iter().any(|bank| bank.is_closed(flash) && has_records(bank));
        // A head may have been cut off all the same, and may count next time.
        let mut revenants = Bank::ALL
            .into_iter()
            .filter(|bank| may_count(*bank, 0, flash))
            .filter_map(|bank| bank.to_be_retired(flash));
        let doing = match (damaged, revenants.next()) {
            (true, _) => Doing::Damaged,
            (false, Some(at)) => Doing::Strengthen { at, then: revenants.next(), moves: false },
            (false, None) => Doing::Nothing,
        };
        Self::starting(None, NO_RECORDS, !damaged, doing)
    }
}

/// Whether a bank that does not rule may be taken for one that does, now or when its unstable bits
/// fall otherwise.
fn may_count(bank: Bank, ruling: u32, flash: &impl Flash) -> bool {
    // Of a check whose writing was cut off bits are missing that are to become 0, and none else.
    let [written, whole] = [flash.word(bank.check()), check([flash.word(bank.generation())])];
    let begun = written != BLANK && written & whole == whole;
    let older = bank.counts(flash).is_some_and(|generation| generation < ruling);
    begun && !older
}

/// What is in the bank that rules.
struct Found {
    live: Live,
    /// The first cell behind all that look used.
    next: u8,
    /// A cell was cut off, and may read otherwise next time.
    doubtful: bool,
}

impl Found {
    fn read(bank: Bank, flash: &impl Flash) -> Self {
        let mut found = Self { live: NO_RECORDS, next: 0, doubtful: false };
        for number in 0..CELLS {
            let cell = bank.cell(number);
            if !cell.is_used(flash) {
                continue;
            }
            found.next = number + 1;
            found.doubtful |= flash.word(cell.closed()) == BLANK;
            if let Some(head) = cell.content(flash)
                && let Some(live) = found.live.get_mut(usize::from(head.slot))
            {
                *live = head.length.map(|_| number);
            }
        }
        found
    }
}
