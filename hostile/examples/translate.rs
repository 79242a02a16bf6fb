//! Makes inputs of one entrance from those of another, under other names:
//! `cargo run -p bletwin-hostile --example translate -- hci-to-h4 FROM TO`, or `l2cap-to-air`.

use std::path::Path;
use std::{env, fs, io};

type Translate = fn(&[u8]) -> Vec<u8>;

fn main() -> io::Result<()> {
    let arguments: Vec<_> = env::args().skip(1).collect();
    let [how, from, to] = &arguments[..] else {
        return Err(io::Error::other("say what, from which folder and to which"));
    };
    let (prefix, translate): (&str, Translate) = match how.as_str() {
        "hci-to-h4" => ("framed", bletwin_hostile::framed),
        "l2cap-to-air" => ("aired", bletwin_hostile::aired),
        _ => return Err(io::Error::other("hci-to-h4 or l2cap-to-air")),
    };
    fs::create_dir_all(to)?;
    for file in fs::read_dir(from)? {
        let file = file?;
        let name = format!("{prefix}-{}", file.file_name().display());
        fs::write(Path::new(to).join(name), translate(&fs::read(file.path())?))?;
    }
    Ok(())
}
