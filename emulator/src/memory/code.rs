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
    outside: [Instruction; PLACES],
    inside: [Instruction; PLACES],
}

/// The decoded pages of a region.
#[derive(Clone, Default, Debug)]
pub(crate) struct Code {
    pages: Vec<Option<Arc<CodePage>>>,
    /// Whether any page was ever decoded, so that writes to a region without code cost nothing.
    pub(crate) any: bool,
}

impl Code {
    pub(crate) fn new(octets: usize) -> Self {
        Self { pages: vec![None; octets.div_ceil(PAGE as usize)], any: false }
    }

    /// What stands at an offset into the region, if its page was decoded.
    #[inline]
    pub(crate) fn get(&self, offset: u32, in_block: bool) -> Option<&Instruction> {
        let page = self.pages.get((offset / PAGE) as usize)?.as_deref()?;
        let place = (offset / 2) as usize % PLACES;
        Some(if in_block { &page.inside[place] } else { &page.outside[place] })
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
            decode::decode(base.wrapping_add(offset), first, second, block)
        };
        let page = CodePage {
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
        }
    }
}
