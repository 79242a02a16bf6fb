//! A stretch of memory at a base address.

use std::hash::{Hash, Hasher};
use std::sync::Arc;

use super::code::{Code, CodePage};
use super::page::{PAGE, Page};
use crate::untracked::Untracked;

/// Pages from a base address on, and what was decoded from them.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Region {
    base: u32,
    pages: Vec<Page>,
    code: Untracked<Code>,
}

impl Hash for Region {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.pages.hash(state);
    }
}

impl Region {
    /// `octets` is rounded up to whole pages.
    pub(crate) fn new(base: u32, octets: u32, fill: u8) -> Self {
        let page = Page::filled(fill);
        let count = (octets as usize).div_ceil(PAGE);
        Self { base, pages: vec![page; count], code: Untracked(Code::new(count * PAGE)) }
    }

    pub(crate) fn len(&self) -> u32 {
        (self.pages.len() * PAGE) as u32
    }

    #[inline]
    fn place(&self, address: u32) -> (usize, usize) {
        let offset = address.wrapping_sub(self.base) as usize;
        (offset / PAGE, offset % PAGE)
    }

    /// `N` octets at an address that is a multiple of `N`.
    #[inline]
    pub(crate) fn read<const N: usize>(&self, address: u32) -> Option<[u8; N]> {
        let (page, offset) = self.place(address);
        self.pages.get(page)?.octets().get(offset..offset + N)?.try_into().ok()
    }

    /// Octets from an address on, if one page has them all.
    #[inline]
    pub(crate) fn stretch(&self, address: u32, count: usize) -> Option<&[u8]> {
        let (page, offset) = self.place(address);
        self.pages.get(page)?.octets().get(offset..offset + count)
    }

    /// The same to be written; none where code was decoded, which might have to be forgotten.
    #[inline]
    pub(crate) fn stretch_mut(&mut self, address: u32, count: usize) -> Option<&mut [u8]> {
        let (page, offset) = self.place(address);
        let page = self.pages.get_mut(page).filter(|_| !self.code.any)?;
        page.octets_mut().get_mut(offset..offset + count)
    }

    /// Writes `N` octets at an address that is a multiple of `N`; whether they are in the region.
    #[inline]
    pub(crate) fn write<const N: usize>(&mut self, address: u32, octets: [u8; N]) -> bool {
        let (page, offset) = self.place(address);
        let Some(page) = self.pages.get_mut(page) else { return false };
        let Some(place) = page.octets_mut().get_mut(offset..offset + N) else { return false };
        place.copy_from_slice(&octets);
        if self.code.any {
            self.code.forget(address.wrapping_sub(self.base));
        }
        true
    }

    /// The decoded page around an address, which is to be given back; `None`: nothing is here.
    #[inline]
    pub(crate) fn lend_code(&mut self, address: u32) -> Option<Arc<CodePage>> {
        let offset = address.wrapping_sub(self.base);
        if let Some(page) = self.code.lend(offset) {
            return Some(page);
        }
        if offset >= self.len() {
            return None;
        }
        self.decode(offset);
        self.code.lend(offset)
    }

    #[inline]
    pub(crate) fn give_code_back(&mut self, page: Arc<CodePage>) {
        self.code.give_back(page);
    }

    /// Whether the lent page no longer is what stands there.
    #[inline(always)]
    pub(crate) fn code_is_stale(&self) -> bool {
        self.code.stale
    }

    #[cold]
    fn decode(&mut self, offset: u32) {
        let Self { base, pages, code } = self;
        let half = |offset: u32| {
            let octets = pages.get(offset as usize / PAGE)?.octets();
            let offset = offset as usize % PAGE;
            Some(u16::from_le_bytes([octets[offset], octets[offset + 1]]))
        };
        code.fill(*base, offset, half);
    }

    pub(crate) fn seal(&mut self) {
        self.pages.iter_mut().for_each(Page::seal);
    }
}
