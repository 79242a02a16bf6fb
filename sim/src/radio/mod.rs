//! Executes RadioCommands on the medium.
