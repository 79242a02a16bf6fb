//! Link, Control and Host composed: the whole peripheral.
