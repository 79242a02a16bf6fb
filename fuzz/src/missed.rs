//! Which of bletwin's own edges no input has reached: where seeds and tables are wanting.

use std::cell::OnceCell;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::{env, fs, ptr};

use crate::own;

/// Variable with the name of the file that is written at the end; without it, none is.
const FILE: &str = "MISSED";

/// Whether some input has reached each edge.
static REACHED: Mutex<Vec<bool>> = Mutex::new(Vec::new());

unsafe extern "C" {
    safe fn atexit(then: extern "C" fn()) -> i32;
}

fn file() -> Option<PathBuf> {
    env::var_os(FILE).map(PathBuf::from)
}

/// Adds what the last input has reached, if that is asked for.
pub(crate) fn add() {
    thread_local! {
        static ASKED: OnceCell<bool> = const { OnceCell::new() };
    }
    let begin = || file().is_some() && atexit(write) == 0;
    if !ASKED.with(|asked| *asked.get_or_init(begin)) {
        return;
    }
    let Ok(mut reached) = REACHED.lock() else { return };
    let counters = own::counters();
    reached.resize(counters.len(), false);
    for (reached, counter) in reached.iter_mut().zip(counters) {
        *reached |= *counter > 0;
    }
}

extern "C" fn write() {
    let (Some(file), Ok(reached)) = (file(), REACHED.lock()) else { return };
    if let Err(error) = fs::write(&file, text(&reached)) {
        eprintln!("{}: {error}", file.display());
    }
}

/// Every own function that is not reached whole, and where its other edges are.
fn text(reached: &[bool]) -> String {
    let edges = own::edges();
    let has = |at: usize| reached.get(at).copied().unwrap_or_default();
    let mut all = Vec::new();
    for range in own::functions() {
        let count = range.clone().filter(|at| has(*at)).count();
        if count == range.len() || !own::is_own(edges[range.start][0]) {
            continue;
        }
        let mut one = format!("{}: {count} of {}\n", frames(edges[range.start][0]), range.len());
        for at in range.filter(|at| count > 0 && !has(*at)) {
            let _ = writeln!(one, "    {}", frames(edges[at][0]));
        }
        all.push(one);
    }
    all.sort();
    all.concat()
}

/// Where an address is, and in what that is inlined.
fn frames(address: usize) -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap_or(Path::new("/"));
    let mut frames = Vec::new();
    backtrace::resolve(ptr::without_provenance_mut(address + 1), |symbol| {
        let name = symbol.name().map(|name| format!("{name:#}")).unwrap_or_default();
        let file = symbol.filename().unwrap_or(Path::new("?"));
        let file = file.strip_prefix(root).unwrap_or(file).display();
        frames.push(format!("{file}:{} {name}", symbol.lineno().unwrap_or_default()));
    });
    frames.join(" < ")
}
