//! Both controllers say the same words, each in a type of its own.

use bletwin_models::controller::ControllerOutput;

/// An output of the central's controller as one of the peripheral's.
pub(crate) fn as_the_peripherals(
    output: ControllerOutput,
) -> Option<firmware_core::controller::ControllerOutput> {
    use firmware_core::controller::ControllerOutput as Peripheral;
    Some(match output {
        ControllerOutput::Radio(command) => Peripheral::Radio(command),
        ControllerOutput::Event(event) => Peripheral::Event(event),
        ControllerOutput::Acl(acl) => Peripheral::Acl(acl),
        ControllerOutput::Trace(trace) => Peripheral::Trace(trace),
        ControllerOutput::Extended(_) => return None,
    })
}
