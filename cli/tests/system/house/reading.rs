//! The source of what is shipped, by `syn`: crates, their files, each with its module. Tests, and
//! what only tests see, are left out.

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::Value;
use syn::{Attribute, ImplItem, Item};

/// A file.
pub(super) struct File {
    /// From the root of its crate.
    pub(super) module: Vec<String>,
    /// Below the root of the tree.
    pub(super) path: String,
    pub(super) syntax: syn::File,
}

/// A crate.
pub(super) struct Crate {
    pub(super) files: Vec<File>,
}

fn is_for_tests(attributes: &[Attribute]) -> bool {
    let test = |attribute: &Attribute| {
        attribute.path().is_ident("cfg")
            && attribute.parse_args::<syn::Meta>().is_ok_and(|meta| meta.path().is_ident("test"))
    };
    attributes.iter().any(test)
}

fn without_tests(items: &mut Vec<Item>) {
    items.retain(|item| match item {
        Item::Mod(item) => !is_for_tests(&item.attrs),
        Item::Fn(item) => !is_for_tests(&item.attrs),
        Item::Impl(item) => !is_for_tests(&item.attrs),
        Item::Use(item) => !is_for_tests(&item.attrs),
        _ => true,
    });
    for item in items {
        match item {
            Item::Mod(syn::ItemMod { content: Some((_, inner)), .. }) => without_tests(inner),
            Item::Impl(item) => item.items.retain(
                |item| !matches!(item, ImplItem::Fn(function) if is_for_tests(&function.attrs)),
            ),
            _ => {}
        }
    }
}

fn read(root: &Path, path: &Path, module: Vec<String>, files: &mut Vec<File>) {
    let text = fs::read_to_string(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    let mut syntax = syn::parse_file(&text).expect("Rust");
    without_tests(&mut syntax.items);
    let folder = path.parent().expect("a file");
    let stem = path.file_stem().and_then(|stem| stem.to_str()).expect("a name");
    let below = match stem {
        "mod" | "lib" | "main" => folder.to_owned(),
        stem => folder.join(stem),
    };
    for item in &syntax.items {
        let Item::Mod(child) = item else { continue };
        // What has a `#[path]` is in another crate's folder.
        if child.content.is_some() || child.attrs.iter().any(|a| a.path().is_ident("path")) {
            continue;
        }
        let name = child.ident.to_string();
        let flat = below.join(format!("{name}.rs"));
        let deep = below.join(&name).join("mod.rs");
        let module = [&module[..], &[name]].concat();
        read(root, if flat.exists() { &flat } else { &deep }, module, files);
    }
    let path = path.strip_prefix(root).expect("below the root").display().to_string();
    files.push(File { module, path, syntax });
}

/// The crate in a folder of the workspace.
pub(super) fn one(root: &Path, folder: &str) -> Crate {
    let mut files = Vec::new();
    read(root, &root.join(folder).join("src/lib.rs"), Vec::new(), &mut files);
    Crate { files }
}

/// All crates of the workspace that are shipped.
pub(super) fn crates(root: &Path) -> Vec<Crate> {
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["metadata", "--no-deps", "--format-version", "1", "--offline"]).current_dir(root);
    let output = cargo.output().expect("cargo runs");
    let metadata: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let packages = metadata["packages"].as_array().expect("a list");
    let libraries = packages.iter().filter_map(|package| {
        let targets = package["targets"].as_array()?;
        let library = targets.iter().find(|target| target["kind"][0] == "lib")?;
        library["src_path"].as_str()
    });
    let read = |library: &str| {
        let mut files = Vec::new();
        read(root, Path::new(library), Vec::new(), &mut files);
        Crate { files }
    };
    libraries.map(read).collect()
}
