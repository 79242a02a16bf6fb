//! `bletwin chip`: the firmware that comes along for the nRF52840, built, configured and measured.
//!
//! With rustup's target cargo builds it. Without, on Debian, `.ci/cross.sh` does with Debian's own
//! compiler, whose packages it installs if they are missing.

use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::Context;
use clap::Subcommand;

use super::ending::Exit;
use crate::output::Output;
use crate::program;
use bletwin_scenarios::costs;
use bletwin_setup::error::BadInput;

/// Subcommands of `bletwin chip`.
#[derive(Debug, Subcommand)]
pub enum Chip {
    /// Build the firmware of `targets/nrf52840`, and print where the ELF file is.
    Build {
        /// With the fixed passkey 123456, and what came of it in RAM.
        #[arg(long)]
        trial: bool,
        /// The folder of bletwin's sources; by default this one, or the next above that is one.
        #[arg(long, value_name = "FOLDER")]
        sources: Option<PathBuf>,
    },
    /// Choose preset, passkey and address of a firmware that is built, in its file or on a chip.
    Configure(super::configure::Configure),
    /// Measure what the firmware's work costs the emulated chip, in cycles: what the native core
    /// charges.
    Costs {
        /// Write the table into bletwin's sources, for the native core's next build.
        #[arg(long)]
        write: bool,
        /// A file that `chip build --trial` has built; by default it is built first.
        #[arg(long, value_name = "FILE")]
        elf: Option<PathBuf>,
        /// The folder of bletwin's sources; by default this one, or the next above that is one.
        #[arg(long, value_name = "FOLDER")]
        sources: Option<PathBuf>,
    },
}

/// The compilers' name of the chip's processor.
const TRIPLE: &str = "thumbv7em-none-eabihf";
/// The firmware, in the sources.
const FIRMWARE: &str = "targets/nrf52840";
/// What builds without rustup's target.
const SCRIPT: &str = ".ci/cross.sh";

/// What runs in rustc's place, so that no symbol depends on the folder.
const WRAPPER: &str = ".ci/rustc.sh";

/// What lies between two words for the compiler.
const SEPARATOR: char = '\x1f';

/// Where Debian has its own compiler.
const DEBIAN: &str = "/usr/bin/apt-get";

/// The native core's table, in the sources.
const TABLE: &str = "firmware-node/src/costs/nrf52840.rs";

pub(super) fn chip(command: &Chip) -> anyhow::Result<Exit> {
    match command {
        Chip::Build { trial, sources } => {
            let file = build(&find(sources.as_deref())?, *trial)?;
            writeln!(anstream::stdout().lock(), "{}", file.display())?;
            let name = program::name();
            let known = if *trial { " --set passkey=123456" } else { "" };
            let peripheral = file.display();
            eprintln!(
                "now, for example: {name} run pairing --cpu --peripheral elf={peripheral}{known}"
            );
            Ok(Exit::Expected)
        }
        Chip::Configure(options) => super::configure::configure(options),
        Chip::Costs { write, elf, sources } => measure(*write, elf.as_deref(), sources.as_deref()),
    }
}

fn measure(write: bool, elf: Option<&Path>, sources: Option<&Path>) -> anyhow::Result<Exit> {
    // Whether the table has a place is known before anything is built.
    let root = write.then(|| find(sources)).transpose()?;
    let elf = match elf {
        Some(elf) => elf.to_owned(),
        None => build(&find(sources)?, true)?,
    };
    let measured = costs::measure(&elf.display().to_string())?;
    let mut out = anstream::stdout().lock();
    write!(out, "{}", costs::table(&measured))?;
    let file = costs::file(&measured.costs);
    match root {
        Some(root) => {
            let path = root.join(TABLE);
            let wrote = |w: &mut dyn Write| w.write_all(file.as_bytes());
            Output::prepare(&path)?
                .commit(|w| wrote(w))
                .with_context(|| format!("writing {}", path.display()))?;
            eprintln!("written: {}", path.display());
        }
        None => writeln!(out, "\n{file}")?,
    }
    Ok(Exit::Expected)
}

/// Builds the firmware; where its file is.
fn build(root: &Path, trial: bool) -> anyhow::Result<PathBuf> {
    let cross = root.join("target/cross");
    let built = cross.join(TRIPLE).join("release/bletwin-nrf52840");
    let file = if has_target()? {
        with_rustup(root, &cross, trial)?;
        built
    } else if Path::new(DEBIAN).exists() && root.join(SCRIPT).exists() {
        // Where it builds is known this way.
        let mut script = Command::new("bash");
        script.arg(SCRIPT).current_dir(root).env_remove("CARGO_TARGET_DIR");
        run(&mut script, SCRIPT)?;
        if trial { cross.join("bletwin-nrf52840-trial") } else { built }
    } else {
        return Err(BadInput {
            what: format!("no compiler here builds for {TRIPLE}"),
            help: format!("get one by `rustup target add {TRIPLE}`"),
        }
        .into());
    };
    if !file.exists() {
        anyhow::bail!("it was built, but {} is not there", file.display());
    }
    Ok(file)
}

