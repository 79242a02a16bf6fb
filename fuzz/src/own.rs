//! What counts as coverage: edges of functions that bletwin's crates define.
//!
//! The compiler puts a copy of each generic function into the crate that uses it, with the types
//! that it uses it for; so instrumented crates hold copies of functions of the standard library, of
//! the libraries below and of the simulated world. What those do is not what is fuzzed, and there
//! are so many of them that a search for all their edges comes to no rest. Their counters are
//! cleared before libFuzzer looks.

use std::cell::OnceCell;
use std::ops::Range;
use std::path::Path;
use std::{ptr, slice};

/// Folders of bletwin through which octets merely pass: the simulated world and the fuzzing itself.
const BESIDE: [&str; 3] = ["sim", "hostile", "fuzz"];
/// Marks the entry of a function in the table of edges.
const ENTRY: usize = 1;

// Where the linker has put the counter of each edge, and its address with flags.
unsafe extern "C" {
    #[link_name = "__start___sancov_cntrs"]
    static mut COUNTERS: u8;
    #[link_name = "__stop___sancov_cntrs"]
    static mut COUNTERS_END: u8;
    #[link_name = "__start___sancov_pcs"]
    static EDGES: [usize; 2];
    #[link_name = "__stop___sancov_pcs"]
    static EDGES_END: [usize; 2];
}

/// The counter of each edge.
pub(crate) fn counters() -> &'static mut [u8] {
    let (begin, end) = (&raw mut COUNTERS, &raw mut COUNTERS_END);
    // SAFETY: the linker says where the section of the counters begins and ends; they are octets,
    // and nobody holds a reference to them: instrumented code, of which this crate's is none of
    // that runs now, reaches them by address.
    unsafe { slice::from_raw_parts_mut(begin, end.addr() - begin.addr()) }
}

/// Clears the counters of all that is not bletwin's own.
pub(crate) fn keep() {
    thread_local! {
        static OTHERS: OnceCell<Vec<Range<usize>>> = const { OnceCell::new() };
    }
    let counters = counters();
    OTHERS.with(|others| {
        for range in others.get_or_init(others_edges) {
            if let Some(counters) = counters.get_mut(range.clone()) {
                counters.fill(0);
            }
        }
    });
}

/// Address of each edge, with its flags.
pub(crate) fn edges() -> &'static [[usize; 2]] {
    let (begin, end) = (&raw const EDGES, &raw const EDGES_END);
    let count = (end.addr() - begin.addr()) / size_of::<[usize; 2]>();
    // SAFETY: the linker says where the table begins and ends; nothing writes to it.
    unsafe { slice::from_raw_parts(begin, count) }
}

/// The edges of each function: its entry comes first.
pub(crate) fn functions() -> Vec<Range<usize>> {
    let edges = edges();
    let entries = edges.iter().enumerate().filter(|(_, [_, flags])| flags & ENTRY != 0);
    let entries: Vec<usize> = entries.map(|(at, _)| at).collect();
    let ends = entries.iter().skip(1).copied().chain([edges.len()]);
    entries.iter().copied().zip(ends).map(|(begin, end)| begin..end).collect()
}

/// Edges of functions that are not bletwin's own.
fn others_edges() -> Vec<Range<usize>> {
    let edges = edges();
    let mut others = functions();
    others.retain(|range| edges.get(range.start).is_some_and(|[address, _]| !is_own(*address)));
    let left_out: usize = others.iter().map(ExactSizeIterator::len).sum();
    eprintln!("{} of {} edges are of bletwin's own functions", edges.len() - left_out, edges.len());
    others
}

/// Whether the function that begins here is written in a file of bletwin's crates.
pub(crate) fn is_own(address: usize) -> bool {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap_or(Path::new("/"));
    let mut own = false;
    // What is asked for is the end of an instruction. What is inlined into a function comes first,
    // the function itself last.
    backtrace::resolve(ptr::without_provenance_mut(address + 1), |symbol| {
        let within = symbol.filename().and_then(|file| file.strip_prefix(root).ok());
        own = within.is_some_and(|file| !BESIDE.iter().any(|beside| file.starts_with(beside)));
    });
    own
}
