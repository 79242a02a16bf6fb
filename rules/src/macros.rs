//! The form in which a document is written down.

/// `FILE, LAYER, TITLE, INTRO;` and the rules: `NAME = ID, TITLE, FORCE, KEEPER, judged | tested,
/// SOURCE, TEXT, NOTES…;`. Makes a constant of each rule, and `DOCUMENT` of them all.
macro_rules! document {
    (
        $file:literal, $layer:ident, $heading:literal, $intro:literal;
        $($name:ident = $id:literal, $title:literal, $force:ident, $keeper:ident, $shown:ident,
            $source:literal, $text:literal $(, $note:literal)*;)*
    ) => {
        $(
            #[doc = concat!("`", $id, "`: ", $title, ".")]
            pub const $name: crate::Rule = crate::Rule {
                id: $id,
                title: $title,
                text: $text,
                notes: &[$($note),*],
                source: $source,
                force: crate::Force::$force,
                keeper: crate::Keeper::$keeper,
                judged: shown!($shown),
            };
        )*

        pub(crate) const DOCUMENT: crate::Document = crate::Document {
            file: $file,
            layer: crate::Layer::$layer,
            title: $heading,
            intro: $intro,
            rules: &[$($name),*],
        };
    };
}

/// Who shows that a rule is kept: the oracle in every run, or tests alone.
macro_rules! shown {
    (judged) => {
        true
    };
    (tested) => {
        false
    };
}
