//! Comments of files that are written.

/// Longest line of a comment.
const WIDTH: usize = 98;

/// Adds a comment, broken into lines. What a device said of itself is not in it.
pub(crate) fn comment(text: &mut String, what: &str) {
    let mut line = "#".to_owned();
    for word in what.split_whitespace() {
        if line.len() + word.len() + 1 > WIDTH {
            *text += &format!("{line}\n");
            line = "#".to_owned();
        }
        line += &format!(" {word}");
    }
    *text += &format!("{line}\n");
}
