//! Does the slow work that cores ask for.
