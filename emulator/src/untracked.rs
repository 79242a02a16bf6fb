//! What belongs to no identity.

use std::hash::{Hash, Hasher};
use std::ops::{Deref, DerefMut};

/// A value that is copied with its owner but neither compared nor hashed: caches, and what only
/// lives within one call.
#[derive(Clone, Copy, Default, Debug)]
pub(crate) struct Untracked<T>(pub(crate) T);

impl<T> PartialEq for Untracked<T> {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl<T> Eq for Untracked<T> {}

impl<T> Hash for Untracked<T> {
    fn hash<H: Hasher>(&self, _: &mut H) {}
}

impl<T> Deref for Untracked<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T> DerefMut for Untracked<T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.0
    }
}
