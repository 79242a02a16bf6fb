//! Controller and host composed: a central as a node.
