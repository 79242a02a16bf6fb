//! The test that an engineer commits: it fails as the capture did, until the firmware is changed.

/// A file for `tests/`, beside the profile `name.toml`. `folder`: where that is, from the folder of
/// the package on; `peripheral`: a firmware's preset or file, or `None`: what was seen of it, in
/// `name-firmware.toml`; `sets`: what departs from that; `cure`: what makes it pass.
#[must_use]
pub fn test_file(
    name: &str,
    folder: &str,
    scenario: &str,
    peripheral: Option<&str>,
    sets: &[String],
    cure: Option<&[String]>,
) -> String {
    let function = name.replace('-', "_");
    let list = |items: &[String]| {
        let items: Vec<String> = items.iter().map(|item| format!("{item:?}")).collect();
        items.join(", ")
    };
    let cured = match cure {
        Some(cure) => format!("`bletwin diagnose` found a cure: [{}].", list(cure)),
        None => "`bletwin diagnose` found no change of the firmware that cures.".to_owned(),
    };
    let beside =
        |file: &str| format!("concat!(env!(\"CARGO_MANIFEST_DIR\"), \"/{folder}{file}.toml\")");
    let central = beside(name);
    let peripheral = match peripheral {
        Some(named) => format!("{named:?}"),
        None => beside(&format!("{name}-firmware")),
    };
    format!(
        "//! Written by `bletwin reproduce`: a central that was captured, against this firmware.\n\
         //! It fails as the capture did, until the firmware is changed.\n\n\
         use bletwin::{{catalogue, report, setup::Setup, stage::Stage}};\n\n\
         /// What is otherwise than in the firmware's preset or file.\n\
         /// {cured}\n\
         const SET: &[&str] = &[{}];\n\n\
         #[test]\n\
         fn {function}() {{\n    \
             let peripheral = {peripheral};\n    \
             let central = {central};\n    \
             let mut setup = Setup::new(peripheral, central, 1).unwrap();\n    \
             for assignment in SET {{\n        \
                 setup.set(assignment).unwrap();\n    \
             }}\n    \
             let run = Stage::new(catalogue::by_name({scenario:?}).unwrap(), &setup).play();\n    \
             assert!(run.expected, \"{{}}\", report::failure(&run).unwrap_or_default());\n\
         }}\n",
        list(sets)
    )
}
