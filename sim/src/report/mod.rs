//! What people and programs read: log, ladder, captures.
