//! A digest of what was on air that can be put together: the digest of a whole is made from those
//! of its parts, so that a part that many runs share is read once.

use ble::phy::TxPhy;
use ble::time::{Duration, Instant};

use crate::record::AirTx;

/// 2⁶¹ − 1, a prime.
const MODULUS: u64 = (1 << 61) - 1;
/// Bases of the two polynomials: any two numbers below the modulus would do.
const BASES: [u64; 2] = [0x0DB3_1C6A_2F4E_9071, 0x1A5C_93E7_5B0D_2F83];

/// Order-sensitive digest of a span of time on air: every packet as it was sent (channel, PHY,
/// access address, PDU, CRC) and the time between packets, exact to the tick.
///
/// [`Digest::then`] is associative and [`Digest::default`] its neutral element. Two spans that
/// differ have different digests but for chance (two polynomials modulo 2⁶¹ − 1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Digest {
    /// Time before the first packet; the whole span if there is none.
    lead: Duration,
    /// Time after the start of the last packet.
    trail: Duration,
    /// Number of packets in the span.
    count: u64,
    /// Packets and the times between them, in their order.
    body: [u64; 2],
}

impl Digest {
    /// A span of time without packets.
    #[must_use]
    pub fn silence(span: Duration) -> Self {
        Self { lead: span, ..Self::default() }
    }

    /// One packet and no time.
    #[must_use]
    pub fn packet(tx: &AirTx) -> Self {
        let symbol = symbol(tx);
        Self {
            count: 1,
            body: BASES.map(|base| symbol.wrapping_mul(base) % MODULUS),
            ..Self::default()
        }
    }

    /// Number of packets.
    #[must_use]
    pub const fn packets(&self) -> u64 {
        self.count
    }

    /// Two numbers that stand for all of it, the times at either end included.
    #[must_use]
    pub fn value(&self) -> [u64; 2] {
        let ends = [self.lead.ticks(), self.trail.ticks(), self.count];
        let mut lane = 0;
        self.body.map(|body| {
            let base = BASES[lane];
            lane += 1;
            ends.iter().fold(body, |sum, end| add(multiply(sum, base), end % MODULUS))
        })
    }

    /// This span and then that one.
    #[must_use]
    pub fn then(&self, next: &Self) -> Self {
        match (self.count, next.count) {
            (_, 0) if self.count == 0 => Self::silence(self.lead + next.lead),
            (_, 0) => Self { trail: self.trail + next.lead, ..*self },
            (0, _) => Self { lead: self.lead + next.lead, ..*next },
            _ => {
                let gap = (self.trail + next.lead).ticks() % MODULUS;
                let mut body = [0; 2];
                for (lane, sum) in body.iter_mut().enumerate() {
                    let base = BASES[lane];
                    let joined = add(multiply(self.body[lane], base), gap);
                    // The body of `count` packets has `2 · count - 1` symbols.
                    let shift = power(base, 2 * next.count - 1);
                    *sum = add(multiply(joined, shift), next.body[lane]);
                }
                let count = self.count + next.count;
                Self { lead: self.lead, trail: next.trail, count, body }
            }
        }
    }
}

/// Follows what goes on air, and makes its digest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tracer {
    digest: Digest,
    /// How far it has come.
    at: Instant,
}

impl Tracer {
    /// From a moment on.
    #[must_use]
    pub fn new(from: Instant) -> Self {
        Self { digest: Digest::default(), at: from }
    }

    /// A packet whose first bit was on air at this time. Packets come in the order of time.
    pub fn packet(&mut self, at: Instant, tx: &AirTx) {
        self.digest = self.until(at).then(&Digest::packet(tx));
        self.at = self.at.max(at);
    }

    /// The digest up to a moment that is not before the last packet.
    #[must_use]
    pub fn until(&self, at: Instant) -> Digest {
        self.digest.then(&Digest::silence(at.since(self.at)))
    }
}

fn symbol(tx: &AirTx) -> u64 {
    let phy = match tx.phy {
        TxPhy::Le1M => 1,
        TxPhy::Le2M => 2,
        TxPhy::CodedS2 => 3,
        TxPhy::CodedS8 => 4,
    };
    let head = u64::from(tx.channel) | phy << 8 | u64::from(tx.crc) << 16;
    let mut sum = mix(mix(0, head), u64::from(tx.access_address));
    let octets = tx.pdu.octets();
    for chunk in octets.chunks(8) {
        let mut word = [0; 8];
        word[..chunk.len()].copy_from_slice(chunk);
        sum = mix(sum, u64::from_le_bytes(word));
    }
    mix(sum, octets.len() as u64)
}

/// Mixes a word into a running hash by folded multiplication.
const fn mix(sum: u64, word: u64) -> u64 {
    let product = (sum ^ word ^ 0x9E37_79B9_7F4A_7C15) as u128 * 0xA076_1D64_78BD_642F;
    (product as u64 ^ (product >> 64) as u64).wrapping_add(0x1319_8A2E_0370_7344)
}

const fn multiply(a: u64, b: u64) -> u64 {
    (a as u128 * b as u128 % MODULUS as u128) as u64
}

const fn add(a: u64, b: u64) -> u64 {
    (a + b) % MODULUS
}

const fn power(base: u64, mut exponent: u64) -> u64 {
    let (mut square, mut result) = (base, 1);
    while exponent > 0 {
        if exponent & 1 == 1 {
            result = multiply(result, square);
        }
        square = multiply(square, square);
        exponent >>= 1;
    }
    result
}

#[cfg(test)]
mod tests;
