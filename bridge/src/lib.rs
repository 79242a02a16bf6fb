//! Hosts from outside on the simulated air.
//!
//! [`endpoint::Endpoint`] is a controller that any host can talk to in octets; [`node`] puts it
//! into a world; [`twin::Twin`] is a world of endpoints and firmware that is steered from outside;
//! [`serve`] lends it to programs over sockets and pseudo-terminals.
#![forbid(unsafe_code)]

pub mod endpoint;
pub mod node;
pub mod raw;
#[cfg(unix)]
pub mod serve;
pub mod twin;
