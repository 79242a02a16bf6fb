//! Signal strength in whole decibels, and what it does to bits. All in integers: floating-point
//! functions differ from machine to machine.

use ble::phy::Phy;

/// 10^(k/10) in millionths.
const MANTISSA: [u64; 10] = [
    1_000_000, 1_258_925, 1_584_893, 1_995_262, 2_511_886, 3_162_278, 3_981_072, 5_011_872,
    6_309_573, 7_943_282,
];

/// Weakest power that is told from nothing.
const FLOOR_DBM: i32 = -170;

/// Linear power: 10¹⁷ stands for 0 dBm. Below −170 dBm there is nothing, above +20 dBm no more.
#[must_use]
pub fn linear(dbm: i32) -> u128 {
    if dbm < FLOOR_DBM {
        return 0;
    }
    let above = (dbm.min(20) - FLOOR_DBM).unsigned_abs();
    let mantissa = MANTISSA[(above % 10) as usize];
    u128::from(mantissa) * 10_u128.pow(above / 10) / 1_000_000
}

/// Ratio of two linear powers in dB, rounded down, within −30..=60.
#[must_use]
pub fn ratio_db(signal: u128, other: u128) -> i32 {
    // signal ≥ other · 10^(db/10), tried from the top; twelve steps at most by halving.
    let holds = |db: i32| {
        let scale = linear(db + FLOOR_DBM + 30);
        signal * 1_000 >= other * scale
    };
    let (mut low, mut high) = (-30, 61);
    while high - low > 1 {
        let middle = (low + high) / 2;
        if holds(middle) {
            low = middle;
        } else {
            high = middle;
        }
    }
    low
}

/// Bit error rate of a GFSK receiver without coherence, ½·exp(−SINR/2), in parts of 2³², for SINR
/// of −10 dB to +16 dB. From 17 dB on there is less than one part left: no errors.
const ERROR_RATE: [u32; 27] = [
    2_042_749_635,
    2_016_474_097,
    1_983_875_194,
    1_943_583_909,
    1_894_021_675,
    1_833_419_637,
    1_759_875_689,
    1_671_469_440,
    1_566_459_674,
    1_443_589_389,
    1_302_514_674,
    1_144_346_869,
    972_242_679,
    791_888_724,
    611_618_562,
    441_824_705,
    293_393_933,
    175_232_887,
    91_584_800,
    40_463_926,
    14_469_631,
    3_964_679,
    776_923,
    99_833,
    7_541,
    292,
    5,
];

/// Bit error rate in parts of 2³² at a ratio of signal to noise and interference.
#[must_use]
pub fn error_rate(sinr_db: i32) -> u32 {
    match usize::try_from(sinr_db + 10) {
        Err(_) => 1 << 31,
        Ok(index) => ERROR_RATE.get(index).copied().unwrap_or(0),
    }
}

/// Noise of the receiver's bandwidth: 2M lets in twice as much.
#[must_use]
pub const fn noise_dbm(floor_dbm: i32, phy: Phy) -> i32 {
    match phy {
        Phy::Le2M => floor_dbm + 3,
        Phy::Le1M | Phy::LeCoded => floor_dbm,
    }
}

/// Path loss over a distance by the log-distance model:
/// `loss at 1 m + 10 · exponent · log₁₀(distance)`. Nearer than 1 m counts as 1 m.
///
/// * `squared_m`: square of the distance in m².
/// * `exponent_tenths`: 20 = free space, 30–40 = rooms.
#[must_use]
pub fn path_loss_db(loss_at_1m_db: i32, exponent_tenths: u32, squared_m: u64) -> i32 {
    // 10·(e/10)·log₁₀(d) = (e/2)·log₁₀(d²); log₁₀ in hundredths by comparing with a table of
    // powers would be coarse, so it goes through log₂ in 1/65536.
    let log2 = u64::from(log2_q16(squared_m.max(1)));
    let tenths_of_db = log2 * u64::from(exponent_tenths) * 30_103 * 5 / (100_000 * 65_536);
    // Rounded to the nearest dB.
    loss_at_1m_db + i32::try_from((tenths_of_db + 5) / 10).unwrap_or(i32::MAX / 2)
}

/// log₂ in units of 1/65536, by repeated squaring.
fn log2_q16(value: u64) -> u32 {
    let whole = value.ilog2();
    // Normalised to 1..2 in Q32.
    let mut x = (u128::from(value) << 32) >> whole;
    let mut log = whole;
    for _ in 0..16 {
        x = (x * x) >> 32;
        log <<= 1;
        if x >= 2 << 32 {
            x >>= 1;
            log |= 1;
        }
    }
    log
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn error_rate_falls_with_sinr_and_follows_the_curve() {
        for db in -29..40 {
            assert!(error_rate(db) <= error_rate(db - 1), "{db} dB");
        }
        for db in -10..=14 {
            let curve = 0.5 * (-(10_f64.powf(f64::from(db) / 10.0)) / 2.0).exp();
            let table = f64::from(error_rate(db)) / 2_f64.powi(32);
            assert!((table / curve - 1.0).abs() < 1e-3, "{db} dB: {table} {curve}");
        }
        assert_eq!(error_rate(17), 0);
    }

    #[test]
    fn ratios_come_back_as_decibels() {
        for (signal, noise) in [(-40, -100), (-70, -70), (-95, -90), (0, -17), (-97, -104)] {
            let db = ratio_db(linear(signal), linear(noise));
            assert!((db - (signal - noise)).abs() <= 1, "{signal} {noise}: {db}");
        }
        assert_eq!(ratio_db(linear(-40), linear(-40) * 2), -4);
    }

    #[test]
    fn path_loss_by_distance() {
        assert_eq!(path_loss_db(40, 20, 0), 40);
        assert_eq!(path_loss_db(40, 20, 100), 60);
        assert_eq!(path_loss_db(40, 30, 100), 70);
        assert_eq!(path_loss_db(40, 20, 4), 46);
        assert!(path_loss_db(40, 40, u64::MAX) > 400);
    }
}
