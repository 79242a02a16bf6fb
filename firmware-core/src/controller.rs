//! Link and Control composed: a controller usable below any host.