/// The folder of the sources.
fn find(given: Option<&Path>) -> Result<PathBuf, BadInput> {
    let holds = |folder: &Path| folder.join(FIRMWARE).join("Cargo.toml").is_file();
    if let Some(folder) = given {
        return holds(folder).then(|| folder.to_owned()).ok_or_else(|| BadInput {
            what: format!("{} has no {FIRMWARE}", folder.display()),
            help: "name the folder that bletwin's sources are in".into(),
        });
    }
    let here = std::env::current_dir().unwrap_or_default();
    here.ancestors().find(|folder| holds(folder)).map(Path::to_owned).ok_or_else(|| BadInput {
        what: format!("neither this folder nor one above it has {FIRMWARE}"),
        help: "go to the folder of bletwin's sources, or name it by --sources".into(),
    })
}

/// Whether rustup has installed the target.
fn has_target() -> Result<bool, BadInput> {
    let output = Command::new("rustc").args(["--print", "sysroot"]).output();
    let output = output.map_err(|error| missing("rustc", &error))?;
    let root = String::from_utf8_lossy(&output.stdout);
    let library = Path::new(root.trim()).join("lib/rustlib").join(TRIPLE).join("lib");
    Ok(output.status.success() && library.is_dir())
}

fn with_rustup(root: &Path, cross: &Path, trial: bool) -> anyhow::Result<()> {
    // An absolute path: cargo takes it from where it runs.
    let cross = std::path::absolute(cross).context("the folder to build in")?;
    // As cargo sees it. On Windows that is another form, which cargo does not take.
    let root = match cfg!(windows) {
        true => std::path::absolute(root),
        false => root.canonicalize(),
    };
    let root = root.context("the folder of the sources")?;
    let mut cargo = Command::new("cargo");
    cargo.current_dir(root.join(FIRMWARE));
    let home = std::env::var_os("CARGO_HOME").map(PathBuf::from);
    let home = home.or_else(|| Some(std::env::home_dir()?.join(".cargo")));
    let asked = ["CARGO_ENCODED_RUSTFLAGS", "RUSTFLAGS"].map(|name| std::env::var(name).ok());
    cargo.env("CARGO_ENCODED_RUSTFLAGS", flags(&asked, &root, &cross, home.as_deref()));
    let wrapper = root.join(WRAPPER);
    if cfg!(unix) && wrapper.exists() {
        cargo.env("RUSTC_WRAPPER", wrapper);
    }
    cargo.args(["build", "--release", "--locked", "--target", TRIPLE, "--target-dir"]).arg(cross);
    if trial {
        cargo.args(["--features", "trial"]);
    }
    run(&mut cargo, "cargo")
}

/// What the compiler is told, as cargo takes it: what the user wants (encoded, or as words), and
/// that no path of this machine gets into the file. The same is in [`SCRIPT`].
fn flags(
    [encoded, words]: &[Option<String>; 2],
    root: &Path,
    cross: &Path,
    home: Option<&Path>,
) -> String {
    let asked = encoded.as_ref().map(|encoded| encoded.split(SEPARATOR).collect::<Vec<_>>());
    let asked = asked.or_else(|| words.as_ref().map(|words| words.split_whitespace().collect()));
    let asked = asked.unwrap_or_default().into_iter().filter(|word| !word.is_empty());
    let fetched = home.map(|home| home.join("registry/src"));
    // Where it is a link, the compiler sees the folder that it names, too.
    let real = fetched.as_ref().and_then(|fetched| fetched.canonicalize().ok());
    let real = real.filter(|real| fetched.as_ref() != Some(real) && !cfg!(windows));
    let mapped = fetched.into_iter().chain(real).map(|from| (from, "")).chain([
        (root.to_owned(), ""),
        // The last that fits counts.
        (cross.to_owned(), "target/cross/"),
    ]);
    let end = std::path::MAIN_SEPARATOR;
    let mapped =
        mapped.map(|(from, to)| format!("--remap-path-prefix={}{end}={to}", from.display()));
    let all: Vec<String> = asked.map(str::to_owned).chain(mapped).collect();
    all.join(&SEPARATOR.to_string())
}

/// Runs a compiler; its output goes to standard error.
fn run(command: &mut Command, name: &str) -> anyhow::Result<()> {
    let status = command.stdin(Stdio::null()).stdout(std::io::stderr()).status();
    let status = status.map_err(|error| missing(name, &error))?;
    if !status.success() {
        anyhow::bail!("{name} could not build it ({status}); what it says is above");
    }
    Ok(())
}

fn missing(name: &str, error: &std::io::Error) -> BadInput {
    let what = match error.kind() {
        ErrorKind::NotFound => format!("there is no `{name}`"),
        _ => format!("`{name}` cannot be run: {error}"),
    };
    BadInput { what, help: "install Rust as https://rustup.rs says".into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(unix)]
    #[test]
    fn no_path_of_this_machine_gets_into_a_firmware() {
        let flags = |asked: [Option<&str>; 2]| {
            let asked = asked.map(|one| one.map(str::to_owned));
            let home = Path::new("/home/me/.cargo");
            let flags =
                flags(&asked, Path::new("/a b"), Path::new("/a b/target/cross"), Some(home));
            flags.split(SEPARATOR).map(str::to_owned).collect::<Vec<_>>()
        };
        let own = [
            "--remap-path-prefix=/home/me/.cargo/registry/src/=",
            "--remap-path-prefix=/a b/=",
            "--remap-path-prefix=/a b/target/cross/=target/cross/",
        ];
        assert_eq!(flags([None, None]), own);
        assert_eq!(flags([None, Some(" -Dwarnings  -g")])[..2], ["-Dwarnings", "-g"]);
        assert_eq!(flags([Some("--cfg\x1fa b"), Some("-g")])[..3], ["--cfg", "a b", own[0]]);
    }
}
