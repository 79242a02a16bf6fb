//! The radio: values in [`radio_regs`], execution in [`driver`].

mod driver;
mod wiring;

pub use driver::Radio;
pub use wiring::acknowledge;
