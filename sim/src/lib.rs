//! The simulated world: integer time, a radio medium that carries real bits, per-node clocks,
//! faults, and one causal record of everything that happened.
//!
//! One direction: scenario → world → node → medium → record → report. No callbacks upward, no
//! shared mutability, no async, no global state. The same seed gives the same bytes anywhere.
//!
//! ```
//! use ble::phy::TxPhy;
//! use ble::radio::{AfterTransmit, AirPdu, RadioCommand, Tuning};
//! use ble::time::{Duration, Instant};
//! use bletwin_sim::node::{Node, NodeInput, NodeOutput, Outbox};
//! use bletwin_sim::record::RecordKind;
//! use bletwin_sim::world::{Placement, World, WorldConfig};
//!
//! /// Sends one packet a millisecond after it has been switched on.
//! #[derive(Clone, PartialEq, Eq, Hash)]
//! struct Beacon;
//!
//! impl Node for Beacon {
//!     fn handle(&mut self, now: Instant, input: NodeInput, out: &mut Outbox) {
//!         let NodeInput::Start { .. } = input else { return };
//!         out.push(NodeOutput::Radio(RadioCommand::Transmit {
//!             at: now + Duration::from_ms(1),
//!             tuning: Tuning { channel: 37, access_address: 0x8E89_BED6, crc_init: 0x55_5555 },
//!             phy: TxPhy::Le1M,
//!             pdu: AirPdu::new(0x02, &[0x5A; 8]).expect("it is short enough"),
//!             tag: 0,
//!             then: AfterTransmit::Stop,
//!         }));
//!     }
//!
//!     fn deadline(&self) -> Option<Instant> {
//!         None
//!     }
//! }
//!
//! let mut world = World::new(WorldConfig { recording: true, ..WorldConfig::default() });
//! world.add("beacon", Beacon, Placement::default());
//! world.run_until(Instant::from_us(10_000));
//! let sent = |kind: &RecordKind| matches!(kind, RecordKind::AirTx(_));
//! assert_eq!(world.records().iter().filter(|record| sent(&record.kind)).count(), 1);
//! ```
#![forbid(unsafe_code)]

pub mod antenna;
pub mod charge;
pub mod clock;
pub mod effects;
pub mod explore;
pub mod hash;
pub mod leap;
pub mod medium;
pub mod node;
pub mod queue;
pub mod radio;
pub mod random;
pub mod record;
pub mod remembered;
pub mod report;
pub mod sniffer;
pub mod tear;
mod view;
pub mod world;

pub use view::view;
