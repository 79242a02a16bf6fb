//! Where outputs go: through links, into pipes, never over what is no file nor over each other.
//!
//! Links in a folder of the test's own stand for what they point at: nothing that is wrong here
//! may cost the machine its devices.
#![cfg(unix)]

use std::os::unix::fs::{FileTypeExt as _, PermissionsExt as _, symlink};
use std::path::Path;
use std::process::{Command, Output, Stdio};

/// How every pcapng file begins.
const MAGIC: &[u8] = b"\x0A\x0D\x0D\x0A";

fn bletwin(folder: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_bletwin"));
    command.current_dir(folder).args(arguments).output().expect("bletwin starts")
}

fn text(octets: &[u8]) -> String {
    String::from_utf8_lossy(octets).into_owned()
}

fn refused(folder: &Path, arguments: &[&str], says: &[&str]) {
    let output = bletwin(folder, arguments);
    let error = text(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{arguments:?}: {error}");
    assert!(says.iter().all(|word| error.contains(word)), "{arguments:?}, {says:?}: {error}");
    assert!(output.stdout.is_empty(), "{arguments:?}");
}

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().expect("a folder")
}

/// What a run writes into an ordinary file.
fn capture(folder: &Path) -> Vec<u8> {
    let output = bletwin(folder, &["run", "pairing", "--pcapng", "plain.pcapng"]);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    std::fs::read(folder.join("plain.pcapng")).expect("written")
}

#[test]
fn a_link_stays_a_link_and_what_it_points_at_is_written() {
    let folder = folder();
    let at = |name: &str| folder.path().join(name);
    let expected = capture(folder.path());
    std::fs::create_dir(at("elsewhere")).expect("made");
    std::fs::write(at("elsewhere/old"), "old").expect("written");
    symlink("elsewhere/old", at("first")).expect("linked");
    symlink(at("first"), at("second")).expect("linked");
    symlink("elsewhere/new", at("dangling")).expect("linked");
    for (link, target) in [("second", "elsewhere/old"), ("dangling", "elsewhere/new")] {
        let output = bletwin(folder.path(), &["run", "pairing", "--pcapng", link]);
        assert_eq!(output.status.code(), Some(0), "{output:?}");
        assert!(at(link).is_symlink(), "{link}");
        assert_eq!(std::fs::read(at(target)).expect("written"), expected, "{link}");
    }
    symlink("round", at("round")).expect("linked");
    refused(folder.path(), &["run", "pairing", "--pcapng", "round"], &["round", "cannot write"]);
}

#[test]
fn an_old_file_keeps_its_permissions_and_a_new_one_has_those_of_the_umask() {
    let folder = folder();
    let at = |name: &str| folder.path().join(name);
    std::fs::write(at("private"), "").expect("written");
    std::fs::set_permissions(at("private"), std::fs::Permissions::from_mode(0o600)).expect("set");
    for name in ["private", "new"] {
        let script = format!("umask 027; exec \"$0\" run pairing --pcapng {name}");
        let mut shell = Command::new("sh");
        shell.current_dir(folder.path()).args(["-c", &script, env!("CARGO_BIN_EXE_bletwin")]);
        assert!(shell.output().expect("sh").status.success());
    }
    let mode = |name| std::fs::metadata(at(name)).expect("there").permissions().mode() & 0o777;
    assert_eq!([mode("private"), mode("new")], [0o600, 0o640]);
}

#[test]
fn a_fifo_is_written_into_and_stays_one() {
    let folder = folder();
    let expected = capture(folder.path());
    let fifo = folder.path().join("fifo");
    assert!(Command::new("mkfifo").arg(&fifo).status().expect("mkfifo").success());
    let mut writer = Command::new(env!("CARGO_BIN_EXE_bletwin"));
    writer.current_dir(folder.path()).args(["run", "pairing", "--pcapng", "fifo"]);
    let writer = writer.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("starts");
    // `timeout` so that the test fails, and does not hang, if nobody writes.
    let mut reader = Command::new("timeout");
    let read = reader.arg("20").arg("cat").arg(&fifo).output().expect("timeout and cat");
    let output = writer.wait_with_output().expect("it ends");
    assert!(std::fs::metadata(&fifo).expect("there").file_type().is_fifo());
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    assert_eq!(read.stdout, expected);
}

#[test]
fn a_socket_is_refused() {
    let folder = folder();
    let socket = folder.path().join("socket");
    let _bound = std::os::unix::net::UnixListener::bind(&socket).expect("bound");
    refused(folder.path(), &["run", "pairing", "--html", "socket"], &["socket", "cannot write"]);
    assert!(std::fs::metadata(&socket).expect("there").file_type().is_socket());
}

