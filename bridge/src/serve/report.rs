//! What can be watched while it happens: log lines, the ladder, a capture.

use std::fs::File;
use std::io::{self, Write};

use ble::log::Stamp;
use ble::time::Instant;
use bletwin_sim::medium::MediumConfig;
use bletwin_sim::record::{Note, Record, RecordKind};
use bletwin_sim::report::capture::{self, AirCapture, Style};
use bletwin_sim::report::{ladder, log, seconds};
use bletwin_sim::sniffer::AirItem;

use super::lent::Lent;
use super::sink::{Put, Sink, WAITING_MAX};

/// The requested reports.
#[derive(Debug, Default)]
pub struct Watching {
    /// Devices' log lines.
    pub log: bool,
    /// Packets on air, empty ones left out.
    pub ladder: bool,
    /// The file for all packets.
    pub capture: Option<Capture>,
    /// Decrypted in the capture, where the key is known.
    pub decrypted: bool,
}

/// The file of a capture.
#[derive(Debug)]
pub struct Capture {
    /// Open for writing.
    pub file: File,
    /// The former content of the file is replaced: it is no pipe, terminal or shared output. Those
    /// are written by a separate thread, so that a slow reader delays nothing else.
    pub replaces: bool,
}

/// See the [module](self).
#[derive(Debug)]
pub(super) struct Reporter {
    log: bool,
    ladder: bool,
    capture: Option<Sink>,
    air: AirCapture,
}

impl Reporter {
    /// Begins the capture. `ports` are the names of the endpoints.
    pub(super) fn new(watching: Watching, ports: &[String]) -> io::Result<Self> {
        let mut sink = None;
        if let Some(Capture { file, replaces }) = watching.capture {
            // Only now, when everything else is in place, is an old file given up.
            if replaces {
                file.set_len(0)?;
            }
            let mut begun = if replaces { Sink::file(file) } else { Sink::reader(file)? };
            begun.put(capture::head("air", ports))?;
            sink = Some(begun);
        }
        let noise = MediumConfig::default().noise_floor_dbm;
        let style = if watching.decrypted { Style::Decrypted } else { Style::OnAir };
        let air = AirCapture::new(i8::try_from(noise).unwrap_or(i8::MIN), style);
        Ok(Self { log: watching.log, ladder: watching.ladder, capture: sink, air })
    }

    /// Writes all that is settled. The file holds whole blocks afterwards.
    pub(super) fn report(&mut self, air: &mut impl Lent, out: &mut dyn Write) -> io::Result<()> {
        let mut blocks = Vec::new();
        let mut wrote = false;
        for (record, item) in air.settled() {
            if self.capture.is_some() {
                self.block(air, &record, item.as_ref(), &mut blocks);
            }
            if let Some(line) = self.line(air, &record, item.as_ref()) {
                writeln!(out, "{line}")?;
                wrote = true;
            }
        }
        if wrote {
            out.flush()?;
        }
        if let Some(sink) = self.capture.as_mut().filter(|_| !blocks.is_empty())
            && sink.put(blocks)? == Put::Ended
        {
            let (limit, at) = (WAITING_MAX >> 20, seconds(air.now()));
            writeln!(out, "capture: its reader is {limit} MiB behind, so it ends before {at} s")?;
            out.flush()?;
        }
        Ok(())
    }

    /// Nothing more is to be written.
    pub(super) fn finish(&mut self, out: &mut dyn Write) -> io::Result<()> {
        let left = self.capture.as_mut().map_or(Ok(0), Sink::finish)?;
        if left > 0 {
            writeln!(out, "capture: its reader has not taken the last {left} octets")?;
            out.flush()?;
        }
        Ok(())
    }

    fn block(
        &mut self,
        air: &impl Lent,
        record: &Record,
        item: Option<&AirItem>,
        blocks: &mut Vec<u8>,
    ) {
        match (&record.kind, item) {
            (RecordKind::AirTx(tx), Some(item)) => {
                let sender = air.name(record.node);
                blocks.extend(self.air.packet(item, tx, Some(sender)));
            }
            (RecordKind::Note(Note::H4 { to_host, octets }), _) => {
                let port = air.port_of(record.node).map_or(0, |port| port.0);
                let interface = u32::try_from(port + 1).unwrap_or(0);
                blocks.extend(capture::hci_packet(interface, record.at, *to_host, octets));
            }
            _ => {}
        }
    }

    fn line(&self, air: &impl Lent, record: &Record, item: Option<&AirItem>) -> Option<String> {
        match (&record.kind, item) {
            (RecordKind::Note(note @ (Note::Log(_) | Note::Said(..))), _) if self.log => {
                let time = Stamp(record.at.since(Instant::ZERO));
                let name = air.name(record.node);
                Some(format!("{name}: [{time}] {}", log::line(note)?))
            }
            // Reported in any case: the host may wait forever.
            (RecordKind::Note(Note::Host(text)), _) => {
                let port = air.port_of(record.node)?;
                Some(port_line(record.at, port.0 + 1, text))
            }
            (RecordKind::Shown(ui), _) => air.shows(record.node, ui),
            (RecordKind::AirTx(_), Some(item)) if self.ladder => {
                let connection = item.connection.map(|number| format!("#{number}"));
                ladder::substantial(item)
                    .then(|| format!("{:<4}{}", connection.unwrap_or_default(), ladder::line(item)))
            }
            _ => None,
        }
    }
}

/// A line about a port, with the time.
pub(super) fn port_line(now: Instant, number: usize, what: &str) -> String {
    format!("endpoint {number}: {what} at {} s", seconds(now))
}
