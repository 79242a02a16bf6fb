//! GATT database.
