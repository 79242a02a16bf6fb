//! Cryptographic primitives and the toolbox built on them.
