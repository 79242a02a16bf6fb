//! Files as they are, and as hostile ones may be.

use object::LittleEndian as Little;
use object::read::elf::{ElfFile32, FileHeader as _};
use object::{Object as _, ObjectSection as _};
use settings::Settings;

use super::*;

/// A firmware of a few words: its program, and what it says of its page.
fn firmware() -> Vec<u8> {
    let word = u32::to_le_bytes;
    let half = u16::to_le_bytes;
    let described = [&word(ADDRESS)[..], &Settings::default().copy()].concat();
    // Header, one segment, its data, symbols, strings, four sections.
    let data_at = 52 + 32;
    let symbols_at = data_at + described.len() as u32;
    let strings = b"\0BLETWIN_SETTINGS\0.text\0.symtab\0.strtab\0";
    let strings_at = symbols_at + 32;
    let sections_at = (strings_at + strings.len() as u32).next_multiple_of(4);
    let mut file = b"\x7FELF\x01\x01\x01".to_vec();
    file.resize(16, 0);
    file.extend([half(2), half(40)].concat());
    file.extend([word(1), word(0x101), word(52), word(sections_at), word(0x0500_0000)].concat());
    file.extend([half(52), half(32), half(1), half(40), half(4), half(3)].concat());
    let size = described.len() as u32;
    file.extend([1, data_at, 0x100, 0x100, size, size, 4, 4].map(word).concat());
    file.extend(&described);
    file.extend([0; 16]);
    file.extend([word(1), word(0x100), word(size)].concat());
    file.extend([&[0x11, 0][..], &half(1)].concat());
    file.extend(strings);
    file.resize(sections_at as usize, 0);
    file.extend([0; 40]);
    file.extend([18, 1, 2, 0x100, data_at, size, 0, 0, 4, 0].map(word).concat());
    file.extend([24, 2, 0, 0, symbols_at, 32, 3, 1, 4, 16].map(word).concat());
    file.extend([32, 3, 0, 0, strings_at, strings.len() as u32, 0, 0, 1, 0].map(word).concat());
    file
}

fn some() -> Settings {
    let mut settings = Settings::default();
    settings.set("passkey", "123456").unwrap();
    settings.set("address", "C0:1D:B0:0B:1E:55").unwrap();
    settings
}

#[test]
fn an_elf_file_gets_a_page_and_keeps_the_rest() {
    let file = firmware();
    let blank = read(&file).unwrap();
    let defaults = Some(Settings::default());
    assert_eq!(blank, Content { address: ADDRESS, found: Found::Blank, defaults });
    let configured = write(&file, &some()).unwrap();
    assert_eq!(read(&configured).unwrap().found, Found::Both(some()));
    // All that was in it is where it was, but for the header, which says where the tables are.
    assert_eq!(configured[52..file.len()], file[52..]);
    let elf = ElfFile32::<object::Endianness>::parse(&*configured).unwrap();
    let section = elf.section_by_name(".settings").expect("probe-rs looks for sections");
    assert_eq!((section.address(), section.size()), (ADDRESS.into(), 4096));
    assert_eq!(section.data().unwrap(), some().page());
    let header = object::elf::FileHeader32::<Little>::parse(&*configured).unwrap();
    assert_eq!(header.program_headers(Little, &*configured).unwrap().len(), 2);
    // A second time the page is changed where it is.
    let again = write(&configured, &Settings::default()).unwrap();
    assert_eq!(again.len(), configured.len());
    assert_eq!(read(&again).unwrap().found, Found::Both(Settings::default()));
}

#[test]
fn a_hex_file_gets_a_page_and_keeps_the_rest() {
    let program = ":0400000001020304F2\n:020000040001F9\n:02FFF000AABBAA\n\
                   :0400000500000101F5\n:00000001FF\n";
    let configured = write(program.as_bytes(), &some()).unwrap();
    assert_eq!(read(&configured).unwrap().found, Found::Both(some()));
    let text = String::from_utf8(configured).unwrap();
    for line in [":0400000001020304F2", ":02FFF000AABBAA", ":0400000500000101F5", ":00000001FF"] {
        assert!(text.contains(line), "{line}\n{text}");
    }
    let page = page(&some());
    assert_eq!(read(page.as_bytes()).unwrap().found, Found::Both(some()));
    assert_eq!(write(page.as_bytes(), &some()).unwrap(), page.as_bytes());
}

#[test]
fn files_that_cannot_be_used_are_refused_with_advice() {
    for (file, what) in [
        (&b"MZ"[..], "neither ELF nor Intel HEX"),
        (b"", "neither ELF nor Intel HEX"),
        (b"\x7FELF", "cannot be flashed"),
        (b":0400000001020304F3\n:00000001FF\n", "record 1"),
        (b":0400000001020304F2\n", "has no end"),
        (b":020000021000EC\n:01FFFF00AA57\n:0100000455AA\n", "record 3"),
        (b":0100000001FE\n:0100000002FD\n:00000001FF\n", "two values"),
        (b":\xFF\xFF", "no text"),
    ] {
        let error = read(file).expect_err("refused");
        assert!(error.what.contains(what) && !error.help.is_empty(), "{error:?}");
        assert!(write(file, &some()).is_err());
    }
    let mut elsewhere = firmware();
    // The page would lie in the middle of nothing.
    elsewhere[84..88].copy_from_slice(&0x3B_0010_u32.to_le_bytes());
    assert!(read(&elsewhere).expect_err("refused").what.contains("no configuration page"));
}

/// Whatever a file has: each octet of it replaced, and each length of it.
#[test]
fn a_damaged_file_is_refused_or_configured() {
    let (file, hex) = (firmware(), page(&some()));
    let good = write(&file, &some()).unwrap();
    let short = hex.lines().take(4).chain([":00000001FF"]).collect::<Vec<_>>().join("\n");
    for original in [&file, &good[..file.len() + 16].to_vec(), &short.into_bytes()] {
        let places = 0..original.len().min(600);
        for at in places {
            let _ = read(&original[..at]);
            let _ = write(&original[..at], &some());
            for value in [0, 1, 0x7F, 0x80, 0xFF, original[at] ^ 4] {
                let mut damaged = original.clone();
                damaged[at] = value;
                let _ = read(&damaged);
                if let Ok(written) = write(&damaged, &some()) {
                    assert_eq!(read(&written).unwrap().found, Found::Both(some()), "{at}");
                }
            }
        }
    }
}
