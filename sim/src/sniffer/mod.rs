//! A passive observer of the air that decodes and decrypts.
