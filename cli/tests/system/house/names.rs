//! Types that have their name from the same word: more than its file sees each of them, so a reader
//! who searches for the word has to choose.

use std::collections::BTreeMap;

use syn::{Item, Visibility};

use super::reading::Crate;

/// The name of a type that is visible outside its module.
fn visible(item: &Item) -> Option<String> {
    let (visibility, name) = match item {
        Item::Struct(item) => (&item.vis, &item.ident),
        Item::Enum(item) => (&item.vis, &item.ident),
        Item::Trait(item) => (&item.vis, &item.ident),
        Item::Type(item) => (&item.vis, &item.ident),
        _ => return None,
    };
    (!matches!(visibility, Visibility::Inherited)).then(|| name.to_string())
}

/// By name, the files that declare a type of it.
pub(super) fn declared(crates: &[Crate]) -> BTreeMap<String, Vec<String>> {
    let mut found: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for file in crates.iter().flat_map(|one| &one.files) {
        for name in file.syntax.items.iter().filter_map(visible) {
            found.entry(name).or_default().push(file.path.clone());
        }
    }
    found
}
