//! A host's program, where bletwin has started it: whether it is busy. A busy machine may keep it
//! from sending, and then its silence means nothing.

use std::cell::Cell;
use std::rc::Rc;

/// The program of a host, if it is known. Clones are the same.
#[derive(Clone, Debug, Default)]
pub struct Program(Rc<Cell<Option<u32>>>);

impl Program {
    /// It is this process, with all that come of it; `None`: it runs no more.
    pub fn is(&self, process: Option<u32>) {
        self.0.set(process);
    }

    /// Whether one of its threads runs, waits for a processor, or for a disk. Known on Linux only.
    pub(super) fn is_busy(&self) -> bool {
        self.0.get().is_some_and(is_busy)
    }
}

/// Maximum number of processes examined; further ones are not waited for.
#[cfg(target_os = "linux")]
const PROCESSES_MAX: usize = 64;

#[cfg(target_os = "linux")]
fn is_busy(process: u32) -> bool {
    use std::fs::{read_dir, read_to_string};
    let (mut processes, mut looked) = (vec![process], 0);
    while let Some(process) = processes.pop() {
        looked += 1;
        let Ok(threads) = read_dir(format!("/proc/{process}/task")) else { continue };
        for thread in threads.flatten() {
            let read = |name: &str| read_to_string(thread.path().join(name)).unwrap_or_default();
            // The name before it may hold anything, parentheses too.
            let stat = read("stat");
            let state = stat.rsplit_once(") ").and_then(|(_, rest)| rest.chars().next());
            if matches!(state, Some('R' | 'D')) {
                return true;
            }
            let children = read("children");
            processes.extend(children.split_ascii_whitespace().flat_map(str::parse::<u32>));
        }
        if looked >= PROCESSES_MAX {
            return false;
        }
    }
    false
}

#[cfg(not(target_os = "linux"))]
const fn is_busy(_: u32) -> bool {
    false
}
