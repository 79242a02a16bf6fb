//! `serve` as programs meet it: over sockets and pseudo-terminals, in real and in controlled time.
#![cfg(unix)]

mod busy;
mod controlled;
mod faults;
mod hostile;
mod hosts;
mod latency;
mod lines;
mod load;
mod many;
mod rig;
