//! What devices announce of their sleep clocks.

/// Worst accuracy that a value of the SCA field promises.
pub(crate) const fn accuracy_ppm(sca: u8) -> u32 {
    match sca {
        0 => 500,
        1 => 250,
        2 => 150,
        3 => 100,
        4 => 75,
        5 => 50,
        6 => 30,
        _ => 20,
    }
}
