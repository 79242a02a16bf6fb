//! Fields that are set in another file than the one of their struct: by assignment, or by an
//! operator that assigns. Structs that are plain data, all of whose fields are public, are left
//! out. Without types a field is known by its name: `self.name` belongs to the type of the `impl`,
//! any other to the one struct that has it and lets this file see it.

use std::collections::{BTreeMap, BTreeSet};

use syn::visit::Visit;
use syn::{BinOp, Expr, Item, Member, Type, Visibility};

use super::arrows::absolute;
use super::reading::Crate;

/// A field.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Field {
    /// File and name of its struct.
    pub(super) of: String,
    pub(super) name: String,
}

struct Struct {
    file: usize,
    name: String,
    /// Each with the module within which it is seen.
    fields: BTreeMap<String, Vec<String>>,
}

/// The module within which a field is seen.
fn seen_in(module: &[String], visibility: &Visibility) -> Vec<String> {
    match visibility {
        Visibility::Public(_) => Vec::new(),
        Visibility::Inherited => module.to_vec(),
        Visibility::Restricted(within) => {
            let path = &within.path.segments;
            absolute(module, &path.iter().map(|part| part.ident.to_string()).collect::<Vec<_>>())
        }
    }
}

/// The fields that a file sets, each with the type of `self`, where it is a field of that.
#[derive(Default)]
struct Set {
    within: Option<String>,
    found: BTreeSet<(Option<String>, String)>,
}

impl Set {
    fn note(&mut self, place: &Expr) {
        match place {
            Expr::Field(field) => {
                let Member::Named(name) = &field.member else { return };
                let of_self =
                    matches!(&*field.base, Expr::Path(base) if base.path.is_ident("self"));
                let of = if of_self { self.within.clone() } else { None };
                self.found.insert((of, name.to_string()));
            }
            Expr::Index(index) => self.note(&index.expr),
            Expr::Paren(inner) => self.note(&inner.expr),
            Expr::Unary(inner) => self.note(&inner.expr),
            Expr::Tuple(tuple) => tuple.elems.iter().for_each(|place| self.note(place)),
            _ => {}
        }
    }
}

impl<'ast> Visit<'ast> for Set {
    fn visit_item_impl(&mut self, item: &'ast syn::ItemImpl) {
        let of = match &*item.self_ty {
            Type::Path(path) => path.path.segments.last().map(|part| part.ident.to_string()),
            _ => None,
        };
        let before = std::mem::replace(&mut self.within, of);
        syn::visit::visit_item_impl(self, item);
        self.within = before;
    }

    fn visit_expr_assign(&mut self, assignment: &'ast syn::ExprAssign) {
        self.note(&assignment.left);
        syn::visit::visit_expr_assign(self, assignment);
    }

    fn visit_expr_binary(&mut self, binary: &'ast syn::ExprBinary) {
        let assigns = matches!(
            binary.op,
            BinOp::AddAssign(_)
                | BinOp::SubAssign(_)
                | BinOp::MulAssign(_)
                | BinOp::DivAssign(_)
                | BinOp::RemAssign(_)
                | BinOp::BitXorAssign(_)
                | BinOp::BitAndAssign(_)
                | BinOp::BitOrAssign(_)
                | BinOp::ShlAssign(_)
                | BinOp::ShrAssign(_)
        );
        if assigns {
            self.note(&binary.left);
        }
        syn::visit::visit_expr_binary(self, binary);
    }
}

fn structs(one: &Crate) -> Vec<Struct> {
    let mut structs = Vec::new();
    for (file, source) in one.files.iter().enumerate() {
        for item in &source.syntax.items {
            let Item::Struct(item) = item else { continue };
            if item.fields.iter().all(|field| matches!(field.vis, Visibility::Public(_))) {
                continue;
            }
            let seen = |field: &syn::Field| {
                Some((field.ident.as_ref()?.to_string(), seen_in(&source.module, &field.vis)))
            };
            let fields = item.fields.iter().filter_map(seen).collect();
            structs.push(Struct { file, name: item.ident.to_string(), fields });
        }
    }
    structs
}

/// The fields of a crate that are set elsewhere.
pub(super) fn elsewhere(one: &Crate) -> BTreeSet<Field> {
    let structs = structs(one);
    let mut with: BTreeMap<&str, Vec<&Struct>> = BTreeMap::new();
    for one in &structs {
        one.fields.keys().for_each(|field| with.entry(field).or_default().push(one));
    }
    let mut found = BTreeSet::new();
    for (file, source) in one.files.iter().enumerate() {
        let mut set = Set::default();
        set.visit_file(&source.syntax);
        for (of, name) in set.found {
            let seen = |one: &&&Struct| source.module.starts_with(&one.fields[&name]);
            let all = with.get(name.as_str()).into_iter().flatten();
            let candidates: Vec<&Struct> = all.filter(seen).copied().collect();
            let here = candidates.iter().any(|one| one.file == file);
            let owner = match of {
                Some(of) => {
                    let named = || candidates.iter().filter(|one| one.name == of);
                    named().find(|one| one.file == file).or_else(|| named().next())
                }
                None if here => None,
                None => candidates.first().filter(|_| candidates.len() == 1),
            };
            let Some(owner) = owner.filter(|owner| owner.file != file) else { continue };
            let of = format!("{}::{}", one.files[owner.file].path, owner.name);
            found.insert(Field { of, name });
        }
    }
    found
}
