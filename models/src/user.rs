//! The person with both devices in front of them.
