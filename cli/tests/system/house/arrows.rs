//! Which file names what another one of its crate defines, and the circles of that. A name that is
//! handed on (`pub use`) leads to where it is defined; a face that hands names on has no arrow for
//! that.

use std::collections::{BTreeMap, BTreeSet};

use syn::visit::Visit;
use syn::{Item, UseTree, Visibility};

use super::reading::{Crate, File};

type Module = Vec<String>;

/// Steps from one `use` to the next that are followed.
const STEPS_MAX: usize = 8;

/// What the names of a module stand for.
#[derive(Default)]
struct Names {
    own: BTreeSet<String>,
    /// Names that are used, each with its path as it is written.
    used: BTreeMap<String, Vec<String>>,
    globs: Vec<Vec<String>>,
}

/// All modules of a crate.
struct Modules(BTreeMap<Module, Names>);

/// Paths of a tree of `use`, each with the name that it has from there on; none: all names.
pub(super) fn leaves(
    tree: &UseTree,
    before: &[String],
    into: &mut Vec<(Option<String>, Vec<String>)>,
) {
    let with = |name: String| [before, &[name]].concat();
    match tree {
        UseTree::Path(path) => leaves(&path.tree, &with(path.ident.to_string()), into),
        UseTree::Name(name) if name.ident == "self" => {
            into.push((before.last().cloned(), before.to_vec()));
        }
        UseTree::Name(name) => {
            into.push((Some(name.ident.to_string()), with(name.ident.to_string())));
        }
        UseTree::Rename(name) => {
            into.push((Some(name.rename.to_string()), with(name.ident.to_string())));
        }
        UseTree::Group(group) => {
            group.items.iter().for_each(|tree| leaves(tree, before, into));
        }
        _ => into.push((None, before.to_vec())),
    }
}

fn name(item: &Item) -> Option<String> {
    Some(match item {
        Item::Const(item) => item.ident.to_string(),
        Item::Enum(item) => item.ident.to_string(),
        Item::Fn(item) => item.sig.ident.to_string(),
        Item::Static(item) => item.ident.to_string(),
        Item::Struct(item) => item.ident.to_string(),
        Item::Trait(item) => item.ident.to_string(),
        Item::Type(item) => item.ident.to_string(),
        Item::Macro(item) => item.ident.as_ref()?.to_string(),
        _ => return None,
    })
}

/// A path from the root of the crate.
pub(super) fn absolute(module: &[String], path: &[String]) -> Vec<String> {
    let (mut base, mut rest) = (module.to_vec(), path);
    while let Some((first, others)) = rest.split_first() {
        match first.as_str() {
            "crate" => base.clear(),
            "self" => {}
            "super" => drop(base.pop()),
            _ => break,
        }
        rest = others;
    }
    base.extend_from_slice(rest);
    base
}

impl Modules {
    fn of(one: &Crate) -> Self {
        let names = |file: &File| {
            let mut names = Names::default();
            for item in &file.syntax.items {
                names.own.extend(name(item));
                let Item::Use(item) = item else { continue };
                let mut found = Vec::new();
                leaves(&item.tree, &[], &mut found);
                for (name, path) in found {
                    match name {
                        Some(name) => drop(names.used.insert(name, path)),
                        None => names.globs.push(path),
                    }
                }
            }
            (file.module.clone(), names)
        };
        Self(one.files.iter().map(names).collect())
    }

    /// The module that defines what a path in a module names; none: it is of another crate.
    fn home(&self, from: &[String], path: &[String], steps: usize) -> Option<Module> {
        let steps = steps.checked_sub(1)?;
        let (first, rest) = path.split_first()?;
        let relative = !["crate", "self", "super"].contains(&first.as_str());
        if relative && !self.0.contains_key(&[from, std::slice::from_ref(first)].concat()) {
            let used = self.0.get(from)?.used.get(first)?;
            let whole = [&used[..], rest].concat();
            return if whole == path { None } else { self.home(from, &whole, steps) };
        }
        let whole = absolute(from, path);
        let (mut at, mut rest) = (Module::new(), &whole[..]);
        while let Some((next, others)) = rest.split_first() {
            let child = [&at[..], std::slice::from_ref(next)].concat();
            if self.0.contains_key(&child) {
                (at, rest) = (child, others);
                continue;
            }
            let here = self.0.get(&at)?;
            if here.own.contains(next) {
                return Some(at);
            }
            if here.used.contains_key(next) {
                return self.home(&at, rest, steps);
            }
            let elsewhere = here.globs.iter().find_map(|glob| {
                let home = self.home(&at, &[&glob[..], rest].concat(), steps)?;
                (home != at).then_some(home)
            });
            return elsewhere.or(Some(at));
        }
        Some(at)
    }
}

/// What a file names.
struct Named<'a> {
    modules: &'a Modules,
    from: &'a [String],
    found: BTreeSet<Module>,
}

impl Named<'_> {
    fn add(&mut self, path: &[String]) {
        let home = self.modules.home(self.from, path, STEPS_MAX);
        self.found.extend(home.filter(|home| home != self.from));
    }
}

impl<'ast> Visit<'ast> for Named<'_> {
    /// `pub(in path)` needs nothing of that module.
    fn visit_visibility(&mut self, _: &'ast Visibility) {}

    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        if matches!(item.vis, Visibility::Inherited) {
            let mut found = Vec::new();
            leaves(&item.tree, &[], &mut found);
            found.iter().for_each(|(_, path)| self.add(path));
        }
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        let segments: Vec<_> = path.segments.iter().map(|part| part.ident.to_string()).collect();
        if segments.len() > 1 {
            self.add(&segments);
        }
        syn::visit::visit_path(self, path);
    }
}

/// The circles of a crate: files of which each leads to each other one.
pub(super) fn circles(one: &Crate) -> Vec<Vec<String>> {
    let modules = Modules::of(one);
    let numbers: BTreeMap<_, _> =
        one.files.iter().enumerate().map(|(number, file)| (&file.module, number)).collect();
    let arrows = |file: &File| -> Vec<usize> {
        let mut named = Named { modules: &modules, from: &file.module, found: BTreeSet::new() };
        named.visit_file(&file.syntax);
        named.found.iter().filter_map(|module| numbers.get(module).copied()).collect()
    };
    let arrows: Vec<_> = one.files.iter().map(arrows).collect();
    let reach = |from: usize| {
        let mut reached = BTreeSet::new();
        let mut open = arrows[from].clone();
        while let Some(next) = open.pop() {
            if reached.insert(next) {
                open.extend(&arrows[next]);
            }
        }
        reached
    };
    let reach: Vec<BTreeSet<usize>> = (0..arrows.len()).map(reach).collect();
    let mut circles = BTreeSet::new();
    for (from, reached) in reach.iter().enumerate().filter(|(from, to)| to.contains(from)) {
        let both = reached.iter().filter(|to| reach[**to].contains(&from));
        circles.insert(both.copied().collect::<Vec<_>>());
    }
    let path = |number: &usize| one.files[*number].path.clone();
    circles.iter().map(|circle| circle.iter().map(path).collect()).collect()
}

/// The innermost folder in which all files of a circle are.
pub(super) fn folder(circle: &[String]) -> String {
    let parts = |path: &String| path.split('/').map(str::to_owned).collect::<Vec<_>>();
    let mut common = circle.first().map(parts).unwrap_or_default();
    for other in circle.iter().map(parts) {
        let same = common.iter().zip(&other).take_while(|(a, b)| a == b).count();
        common.truncate(same);
    }
    common.join("/")
}
