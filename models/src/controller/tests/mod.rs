//! A scripted peripheral against the controller: what each says in which connection event.

mod arbitration;
mod channels;
mod collisions;
mod encryption;
mod lengths;
mod link;
mod procedures;
mod quirks;
mod rig;
mod robustness;
mod understood;
