//! The ways of what comes in. A radio event, a report and an HCI packet enter the firmware's levels
//! (interrupt, control, thread) at one place each; an HCI command enters each file that it passes
//! once. Read from the source: a level's entrances are the functions of its value that say what
//! work they did, a command's way are the functions that take one. A function that is called
//! through a pointer is not seen: `ProcedureRow::started_by` is all there is.

use std::collections::{BTreeMap, BTreeSet};

use syn::visit::Visit;
use syn::{Expr, ImplItem, Item, Member, ReceiverKind, ReturnType, Signature, Type};

use super::arrows::{absolute, leaves};
use super::reading::{Crate, File};

/// A level: its folder in `firmware-core/src`, which is also the field that holds its value, and
/// the type of that.
const LEVELS: [(&str, &str); 3] = [("link", "Link"), ("control", "Control"), ("host", "Host")];

fn last(path: &syn::Path) -> Option<String> {
    path.segments.last().map(|part| part.ident.to_string())
}

fn type_name(of: &Type) -> Option<String> {
    match of {
        Type::Path(path) => last(&path.path),
        Type::Reference(reference) => type_name(&reference.elem),
        _ => None,
    }
}

/// All functions of a file, each with the type whose method it is.
fn functions(file: &File) -> Vec<(Option<String>, &Signature, &syn::Block)> {
    let mut found = Vec::new();
    for item in &file.syntax.items {
        match item {
            Item::Fn(item) => found.push((None, &item.sig, &*item.block)),
            Item::Impl(item) => {
                let of = type_name(&item.self_ty);
                for inner in &item.items {
                    if let ImplItem::Fn(inner) = inner {
                        found.push((of.clone(), &inner.sig, &inner.block));
                    }
                }
            }
            _ => {}
        }
    }
    found
}

/// A call: the name, how many arguments, and the last name of what it is a method of.
struct Call {
    name: String,
    arguments: usize,
    on: Option<String>,
}

#[derive(Default)]
struct Calls(Vec<Call>);

impl<'ast> Visit<'ast> for Calls {
    fn visit_expr_method_call(&mut self, call: &'ast syn::ExprMethodCall) {
        let on = match &*call.receiver {
            Expr::Field(field) => match &field.member {
                Member::Named(name) => Some(name.to_string()),
                Member::Unnamed(_) => None,
            },
            Expr::Path(path) => last(&path.path),
            _ => None,
        };
        self.0.push(Call { name: call.method.to_string(), arguments: call.args.len(), on });
        syn::visit::visit_expr_method_call(self, call);
    }

    fn visit_expr_call(&mut self, call: &'ast syn::ExprCall) {
        if let Expr::Path(path) = &*call.func
            && let Some(name) = last(&path.path)
        {
            self.0.push(Call { name, arguments: call.args.len(), on: None });
        }
        syn::visit::visit_expr_call(self, call);
    }
}

fn calls(block: &syn::Block) -> Vec<Call> {
    let mut calls = Calls::default();
    calls.visit_block(block);
    calls.0
}

fn is_in(file: &File, folder: &str) -> bool {
    file.module.first().is_some_and(|first| first == folder)
}

/// Methods of a level's value that change it and say what work that was: `link.radio` and so on.
fn workers(one: &Crate) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for (level, value) in LEVELS {
        for file in one.files.iter().filter(|file| is_in(file, level)) {
            for (of, signature, _) in functions(file) {
                let changes = signature
                    .receiver()
                    .is_some_and(|it| matches!(it.kind, ReceiverKind::Reference(_, _, Some(_))));
                let works = matches!(&signature.output,
                    ReturnType::Type(_, given) if type_name(given).as_deref() == Some("Work"));
                if of.as_deref() == Some(value) && changes && works {
                    found.insert(format!("{level}.{}", signature.ident));
                }
            }
        }
    }
    found
}

/// Where a level's value is made to work: file and method, once for each place. A method that only
/// the value itself calls is no entrance; one that is an entrance must not be called by it, too.
pub(super) fn entered(one: &Crate) -> BTreeMap<(String, String), usize> {
    let workers = workers(one);
    let (mut outside, mut within) = (BTreeMap::new(), BTreeMap::new());
    for file in &one.files {
        for (of, _, block) in functions(file) {
            for call in calls(block) {
                let level_of_self = LEVELS
                    .iter()
                    .find(|(level, value)| of.as_deref() == Some(value) && is_in(file, level));
                let (level, places) = match call.on.as_deref() {
                    Some("self") => (level_of_self, &mut within),
                    Some(field) => (LEVELS.iter().find(|(level, _)| *level == field), &mut outside),
                    None => continue,
                };
                let Some((level, _)) = level else { continue };
                let method = format!("{level}.{}", call.name);
                if workers.contains(&method) {
                    *places.entry((file.path.clone(), method)).or_default() += 1;
                }
            }
        }
    }
    let entrances: BTreeSet<String> = outside.keys().map(|(_, method)| method.clone()).collect();
    within.retain(|(_, method), _| entrances.contains(method));
    outside.extend(within);
    outside
}

