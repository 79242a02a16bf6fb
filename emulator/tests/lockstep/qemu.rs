//! QEMU's Cortex-M4 (machine mps2-an386).

use std::io;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::image::{FILE, Image, WORDS};

/// Whether QEMU is installed.
pub(crate) fn installed() -> bool {
    let version = Command::new("qemu-system-arm").arg("--version").stdout(Stdio::null()).status();
    version.is_ok_and(|status| status.success())
}

fn command(folder: &Path, image: &[u8]) -> io::Result<Command> {
    std::fs::write(folder.join("image.bin"), image)?;
    let mut command = Command::new("qemu-system-arm");
    command
        .current_dir(folder)
        .args(["-M", "mps2-an386", "-display", "none", "-monitor", "none", "-serial", "none"])
        .args(["-semihosting-config", "enable=on,target=native", "-kernel", "image.bin"]);
    Ok(command)
}

/// Runs an image; the words of each program's result.
pub(crate) fn run(image: &Image) -> io::Result<Vec<[u32; WORDS]>> {
    let folder = tempfile::tempdir()?;
    let status = command(folder.path(), &image.octets)?.status()?;
    let octets = std::fs::read(folder.path().join(FILE));
    if !status.success() {
        return Err(io::Error::other(format!("QEMU ended with {status}: a program faulted")));
    }
    Ok(results(&octets?))
}

/// Runs an image of exceptions, instruction by instruction so that they are taken immediately;
/// returns the words that it writes.
pub(crate) fn run_octets(image: &[u8]) -> io::Result<Vec<u32>> {
    let folder = tempfile::tempdir()?;
    command(folder.path(), image)?.arg("-singlestep").status()?;
    let octets = std::fs::read(folder.path().join(FILE))?;
    Ok(octets.as_chunks().0.iter().map(|word| u32::from_le_bytes(*word)).collect())
}

/// Octets as results.
pub(crate) fn results(octets: &[u8]) -> Vec<[u32; WORDS]> {
    let words: Vec<u32> =
        octets.as_chunks().0.iter().map(|word| u32::from_le_bytes(*word)).collect();
    words.as_chunks().0.to_vec()
}

/// The state before each instruction of one program, as QEMU logs it: R0–R15, then APSR's flags.
pub(crate) fn trace(image: &Image) -> io::Result<Vec<[u32; 17]>> {
    let folder = tempfile::tempdir()?;
    let mut command = command(folder.path(), &image.octets)?;
    command.args(["-singlestep", "-d", "cpu,exec,nochain", "-D", "log"]).status()?;
    let log = std::fs::read_to_string(folder.path().join("log"))?;
    let mut states = Vec::new();
    let mut state = [0; 17];
    for line in log.lines() {
        if let Some(flags) = line.strip_prefix("XPSR=") {
            state[16] = hexadecimal(&flags[..8]) & 0xF800_0000;
            states.push(state);
        }
        for field in line.split_whitespace().filter(|_| line.starts_with('R')) {
            if let Some((name, value)) = field.split_once('=')
                && let Ok(number) = name[1..].parse::<usize>()
            {
                state[number & 15] = hexadecimal(value);
            }
        }
    }
    Ok(states)
}

fn hexadecimal(text: &str) -> u32 {
    u32::from_str_radix(text, 16).unwrap_or(0)
}
