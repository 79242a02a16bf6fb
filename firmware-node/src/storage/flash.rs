//! The pages of flash that a device keeps its records in, as a value: shared between copies until
//! they are written to, and each with a hash that a write brings up to date. There are keys in
//! them: they are not printed, and wiped when their last copy goes.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use bletwin_sim::tear::{Chance, Torn, Unstable, Words};
use store::{Operation, PAGE_WORDS, PAGES, SLICES};
use zeroize::Zeroize as _;

/// What a word is after an erasure.
const BLANK: u32 = u32::MAX;

/// Words of a page, and a sum of what they say.
#[derive(Clone)]
struct Page {
    words: [u32; PAGE_WORDS as usize],
    sum: u64,
}

/// What a word adds to the sum of its page: nothing that is blank. The mixing is that of
/// SplitMix64.
const fn share(at: usize, word: u32) -> u64 {
    if word == BLANK {
        return 0;
    }
    let mut mixed = ((at as u64) << 32 | word as u64).wrapping_add(0x9E37_79B9_7F4A_7C15);
    mixed = (mixed ^ mixed >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
    mixed ^ mixed >> 31
}

impl Page {
    const fn blank() -> Self {
        Self { words: [BLANK; PAGE_WORDS as usize], sum: 0 }
    }
}

impl Drop for Page {
    fn drop(&mut self) {
        self.words.zeroize();
    }
}

impl fmt::Debug for Page {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Page(redacted)")
    }
}

impl PartialEq for Page {
    fn eq(&self, other: &Self) -> bool {
        self.sum == other.sum && self.words == other.words
    }
}

impl Eq for Page {}

impl Hash for Page {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.sum);
    }
}

/// All pages, and what has not been done to them to the end.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Flash {
    pages: [Arc<Page>; PAGES as usize],
    /// Slices of each page's erasure that are done. Such a page is torn when power fails; what it
    /// reads as until then nobody asks.
    slices: [u8; PAGES as usize],
    unstable: Unstable,
}

impl Flash {
    pub(super) fn blank() -> Self {
        let page = Arc::new(Page::blank());
        Self {
            pages: std::array::from_fn(|_| Arc::clone(&page)),
            slices: [0; PAGES as usize],
            unstable: Unstable::default(),
        }
    }

    /// Does an operation to its end.
    pub(super) fn execute(&mut self, operation: Operation, chance: &mut Chance) {
        match operation {
            Operation::Write { at, word } => {
                let before = store::Flash::word(self, at);
                self.put(at.into(), before & word);
            }
            Operation::Erase { page, slice } => {
                let number = usize::from(page);
                self.slices[number] = slice + 1;
                if self.slices[number] == SLICES {
                    self.slices[number] = 0;
                    self.pages[number] = Arc::new(Page::blank());
                    self.unstable.forget(u32::from(first(page)), PAGE_WORDS.into());
                }
            }
        }
        let unstable = self.unstable.clone();
        unstable.waver(self, chance);
    }

    /// Power fails, in the middle of an operation if there is one.
    pub(super) fn power_fails(&mut self, operation: Option<Operation>, chance: &mut Chance) {
        if let Some(Operation::Erase { page, .. }) = operation {
            self.slices[usize::from(page)] = 1;
        }
        let mut torn = Vec::new();
        for page in (0..PAGES).filter(|page| self.slices[usize::from(*page)] > 0) {
            torn.extend((first(page)..first(page) + PAGE_WORDS).map(|at| {
                let (before, address) = (store::Flash::word(self, at), at.into());
                Torn { address, before, after: BLANK, touched: u32::MAX }
            }));
        }
        if let Some(Operation::Write { at, word }) = operation {
            let before = store::Flash::word(self, at);
            let (address, after) = (at.into(), before & word);
            torn.push(Torn { address, before, after, touched: before & !after });
        }
        self.slices = [0; PAGES as usize];
        let mut unstable = std::mem::take(&mut self.unstable);
        unstable.tear(torn.into_iter(), self, chance);
        self.unstable = unstable;
    }

    /// Power is there again: unstable bits fall anew.
    pub(super) fn power_up(&mut self, chance: &mut Chance) {
        let unstable = self.unstable.clone();
        unstable.waver(self, chance);
    }
}

fn first(page: u8) -> u16 {
    u16::from(page) * PAGE_WORDS
}

impl store::Flash for Flash {
    fn word(&self, at: u16) -> u32 {
        let page = &self.pages[usize::from(at / PAGE_WORDS)];
        page.words[usize::from(at % PAGE_WORDS)]
    }
}

/// Addresses are numbers of words.
impl Words for Flash {
    fn word(&self, address: u32) -> u32 {
        u16::try_from(address).map_or(BLANK, |at| store::Flash::word(self, at))
    }

    fn put(&mut self, address: u32, word: u32) {
        let address = address as usize;
        let (number, at) = (address / PAGE_WORDS as usize, address % PAGE_WORDS as usize);
        let page = Arc::make_mut(&mut self.pages[number]);
        page.sum = page.sum.wrapping_sub(share(at, page.words[at])).wrapping_add(share(at, word));
        page.words[at] = word;
    }
}
