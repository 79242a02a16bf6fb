//! The waist as bytes, through bt-hci types.
