//! What happened in a run, in words and pictures: the log, the ladder, why it failed, which rules
//! were broken, what the numbers mean, the page that a browser shows. Functions of the record.
#![forbid(unsafe_code)]

pub mod codes;
pub mod html;
pub mod report;
pub mod rules;
pub mod why;
