//! The link layer's upper half: control procedures and the controller side of HCI, after the event.
