//! What a machine wrote to its console: a file in its directory, of which only the end matters.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;

/// Most bytes of a console that are looked at.
const TAIL: u64 = 4096;
/// Most lines that are given to a person.
const LINES: usize = 5;

/// The last lines of a console, without control characters; empty when there are none.
pub(super) fn last_words(path: &Path) -> String {
    let read = || -> std::io::Result<Vec<u8>> {
        let mut file = File::open(path)?;
        let length = file.metadata()?.len();
        file.seek(SeekFrom::Start(length.saturating_sub(TAIL)))?;
        let mut bytes = Vec::new();
        file.take(TAIL).read_to_end(&mut bytes)?;
        Ok(bytes)
    };
    last_lines(&String::from_utf8_lossy(&read().unwrap_or_default()))
}

/// The last lines of a text, without control characters.
pub(super) fn last_lines(text: &str) -> String {
    let lines: Vec<String> = text
        .lines()
        .map(|line| line.chars().filter(|c| !c.is_control()).collect::<String>())
        .filter(|line| !line.trim().is_empty())
        .collect();
    lines[lines.len().saturating_sub(LINES)..].join("; ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_lines_are_given_without_control_characters() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("console.log");
        let lines: Vec<String> = (0..9000).map(|n| format!("\u{1b}line {n}\r\n\n")).collect();
        std::fs::write(&path, lines.concat()).unwrap();
        assert_eq!(last_words(&path), "line 8995; line 8996; line 8997; line 8998; line 8999");
        assert_eq!(last_words(&directory.path().join("nothing")), "");
    }
}