#[test]
fn standard_output_takes_a_capture_and_the_text_goes_elsewhere() {
    let folder = folder();
    let expected = capture(folder.path());
    symlink("/dev/stdout", folder.path().join("link")).expect("linked");
    for name in ["link", "-"] {
        let output = bletwin(folder.path(), &["run", "pairing", "--pcapng", name, "--ladder"]);
        assert_eq!(output.status.code(), Some(0), "{output:?}");
        assert!(output.stdout.starts_with(MAGIC) && output.stdout == expected, "{name}");
        let printed = text(&output.stderr);
        assert!(printed.contains("bonded") && printed.contains("CONNECT_IND"), "{printed}");
        assert!(!folder.path().join("-").exists());
    }
    assert!(folder.path().join("link").is_symlink());
    // Two things cannot both be standard output.
    let both = ["run", "pairing", "--json", "--pcapng", "-"];
    refused(folder.path(), &both, &["--json", "--pcapng", "standard output"]);
    let both = ["run", "pairing", "--html", "link", "--pcapng", "-"];
    refused(folder.path(), &both, &["--html", "--pcapng", "standard output"]);
}

#[test]
fn two_outputs_at_one_place_are_refused_before_the_run() {
    let folder = folder();
    let at = |name: &str| folder.path().join(name);
    std::fs::create_dir(at("sub")).expect("made");
    symlink("x", at("link")).expect("linked");
    std::fs::write(at("old"), "old").expect("written");
    std::fs::hard_link(at("old"), at("twin")).expect("linked");
    for (html, pcapng) in [("x", "x"), ("x", "./sub/../x"), ("link", "x"), ("old", "twin")] {
        let arguments = ["run", "pairing", "--html", html, "--pcapng", pcapng];
        refused(folder.path(), &arguments, &["--html", "--pcapng", "same"]);
    }
    assert!(!at("x").exists());
    assert_eq!(std::fs::read(at("old")).expect("there"), b"old");
}

#[test]
fn an_input_is_not_overwritten() {
    let folder = folder();
    let central = folder.path().join("my-laptop.toml");
    std::fs::write(&central, "version = 1\nextends = \"phone\"\n").expect("written");
    let firmware = folder.path().join("firmware.toml");
    std::fs::write(&firmware, "preset = \"recommended\"\n").expect("written");
    for (command, option) in
        [("run", "--html"), ("run", "--pcapng"), ("diagnose", "--html"), ("matrix", "--html")]
    {
        for (other, file) in [("--central", "my-laptop.toml"), ("--peripheral", "firmware.toml")] {
            let mut arguments = vec![command];
            arguments.extend((command != "matrix").then_some("pairing"));
            arguments.extend([option, file, other, file]);
            if command == "diagnose" && other != "--central" {
                arguments.extend(["--central", "phone"]);
            }
            refused(folder.path(), &arguments, &[option, other, file]);
        }
    }
    assert!(std::fs::read_to_string(central).expect("there").contains("phone"));
    assert!(std::fs::read_to_string(firmware).expect("there").contains("recommended"));
}

#[test]
fn serve_captures_to_standard_output_and_reports_elsewhere() {
    use std::io::{BufRead as _, BufReader, Read as _};
    let folder = folder();
    let socket = format!("unix:{}", folder.path().join("hci").display());
    let mut serve = Command::new(env!("CARGO_BIN_EXE_bletwin"));
    serve.args(["serve", "--endpoint", &socket, "--pcapng", "-"]).stdin(Stdio::null());
    let mut child =
        serve.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("bletwin starts");
    let mut lines = BufReader::new(child.stderr.take().expect("piped")).lines();
    assert!(lines.any(|line| line.is_ok_and(|line| line == "ready")));
    let killed = Command::new("kill").args(["-INT", &child.id().to_string()]).status();
    assert!(killed.expect("kill").success() && child.wait().expect("it ends").success());
    let mut capture = Vec::new();
    child.stdout.take().expect("piped").read_to_end(&mut capture).expect("read");
    assert!(capture.starts_with(MAGIC));
}

#[test]
fn a_folder_for_findings_that_cannot_be_made_is_reported_before_the_search() {
    let folder = folder();
    std::fs::write(folder.path().join("file"), "").expect("written");
    // Nothing ends this search but its refusal.
    for out in ["file", "file/findings", "/proc/findings"] {
        let arguments = ["explore", "--random", "--seeds", "0..1000000", "--out", out];
        refused(folder.path(), &arguments, &["--out FOLDER", out]);
    }
    let good = ["explore", "--random", "--seeds", "0..1", "--out", "new/findings"];
    assert_eq!(bletwin(folder.path(), &good).status.code(), Some(0));
    assert!(!folder.path().join("new").exists(), "nothing was found");
}
