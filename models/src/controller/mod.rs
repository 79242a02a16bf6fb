//! The central's link layer below HCI.
