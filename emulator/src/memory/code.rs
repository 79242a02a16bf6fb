//! Instructions decoded beforehand, in pages of 256 octets. A cache: it says nothing that memory
//! does not, so it has no part in identity.

use std::sync::Arc;

use crate::decode::{self, Block, Instruction};

/// Octets of memory in a page of code.
const PAGE: u32 = 256;
const PLACES: usize = PAGE as usize / 2;

/// What could begin at each halfword of a page, outside and inside IT blocks.
#[derive(Debug)]
pub(crate) struct CodePage {
    /// The address of its first.
    start: u32,
    outside: [Instruction; PLACES],
    inside: [Instruction; PLACES],
}

impl CodePage {
    /// What stands at an address; `None`: it is not on this page.
    #[inline(always)]
    pub(crate) fn outside(&self, address: u32) -> Option<&Instruction> {
        self.outside.get((address.wrapping_sub(self.start) / 2) as usize)
    }

    /// The same, in an IT block.
    #[inline(always)]
    pub(crate) fn inside(&self, address: u32) -> Option<&Instruction> {
        self.inside.get((address.wrapping_sub(self.start) / 2) as usize)
    }
}

/// The decoded pages of a region.
#[derive(Clone, Default, Debug)]
pub(crate) struct Code {
    pages: Vec<Option<Arc<CodePage>>>,
    /// Whether any page was ever decoded, so that writes to a region without code cost nothing.
    pub(crate) any: bool,
    /// The page that the loop has taken out of the table, by its number.
    lent: Option<usize>,
    /// What that page was decoded from has changed.
    pub(crate) stale: bool,
}

impl Code {
    pub(crate) fn new(octets: usize) -> Self {
        let pages = vec![None; octets.div_ceil(PAGE as usize)];
        Self { pages, any: false, lent: None, stale: false }
    }

    /// Takes the page around an offset out of the table, if it was decoded: whoever runs it then
    /// looks up nothing, and counts nothing.
    #[inline]
    pub(crate) fn lend(&mut self, offset: u32) -> Option<Arc<CodePage>> {
        let number = (offset / PAGE) as usize;
        let page = self.pages.get_mut(number)?.take()?;
        (self.lent, self.stale) = (Some(number), false);
        Some(page)
    }

    /// Takes it back.
    #[inline]
    pub(crate) fn give_back(&mut self, page: Arc<CodePage>) {
        let slot = self.lent.take().and_then(|number| self.pages.get_mut(number));
        if let Some(slot) = slot.filter(|_| !self.stale) {
            *slot = Some(page);
        }
        self.stale = false;
    }

    /// Decodes the page around an offset; `half` reads the region (`None` beyond its end).
    #[cold]
    pub(crate) fn fill(&mut self, base: u32, offset: u32, half: impl Fn(u32) -> Option<u16>) {
        let start = offset & !(PAGE - 1);
        let at = |place: usize, block| {
            let offset = start + 2 * place as u32;
            let first = half(offset).unwrap_or(0);
            // The end of the region cuts off what stands there: its octets are no instruction.
            let second = match half(offset + 2) {
                None if decode::is_wide(first) => return decode::decode(offset, 0xDE00, 0, block),
                second => second.unwrap_or(0),
            };
            let decoded = decode::decode(base.wrapping_add(offset), first, second, block);
            Instruction { op: decoded.op.hot(), ..decoded }
        };
        let page = CodePage {
            start: base.wrapping_add(start),
            outside: std::array::from_fn(|place| at(place, Block::Outside)),
            inside: std::array::from_fn(|place| at(place, Block::Last)),
        };
        if let Some(slot) = self.pages.get_mut((offset / PAGE) as usize) {
            *slot = Some(Arc::new(page));
            self.any = true;
        }
    }

    /// Invalidates the decoded instructions of an octet: its page, and the one before if an
    /// instruction may span both.
    #[cold]
    pub(crate) fn forget(&mut self, offset: u32) {
        let page = (offset / PAGE) as usize;
        for page in [page, page.saturating_sub(usize::from(offset % PAGE < 2))] {
            if let Some(slot) = self.pages.get_mut(page) {
                *slot = None;
            }
            self.stale |= self.lent == Some(page);
        }
    }
}
