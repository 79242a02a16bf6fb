//! What the core's calls cost, for the emulator: with the feature `trial` each leaves an entry in
//! RAM that `bletwin chip costs` makes a table of. Without it nothing is counted.

pub use counted::{Stopwatch, start};

/// Slow work of the thread.
#[derive(Clone, Copy)]
pub enum Slow {
    /// A P-256 key pair.
    KeyPair = 1,
    /// A P-256 shared secret.
    SharedSecret = 2,
}

#[cfg(feature = "trial")]
mod counted {
    use core::sync::atomic::{AtomicU32, Ordering};

    use ble::work::{Level, Work};
    use cortex_m::peripheral::{DCB, DWT};

    use super::Slow;

    /// Entries that wait to be read. A reader that looks every millisecond misses none.
    const ENTRIES: usize = 64;
    /// What an entry has in its bits 30 and 31 for slow work; else the level.
    const SLOW: u32 = 3;

    /// How many entries were written so far; then the newest of them in a ring, two words each: the
    /// kind in bits 30 and 31, AES blocks in bits 16–29, and items; then cycles.
    #[unsafe(no_mangle)]
    static BLETWIN_WORK: [AtomicU32; 1 + 2 * ENTRIES] =
        [const { AtomicU32::new(0) }; 1 + 2 * ENTRIES];

    /// Cycles of all calls so far: what has interrupted others is not theirs.
    static SPENT: AtomicU32 = AtomicU32::new(0);

    /// Switches the cycle counter on.
    pub fn start(dcb: &mut DCB, dwt: &mut DWT) {
        dcb.enable_trace();
        dwt.enable_cycle_counter();
    }

    /// Counts the cycles of one call.
    pub struct Stopwatch {
        begun: u32,
        spent: u32,
    }

    impl Stopwatch {
        /// From now on.
        #[inline(always)]
        pub fn start() -> Self {
            critical_section::with(|_| Self {
                begun: DWT::cycle_count(),
                spent: SPENT.load(Ordering::Relaxed),
            })
        }

        /// It ends with a call of the core.
        #[inline(always)]
        pub fn stop(self, work: Work) {
            let level = match work.level {
                Level::Radio => 0,
                Level::Control => 1,
                Level::Host => 2,
            };
            self.keep(level << 30 | u32::from(work.aes_blocks) << 16 | u32::from(work.items));
        }

        /// It ends with slow work.
        pub fn stop_slow(self, what: Slow) {
            self.keep(SLOW << 30 | what as u32);
        }

        /// Levels that have interrupted this one have kept their cycles themselves.
        fn keep(self, what: u32) {
            critical_section::with(|_| {
                let all = DWT::cycle_count().wrapping_sub(self.begun);
                let others = SPENT.load(Ordering::Relaxed).wrapping_sub(self.spent);
                let own = all.wrapping_sub(others);
                SPENT.store(SPENT.load(Ordering::Relaxed).wrapping_add(own), Ordering::Relaxed);
                keep(what, own);
            });
        }
    }

    /// Called where nothing interrupts.
    fn keep(what: u32, cycles: u32) {
        let [count, ring @ ..] = &BLETWIN_WORK;
        let number = count.load(Ordering::Relaxed);
        let (entries, _) = ring.as_chunks::<2>();
        if let Some([first, second]) = entries.get(number as usize % ENTRIES) {
            first.store(what, Ordering::Relaxed);
            second.store(cycles, Ordering::Relaxed);
        }
        count.store(number.wrapping_add(1), Ordering::Relaxed);
    }
}

#[cfg(not(feature = "trial"))]
mod counted {
    use ble::work::Work;
    use cortex_m::peripheral::{DCB, DWT};

    use super::Slow;

    /// Nothing is counted.
    pub fn start(_: &mut DCB, _: &mut DWT) {}

    /// Here nothing is counted.
    pub struct Stopwatch;

    impl Stopwatch {
        /// From now on.
        #[inline(always)]
        pub fn start() -> Self {
            Self
        }

        /// Here time charges itself.
        #[inline(always)]
        pub fn stop(self, _: Work) {}

        /// Here time charges itself, too.
        #[inline(always)]
        pub fn stop_slow(self, _: Slow) {}
    }
}
