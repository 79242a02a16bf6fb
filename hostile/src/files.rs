//! From files: a central's profile, a firmware, a finding.

use std::io;
use std::path::Path;

use bletwin_explore::saved::Saved;
use bletwin_models::profile;
use bletwin_setup::Firmware;

/// A profile of a central. Other files that it names do not exist.
pub fn central(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let path = Path::new("hostile.toml");
    let read = |wanted: &Path| match wanted == path {
        true => Ok(text.to_owned()),
        false => Err(io::Error::from(io::ErrorKind::NotFound)),
    };
    if let Err(error) = profile::load(path, &read) {
        let _ = error.to_string();
    }
}

/// The choices of a firmware.
pub fn firmware(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    match Firmware::parse("hostile.toml", text) {
        // Its printed form is a file again.
        Ok(firmware) => {
            let again = Firmware::parse("shown.toml", &firmware.flat());
            assert!(again.is_ok_and(|again| again.build == firmware.build));
        }
        Err(error) => drop(error.to_string()),
    }
}

/// A finding of a search. It is parsed and not run.
pub fn finding(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    match Saved::from_file(text) {
        Ok(saved) => assert!(Saved::from_file(&saved.to_file("title")).is_ok()),
        Err(error) => drop(error.to_string()),
    }
}
