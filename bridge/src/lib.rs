//! Hosts from outside on the simulated air.
//!
//! [`endpoint::Endpoint`] is a controller that any host can talk to in octets; [`node`] puts it
//! into a world; [`twin::Twin`] is a world of endpoints and firmware that is steered from outside;
//! [`serve`] lends it to programs over sockets and pseudo-terminals.
//!
//! ```
//! use ble::time::{Duration, Instant};
//! use bletwin_bridge::endpoint::Endpoint;
//! use bletwin_bridge::twin::{Owner, Twin};
//!
//! let mut twin = Twin::new(1, Owner { confirms: true });
//! let port = twin.add_endpoint("controller", Endpoint::full());
//! twin.feed(port, vec![0x01, 0x03, 0x0C, 0x00]); // H4: HCI Reset
//! twin.run_until(Instant::ZERO + Duration::from_ms(10));
//! let answer = twin.take(port);
//! assert_eq!(answer[..], [0x04, 0x0E, 0x04, 0x01, 0x03, 0x0C, 0x00], "Command Complete, success");
//! ```
#![forbid(unsafe_code)]

pub mod endpoint;
pub mod node;
pub mod raw;
pub mod serve;
pub mod twin;
