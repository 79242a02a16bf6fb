//! The sources of the workspace, for tests that read them.

use std::fs;
use std::path::{Path, PathBuf};

/// The workspace.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("has a parent").to_owned()
}

/// All Rust files below `folder`, in a fixed order.
pub(crate) fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("readable") {
            let path = entry.expect("readable").path();
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            if path.is_dir() {
                if name != "target" && !name.starts_with('.') {
                    folders.push(path);
                }
            } else if name.ends_with(".rs") {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

/// Whether a file holds tests only: in a folder of tests, or declared as such where it belongs.
pub(crate) fn is_test_file(path: &Path) -> bool {
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    let declaration = format!("#[cfg(test)]\nmod {stem};");
    let folder = path.parent().expect("a file is in a folder");
    let declared = |file: PathBuf| {
        fs::read_to_string(file).is_ok_and(|text| text.replace("\r\n", "\n").contains(&declaration))
    };
    stem.ends_with("tests")
        || path.components().any(|part| part.as_os_str() == "tests")
        || declared(folder.join("mod.rs"))
        || declared(folder.with_extension("rs"))
}

/// The part of a source file before its inline tests.
pub(crate) fn without_tests(text: &str) -> &str {
    text.find("#[cfg(test)]\nmod tests {").map_or(text, |at| &text[..at])
}
