//! Captures and logs from outside: a file of any format, read, judged and explained.

use std::io::Cursor;
use std::ops::ControlFlow;

use bletwin_evidence::{Limits, Options, Reading, Source, pack};
use bletwin_explain::captured::{explain, in_pieces};

/// Records of a file, and of those advertising packets that are kept.
const LIMITS: Limits = Limits { records: 500, advertising: 200 };

/// A file. Its report in pieces equals the report of the whole.
pub fn evidence(data: &[u8]) {
    let source = Source::of("hostile", Cursor::new(data.to_vec()));
    let options = Options { limits: LIMITS, ..Options::default() };
    let mut progress = |step| match step {
        // A million keys take a second.
        Reading::Passkeys(_) => ControlFlow::Break(()),
        Reading::Records(_) => ControlFlow::Continue(()),
    };
    let packed = match pack(vec![source], options, &mut progress) {
        Ok(packed) => packed,
        Err((_, error)) => return drop(error.to_string()),
    };
    let air = (!packed.has_hosts()).then(|| {
        let told = in_pieces(&packed.outline(), packed.pieces(), &[]);
        (told.links.len(), told.connections(&told.names(false)))
    });
    let whole = explain(&packed.unpack().view);
    if let Some((links, _)) = air {
        assert_eq!(links, whole.links.len());
    }
}
