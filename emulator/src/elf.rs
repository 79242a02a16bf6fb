//! The flashed image: the octets and symbols of an ELF file.

use object::elf::PT_LOAD;
use object::read::elf::{ElfFile32, ProgramHeader};
use object::{Architecture, Object, ObjectSection as _, ObjectSymbol, SymbolKind};

use crate::memory::{Memory, RAM_BASE};

/// Why a file cannot be flashed.
#[derive(Clone, PartialEq, Eq, thiserror::Error, Debug)]
pub enum ElfError {
    /// It is no ELF file, or a damaged one.
    #[error(
        "not an ELF file that can be read: {0}; give the file that `cargo build` makes, not the \
         .hex or .bin made from it"
    )]
    Unreadable(String),
    /// It is for another processor.
    #[error("built for {0}, not for Arm: build for the target thumbv7em-none-eabihf")]
    OtherArchitecture(String),
    /// Octets lie where the chip has no memory.
    #[error(
        "{octets} octets belong at 0x{address:08x}, where this chip has no memory: is memory.x \
         that of another chip?"
    )]
    NoMemory {
        /// The first of them.
        address: u32,
        /// Length of the segment that begins there, in octets.
        octets: usize,
    },
    /// There is nothing to flash.
    #[error("nothing in it is to be loaded: is this a library or an object file?")]
    Empty,
    /// More is to be loaded than there is memory: the same place more than once.
    #[error("more is to be loaded than this chip has memory: build it anew, or give another file")]
    TooMuch,
}

/// Names of functions and variables by address.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Symbols {
    /// Address (without the Thumb bit), size and name, in order.
    by_address: Vec<(u32, u32, String)>,
}

impl Symbols {
    /// The symbol that an address lies in, demangled as far as the file itself is.
    #[must_use]
    pub fn at(&self, address: u32) -> Option<&str> {
        let next = self.by_address.partition_point(|(start, ..)| *start <= address);
        let (start, size, name) = self.by_address.get(next.checked_sub(1)?)?;
        (address - start < (*size).max(1)).then_some(name)
    }

    #[cfg(test)]
    pub(crate) fn named(names: &[(u32, u32, &str)]) -> Self {
        let entry = |&(address, size, name): &(u32, u32, &str)| (address, size, name.to_owned());
        Self { by_address: names.iter().map(entry).collect() }
    }

    /// Where the last symbol of RAM below an address ends, 0 without one.
    pub(crate) fn end_below(&self, top: u32) -> u32 {
        let below = self.by_address.iter().filter(|(start, size, _)| {
            *start >= RAM_BASE && *size > 0 && start.saturating_add(*size) <= top
        });
        below.map(|(start, size, _)| start + size).max().unwrap_or(0)
    }

    /// Where a symbol is.
    #[must_use]
    pub fn address(&self, name: &str) -> Option<u32> {
        self.by_address.iter().find(|(.., other)| other == name).map(|(address, ..)| *address)
    }
}

/// Loads a file into flash, and into RAM if it has such segments, and returns its symbols. Other
/// memory is unchanged. A file may lack symbols or sections; only its loaded parts have to be
/// valid.
///
/// # Errors
/// See [`ElfError`].
pub fn load(file: &[u8], memory: &mut Memory) -> Result<Symbols, ElfError> {
    let unreadable = |error: object::Error| ElfError::Unreadable(error.to_string());
    let object = File::parse(file);
    let object = object.map_err(unreadable)?;
    if object.architecture() != Architecture::Arm {
        return Err(ElfError::OtherArchitecture(format!("{:?}", object.architecture())));
    }
    // Parts that overlap in the file must not cost more than the file is long.
    if names_exceed(&object, NAMES_MAX * file.len()) {
        return Err(ElfError::Unreadable("names of its symbols overlap".to_owned()));
    }
    let mut loaded = 0;
    let endian = object.endian();
    for header in object.elf_program_headers() {
        let octets = header.data(endian, file).map_err(|()| damaged())?;
        if header.p_type(endian) != PT_LOAD || octets.is_empty() {
            continue;
        }
        loaded += octets.len();
        if loaded > memory.octets_in_all() {
            return Err(ElfError::TooMuch);
        }
        // The physical address: variables with values lie in flash until they are copied.
        let address = header.p_paddr(endian);
        if !memory.program(address, octets) {
            return Err(ElfError::NoMemory { address, octets: octets.len() });
        }
    }
    if loaded == 0 {
        return Err(ElfError::Empty);
    }
    Ok(symbols(&object))
}

type File<'a> = ElfFile32<'a, object::Endianness>;

/// Octets of all names, of those of a file. Linkers let a name be the end of another.
const NAMES_MAX: usize = 2;

/// Whether the names of all symbols together have more octets. No more of them are looked at.
fn names_exceed(object: &File<'_>, most: usize) -> bool {
    let mut left = most;
    object.symbols().any(|symbol| {
        let length = symbol.name_bytes().map_or(0, <[u8]>::len);
        let rest = left.checked_sub(length);
        left = rest.unwrap_or(0);
        rest.is_none()
    })
}

fn damaged() -> ElfError {
    ElfError::Unreadable("a segment lies beyond its end".to_owned())
}