/// What the files of a level name of the other levels: level, then the module of the other.
pub(super) fn named_across(one: &Crate) -> BTreeSet<(String, String)> {
    struct Paths(Vec<Vec<String>>);
    impl<'ast> Visit<'ast> for Paths {
        fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
            let mut found = Vec::new();
            leaves(&item.tree, &[], &mut found);
            self.0.extend(found.into_iter().map(|(_, path)| path));
        }

        fn visit_path(&mut self, path: &'ast syn::Path) {
            self.0.push(path.segments.iter().map(|part| part.ident.to_string()).collect());
            syn::visit::visit_path(self, path);
        }

        fn visit_visibility(&mut self, _: &'ast syn::Visibility) {}
    }
    let mut found = BTreeSet::new();
    for (level, _) in LEVELS {
        for file in one.files.iter().filter(|file| is_in(file, level)) {
            let mut paths = Paths(Vec::new());
            paths.visit_file(&file.syntax);
            for path in paths.0 {
                if !["crate", "super", "self"].contains(&path[0].as_str()) {
                    continue;
                }
                let whole = absolute(&file.module, &path);
                let other = |(other, _): &(&str, &str)| *other != level && whole[..1] == [*other];
                if LEVELS.iter().any(other) {
                    let module = whole[..whole.len().min(2)].join("::");
                    found.insert((level.to_owned(), module));
                }
            }
        }
    }
    found
}

/// A function that takes an HCI command.
struct Taker<'a> {
    file: usize,
    of: Option<String>,
    name: String,
    arguments: usize,
    block: &'a syn::Block,
}

/// Whether a signature takes `hci::Command`, by value, by reference or within something.
fn takes_command(file: &File, signature: &Signature) -> bool {
    struct Named {
        imported: bool,
        found: bool,
    }
    impl<'ast> Visit<'ast> for Named {
        fn visit_path(&mut self, path: &'ast syn::Path) {
            let names: Vec<_> = path.segments.iter().map(|part| part.ident.to_string()).collect();
            self.found |= match &names[..] {
                [name] => name == "Command" && self.imported,
                [.., before, name] => name == "Command" && before == "hci",
                [] => false,
            };
            syn::visit::visit_path(self, path);
        }
    }
    let imported = file.syntax.items.iter().any(|item| {
        let Item::Use(item) = item else { return false };
        let mut found = Vec::new();
        leaves(&item.tree, &[], &mut found);
        found.iter().any(|(name, path)| {
            name.as_deref() == Some("Command") && path.ends_with(&["hci".into(), "Command".into()])
        })
    });
    let mut named = Named { imported, found: false };
    signature.inputs.iter().for_each(|input| named.visit_fn_arg(input));
    named.found
}

fn takers(one: &Crate) -> Vec<Taker<'_>> {
    let mut found = Vec::new();
    for (file, source) in one.files.iter().enumerate() {
        for (of, signature, block) in functions(source) {
            if takes_command(source, signature) {
                let receiver = usize::from(signature.receiver().is_some());
                let arguments = signature.inputs.len() - receiver;
                found.push(Taker { file, of, name: signature.ident.to_string(), arguments, block });
            }
        }
    }
    found
}

/// The places at which a function hands a command on to one of another file: the numbers of the
/// functions that may be meant. `self.name` is a method of the same type where that has one.
fn handed_on(from: &Taker<'_>, takers: &[Taker<'_>]) -> Vec<Vec<usize>> {
    let mut places = Vec::new();
    for call in calls(from.block) {
        let fits = |taker: &Taker<'_>| taker.name == call.name && taker.arguments == call.arguments;
        let all: Vec<_> = (0..takers.len()).filter(|number| fits(&takers[*number])).collect();
        let own: Vec<_> =
            all.iter().copied().filter(|number| takers[*number].of == from.of).collect();
        let meant = if call.on.as_deref() == Some("self") && !own.is_empty() { own } else { all };
        if !meant.is_empty() {
            places.push(meant);
        }
    }
    places
}

/// Ways of a command that come back to a file that they had left.
pub(super) fn returns(one: &Crate) -> BTreeSet<String> {
    let takers = takers(one);
    let next: Vec<Vec<usize>> =
        takers.iter().map(|from| handed_on(from, &takers).concat()).collect();
    let mut found = BTreeSet::new();
    let mut open: Vec<Vec<usize>> = (0..takers.len()).map(|start| vec![start]).collect();
    while let Some(way) = open.pop() {
        let last = *way.last().expect("begun");
        for to in next[last].iter().filter(|to| !way.contains(to)) {
            let (here, there) = (takers[last].file, takers[*to].file);
            let on = [&way[..], &[*to]].concat();
            if here != there && way.iter().any(|passed| takers[*passed].file == there) {
                let step = |number: &usize| {
                    let taker = &takers[*number];
                    format!("{} in {}", taker.name, one.files[taker.file].path)
                };
                found.insert(on.iter().map(step).collect::<Vec<_>>().join(" → "));
            } else {
                open.push(on);
            }
        }
    }
    found
}

/// By file of a folder, at how many places another file there hands a command to it.
pub(super) fn commands_enter(one: &Crate, folder: &str) -> BTreeMap<String, usize> {
    let takers = takers(one);
    let path = |file: usize| &one.files[file].path;
    let mut places = BTreeMap::new();
    for from in takers.iter().filter(|taker| path(taker.file).starts_with(folder)) {
        for meant in handed_on(from, &takers) {
            let files: BTreeSet<_> = meant.iter().map(|number| takers[*number].file).collect();
            for file in files.into_iter().filter(|file| *file != from.file) {
                if path(file).starts_with(folder) {
                    *places.entry(path(file).clone()).or_default() += 1;
                }
            }
        }
    }
    places
}
