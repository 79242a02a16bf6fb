//! A firmware-core peripheral as a node.
