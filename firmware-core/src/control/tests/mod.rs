//! Event scripts for `Control`: PDUs of the central (C>), expected PDUs (P>), events to the host
//! (H). Written from the rules; each test names the script it plays.

mod accept_list;
mod advertising;
mod arbitration;
mod armed;
mod channel_map;
mod collisions;
mod commands;
mod connection_update;
mod cost;
mod defaults;
mod encryption;
mod exchanges;
mod flow;
mod hci;
mod lapses;
mod latency;
mod llcp;
mod masks;
mod min_used_channels;
mod outbox;
mod parameters;
mod phy;
mod privacy;
mod property;
mod record;
mod resolving_list;
mod script;
mod table;
mod termination;
mod timeout;
mod understood;