fn symbols(object: &File<'_>) -> Symbols {
    let texts = object.section_by_name(crate::node::TEXTS).map(|section| section.index());
    let mut by_address: Vec<_> = object
        .symbols()
        .filter(|symbol| matches!(symbol.kind(), SymbolKind::Text | SymbolKind::Data))
        // Texts of a log, with their numbers for addresses.
        .filter(|symbol| texts.is_none() || symbol.section_index() != texts)
        .filter_map(|symbol| {
            let name = symbol.name().ok()?.to_owned();
            let thumb = u64::from(symbol.kind() == SymbolKind::Text);
            Some(((symbol.address() & !thumb) as u32, symbol.size() as u32, name))
        })
        .collect();
    by_address.sort();
    Symbols { by_address }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A file with one segment: header, program header, octets.
    fn file(machine: u16, address: u32, octets: &[u8]) -> Vec<u8> {
        let mut file = b"\x7fELF\x01\x01\x01\0\0\0\0\0\0\0\0\0".to_vec();
        let halves = |file: &mut Vec<u8>, values: &[u16]| {
            file.extend(values.iter().flat_map(|value| value.to_le_bytes()));
        };
        let words = |file: &mut Vec<u8>, values: &[u32]| {
            file.extend(values.iter().flat_map(|value| value.to_le_bytes()));
        };
        halves(&mut file, &[2, machine]);
        // Version, entry, program headers, section headers, flags.
        words(&mut file, &[1, 0x101, 52, 0, 0x0500_0400]);
        halves(&mut file, &[52, 32, 1, 0, 0, 0]);
        let length = octets.len() as u32;
        // PT_LOAD, offset, virtual (RAM) and physical address, sizes, flags, alignment.
        words(&mut file, &[1, 84, 0x2000_0000, address, length, length, 5, 4]);
        file.extend(octets);
        file
    }

    const ARM: u16 = 40;

    #[test]
    fn octets_go_to_their_physical_address() {
        let mut memory = Memory::new(4096, 4096);
        assert_eq!(load(&file(ARM, 0x200, &[1, 2, 3, 4]), &mut memory), Ok(Symbols::default()));
        assert_eq!(memory.read(0x200), Some([1, 2, 3, 4]));
        assert_eq!(memory.read(0x2000_0000), Some([0, 0, 0, 0]));
    }

    #[test]
    fn what_cannot_be_flashed_says_what_to_do() {
        let mut memory = Memory::new(4096, 4096);
        let mut error = |file: &[u8]| load(file, &mut memory).unwrap_err().to_string();
        assert!(error(b"hello").contains("not the .hex or .bin"));
        assert!(error(&file(62, 0, &[1])).contains("thumbv7em-none-eabihf"));
        assert!(error(&file(ARM, 0x0800_0000, &[1])).contains("memory.x"));
        assert!(error(&file(ARM, 0, &[])).contains("nothing"));
        let whole = file(ARM, 0, &[1, 2, 3, 4]);
        for cut in 0..whole.len() {
            error(&whole[..cut]);
        }
    }

    /// A file of 200 KB must not be worth seconds, or gigabytes.
    #[test]
    fn parts_that_overlap_are_not_read_over_and_over() {
        let segment = |n: u32| [1, 84 + 32 * n, 0, 0, 4096, 4096, 5, 4];
        let mut many = file(ARM, 0, &[0; 4096]);
        let more: Vec<u8> = (0..6_000).flat_map(segment).flat_map(u32::to_le_bytes).collect();
        let at = many.len() as u32;
        many.extend(&more);
        many[28..32].copy_from_slice(&at.to_le_bytes());
        many[44..46].copy_from_slice(&6_000_u16.to_le_bytes());
        let mut memory = Memory::new(4096, 4096);
        assert_eq!(load(&many, &mut memory), Err(ElfError::TooMuch));
        assert!(ElfError::TooMuch.to_string().contains("build it anew"));

        // 3,000 symbols, the name of each nearly as long as the table of names.
        let mut named = file(ARM, 0, &[0; 4]);
        let (strings_at, count) = (named.len() as u32, 3_000);
        named.extend([&[b'a'; 6_000][..], &[0]].concat());
        let symbols_at = named.len() as u32;
        let symbol = |n: u32| [n, 0x100, 4, 0x0001_0001].map(u32::to_le_bytes).concat();
        named.extend((0..count).flat_map(symbol));
        let sections_at = named.len() as u32;
        let sections = [
            [0; 10],
            [0, 2, 0, 0, symbols_at, 16 * count, 2, 0, 4, 16],
            [0, 3, 0, 0, strings_at, 6_001, 0, 0, 1, 0],
        ];
        named.extend(sections.as_flattened().iter().flat_map(|word| word.to_le_bytes()));
        named[32..36].copy_from_slice(&sections_at.to_le_bytes());
        named[46..52].copy_from_slice(&[40, 0, 3, 0, 2, 0]);
        let error = load(&named, &mut Memory::new(4096, 4096)).unwrap_err();
        assert!(error.to_string().contains("names of its symbols overlap"), "{error}");
        assert!(error.to_string().contains("give the file that"), "{error}");
    }

    #[test]
    fn addresses_have_names_as_far_as_symbols_go() {
        let entry = |address, size, name: &str| (address, size, name.to_owned());
        let symbols = Symbols { by_address: vec![entry(8, 4, "a"), entry(0x10, 0, "b")] };
        assert_eq!(
            [7, 8, 11, 12, 0x10, 0x11].map(|at| symbols.at(at)),
            [None, Some("a"), Some("a"), None, Some("b"), None]
        );
        assert_eq!(symbols.address("b"), Some(0x10));
    }
}
