//! Bytes into lines: fed in chunks of any size, handed out a line at a time with its number, never
//! holding more than [`LINE_MAX`] bytes. A longer line is handed out in pieces under one number;
//! where it is cut depends on the line alone, not on the chunks. UTF-16 with a byte order mark (as
//! PowerShell's `>` writes) loses its zero bytes, which leaves the ASCII that matters.

/// The most bytes of one piece of a line.
pub(super) const LINE_MAX: usize = 64 * 1024;
/// How far back from the end of a full piece a good place for the cut is looked for.
const CUT_BACK: usize = 16 * 1024;

/// The cutter and what it holds of the line that has not ended yet.
#[derive(Debug, Default)]
pub(super) struct Lines {
    held: Vec<u8>,
    number: u64,
    started: bool,
    wide: bool,
}

impl Lines {
    /// Takes the next bytes and hands out each line, or piece of one, that they end.
    pub(super) fn feed(&mut self, bytes: &[u8], each: &mut impl FnMut(u64, &[u8])) {
        let Some(first) = bytes.first() else { return };
        if !self.started {
            self.started = true;
            self.wide = matches!(first, 0xff | 0xfe);
        }
        if self.wide {
            let narrow: Vec<u8> =
                bytes.iter().copied().filter(|byte| !matches!(byte, 0 | 0xff | 0xfe)).collect();
            self.cut(&narrow, each);
        } else {
            self.cut(bytes, each);
        }
    }

    /// Hands out what is left after the last line end.
    pub(super) fn finish(&mut self, each: &mut impl FnMut(u64, &[u8])) {
        if !self.held.is_empty() {
            each(self.number + 1, &self.held);
            self.held.clear();
        }
    }

    fn cut(&mut self, mut bytes: &[u8], each: &mut impl FnMut(u64, &[u8])) {
        while let Some(end) = memchr::memchr(b'\n', bytes) {
            let (line, rest) = bytes.split_at(end);
            bytes = rest.get(1..).unwrap_or_default();
            if self.held.is_empty() && line.len() <= LINE_MAX {
                self.number += 1;
                each(self.number, line);
                continue;
            }
            self.hold(line, each);
            self.number += 1;
            each(self.number, &self.held);
            self.held.clear();
        }
        self.hold(bytes, each);
    }

    /// Keeps a part of an unfinished line; full pieces go out.
    fn hold(&mut self, mut part: &[u8], each: &mut impl FnMut(u64, &[u8])) {
        while self.held.len() + part.len() > LINE_MAX {
            let (now, later) = part.split_at(LINE_MAX - self.held.len());
            self.held.extend_from_slice(now);
            part = later;
            let place = good_cut(&self.held);
            each(self.number + 1, self.held.get(..place).unwrap_or_default());
            self.held.drain(..place);
        }
        self.held.extend_from_slice(part);
    }
}

/// Where a full piece is best cut: after a closing brace, else after a carriage return, a quote, a
/// comma or a blank near its end, else at the end.
fn good_cut(piece: &[u8]) -> usize {
    let from = piece.len().saturating_sub(CUT_BACK);
    let tail = piece.get(from..).unwrap_or_default();
    let place =
        [b'}', b'\r', b'"', b',', b' '].iter().find_map(|byte| memchr::memrchr(*byte, tail));
    place.map_or(piece.len(), |place| from + place + 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn cut(chunks: &[&[u8]]) -> Vec<(u64, Vec<u8>)> {
        let mut lines = Lines::default();
        let mut seen = Vec::new();
        let mut each = |number: u64, line: &[u8]| seen.push((number, line.to_vec()));
        for chunk in chunks {
            lines.feed(chunk, &mut each);
        }
        lines.finish(&mut each);
        seen
    }

    #[test]
    fn an_endless_line_goes_out_in_pieces_under_one_number() {
        let text = [b"a\n".to_vec(), vec![b'x'; 3 * LINE_MAX], b"\nb".to_vec()].concat();
        let seen = cut(&[&text]);
        assert_eq!(seen.iter().map(|(number, _)| *number).collect::<Vec<_>>(), [1, 2, 2, 2, 3]);
        assert!(seen.iter().all(|(_, piece)| piece.len() <= LINE_MAX));
        assert_eq!(seen.iter().map(|(_, piece)| piece.len()).sum::<usize>(), 3 * LINE_MAX + 2);
    }

    #[test]
    fn utf_16_of_either_order_reads_as_ascii() {
        let little: Vec<u8> =
            "\u{feff}one\r\ntwo".encode_utf16().flat_map(u16::to_le_bytes).collect();
        let big: Vec<u8> = "\u{feff}one\r\ntwo".encode_utf16().flat_map(u16::to_be_bytes).collect();
        for text in [little, big] {
            assert_eq!(cut(&[&text]), [(1, b"one\r".to_vec()), (2, b"two".to_vec())]);
        }
    }

    proptest! {
        #[test]
        fn chunks_do_not_matter(runs in prop::collection::vec((0_u8..8, 1_usize..90_000), 0..6), at in 1_usize..70_000) {
            let text: Vec<u8> = runs.iter().flat_map(|(kind, length)| vec![b"\nx} ,\r\"\xff"[usize::from(*kind)]; *length]).collect();
            let chunks: Vec<&[u8]> = text.chunks(at).collect();
            prop_assert_eq!(cut(&chunks), cut(&[&text]));
        }
    }
}
