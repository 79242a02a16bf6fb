//! Makes inputs of `h4` from inputs of `hci`; `framed-` goes before their names:
//! `cargo run -p bletwin-hostile --example framed -- FROM TO`

use std::path::Path;
use std::{env, fs, io};

fn main() -> io::Result<()> {
    let folders: Vec<_> = env::args_os().skip(1).collect();
    let [from, to] = &folders[..] else {
        return Err(io::Error::other("say from which folder to which: framed FROM TO"));
    };
    fs::create_dir_all(to)?;
    for file in fs::read_dir(from)? {
        let file = file?;
        let framed = bletwin_hostile::framed(&fs::read(file.path())?);
        let name = format!("framed-{}", file.file_name().display());
        fs::write(Path::new(to).join(name), framed)?;
    }
    Ok(())
}
