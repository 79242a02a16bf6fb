//! The central's host above HCI.
