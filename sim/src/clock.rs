//! Per-node clocks by exact ratios.
