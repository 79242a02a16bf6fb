//! Writes the inputs that the tables give, a folder for each entrance, as libFuzzer reads them:
//! `cargo run -p bletwin-hostile --example inputs -- FOLDER`

use std::path::Path;
use std::{env, fs, io};

use bletwin_hostile::{TARGETS, tables};

fn main() -> io::Result<()> {
    let Some(folder) = env::args_os().nth(1) else {
        return Err(io::Error::other("say which folder: inputs FOLDER"));
    };
    for (target, _) in TARGETS {
        let folder = Path::new(&folder).join(target);
        fs::create_dir_all(&folder)?;
        for (number, input) in tables::inputs(target).iter().enumerate() {
            fs::write(folder.join(format!("table-{number}")), input)?;
        }
    }
    Ok(())
}
