//! The control procedures, one a file.

pub(super) mod channels;
pub(super) mod encryption;
pub(super) mod exchange;
pub(super) mod length;
pub(super) mod parameters;
pub(super) mod phy;
pub(super) mod ping;
pub(super) mod schedule;
pub(super) mod terminate;
