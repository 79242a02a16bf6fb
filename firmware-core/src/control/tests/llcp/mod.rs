//! The scripts by which other link layers test their procedures, restated as what a central sends
//! (C>), what must be sent (P>) and what the host is told (H), one PDU an event. Each names the
//! number of its script; where this link layer answers otherwise, the test says why.

mod collisions;
mod connection_update;
mod encryption;
mod procedures;
mod several_links;
