//! The scripts by which other link layers test their procedures, restated as PDUs of the central
//! (C>), expected PDUs of the peripheral (P>) and events to the host (H), one PDU per event. Each
//! names the number of its script; where this link layer answers differently, the test says why.

mod collisions;
mod connection_update;
mod encryption;
mod procedures;
mod several_links;
