//! Security Manager, responder.
