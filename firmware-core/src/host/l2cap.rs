//! L2CAP fixed channels.
