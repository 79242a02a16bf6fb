//! Keys of configuration files and of `--set KEY=VALUE`.
//!
//! One table of [`Key`]s, written with [`keys!`], says for each key its name, what it means, what
//! values it takes ([`ValueKind`]) and where they live. Reading TOML, reading bare text, errors
//! with line, column and the nearest right word, help, defaults and where a value comes from all
//! follow from it. The crate knows neither firmware nor centrals.
//!
//! ```
//! use bletwin_schema::{Flag, Number, keys};
//!
//! #[derive(Default)]
//! struct Kettle {
//!     celsius: u32,
//!     whistles: bool,
//! }
//!
//! keys! {
//!     /// What can be set of a kettle.
//!     pub static KETTLE: Kettle;
//!
//!     "The kettle" {
//!         /// Where it switches off.
//!         "celsius": Number<u32, 40, 100> = |k| k.celsius;
//!         /// Whether it whistles then.
//!         "whistles": Flag = |k| k.whistles;
//!     }
//! }
//!
//! let mut kettle = Kettle::default();
//! KETTLE.set(&mut kettle, "celsius", "90")?;
//! assert_eq!(kettle.celsius, 90);
//! let fault = KETTLE.set(&mut kettle, "celsius", "900").unwrap_err();
//! assert!(fault.to_string().contains("40 to 100"), "{fault}");
//! # Ok::<(), bletwin_schema::Fault>(())
//! ```

mod conflict;
mod document;
mod fault;
mod key;
mod kind;
mod shape;
mod written;

pub use conflict::Conflict;
pub use document::{Document, Input, Origin, Origins};
pub use fault::{Fault, Position, nearest};
pub use key::{Key, Keys, read};
pub use kind::{Flag, List, Number, OrNever, ValueKind, Word};
pub use shape::{Class, Shape};
pub use written::Written;
