//! An ELF file with one more segment. What is in the file stays where it is; data and new tables
//! are put behind it, because the old tables have no room.

use object::LittleEndian as Little;
use object::U32;
use object::elf::{
    self, FileHeader32, PF_R, PT_LOAD, ProgramHeader32, SHT_PROGBITS, SectionHeader32,
};
use object::pod::{bytes_of, bytes_of_slice};
use object::read::elf::{FileHeader as _, ProgramHeader as _, SectionHeader as _};

use crate::error::BadInput;

type Header = FileHeader32<Little>;
type Segment = ProgramHeader32<Little>;
type Section = SectionHeader32<Little>;

/// The name of the new section: probe-rs flashes no segment without one.
const NAME: &[u8] = b".settings\0";

pub(super) fn damaged(what: impl std::fmt::Display) -> BadInput {
    BadInput {
        what: format!("the ELF file is damaged: {what}"),
        help: "build it anew, or give another".into(),
    }
}

/// Puts a page there: into the segment that has it already, or into a new one.
pub(super) fn write(file: &[u8], address: u32, page: &[u8]) -> Result<Vec<u8>, BadInput> {
    let header = Header::parse(file).map_err(damaged)?;
    let endian = header.endian().map_err(damaged)?;
    let segments = header.program_headers(endian, file).map_err(damaged)?;
    let sections = header.section_headers(endian, file).map_err(damaged)?;
    let end = u64::from(address) + page.len() as u64;
    for segment in segments.iter().filter(|one| one.p_type(endian) == PT_LOAD) {
        let begins = u64::from(segment.p_paddr(endian));
        let size = u64::from(segment.p_filesz(endian));
        if begins >= end || begins + size <= u64::from(address) {
            continue;
        }
        if begins > u64::from(address) || begins + size < end {
            return Err(damaged("a segment has a part of the configuration page"));
        }
        let at = u64::from(segment.p_offset(endian)) + u64::from(address) - begins;
        let mut changed = file.to_vec();
        let at = usize::try_from(at).unwrap_or(usize::MAX);
        let place = changed.get_mut(at..).and_then(|rest| rest.get_mut(..page.len()));
        place.ok_or_else(|| damaged("a segment lies beyond its end"))?.copy_from_slice(page);
        return Ok(changed);
    }
    add(file, header, segments, sections, address, page)
}

fn add(
    file: &[u8],
    header: &Header,
    segments: &[Segment],
    sections: &[Section],
    address: u32,
    page: &[u8],
) -> Result<Vec<u8>, BadInput> {
    let mut out = file.to_vec();
    let offset = append(&mut out, page)?;
    let word = |value: u32| U32::new(Little, value);
    let size = u32::try_from(page.len()).map_err(damaged)?;
    let mut sections = sections.to_vec();
    let names = header.shstrndx(Little, file).map_err(damaged)? as usize;
    if let Some(strings) = sections.get(names).filter(|_| names > 0) {
        let old = strings.data(Little, file).map_err(damaged)?;
        let name = u32::try_from(old.len()).map_err(damaged)?;
        let longer = [old, NAME].concat();
        let at = append(&mut out, &longer)?;
        if let Some(strings) = sections.get_mut(names) {
            strings.sh_offset = word(at);
            strings.sh_size = word(u32::try_from(longer.len()).map_err(damaged)?);
        }
        sections.push(Section {
            sh_name: word(name),
            sh_type: U32::new(Little, SHT_PROGBITS),
            sh_flags: U32::new_u64_truncate(Little, elf::SHF_ALLOC),
            sh_addr: word(address),
            sh_offset: word(offset),
            sh_size: word(size),
            sh_link: word(0),
            sh_info: word(0),
            sh_addralign: word(4),
            sh_entsize: word(0),
        });
    }
    let mut segments = segments.to_vec();
    segments.push(Segment {
        p_type: U32::new(Little, PT_LOAD),
        p_offset: word(offset),
        p_vaddr: word(address),
        p_paddr: word(address),
        p_filesz: word(size),
        p_memsz: word(size),
        p_flags: U32::new(Little, PF_R),
        p_align: word(4),
    });
    let mut header = *header;
    let short = |count: usize| u16::try_from(count).map_err(|_| damaged("it has too many parts"));
    header.e_phnum.set(Little, short(segments.len())?);
    header.e_shnum.set(Little, short(sections.len())?);
    header.e_phoff = word(append(&mut out, bytes_of_slice(&segments))?);
    if !sections.is_empty() {
        header.e_shoff = word(append(&mut out, bytes_of_slice(&sections))?);
    }
    let place = out.get_mut(..size_of::<Header>()).ok_or_else(|| damaged("it is too short"))?;
    place.copy_from_slice(bytes_of(&header));
    Ok(out)
}

/// Puts octets behind a file, at a multiple of four; where they are.
fn append(out: &mut Vec<u8>, octets: &[u8]) -> Result<u32, BadInput> {
    out.resize(out.len().next_multiple_of(4), 0);
    let at = u32::try_from(out.len()).map_err(|_| damaged("it is too long"))?;
    out.extend_from_slice(octets);
    Ok(at)
}
