//! Bytes into lines: fed in chunks of any size, handed out a line at a time with its number, never
//! holding more than [`LINE_MAX`] bytes. A longer line is handed out in pieces under one number;
//! where it is cut depends on the line alone, not on the chunks. UTF-16 (as PowerShell's `>` writes
//! it), known by its byte order mark or by a NUL at every second place of its first bytes, is read as
//! what it is.

/// The most bytes of one piece of a line.
pub(super) const LINE_MAX: usize = 64 * 1024;
/// How far back from the end of a full piece a good place for the cut is looked for.
const CUT_BACK: usize = 16 * 1024;

/// The cutter and what it holds of the line that has not ended yet.
#[derive(Debug, Default)]
pub(super) struct Lines {
    held: Vec<u8>,
    number: u64,
    /// The first bytes, until they have told the encoding.
    head: Vec<u8>,
    /// The encoding; `None` while the first bytes have not told.
    encoding: Option<Encoding>,
    /// Of UTF-16, what the last chunk left over: half a unit, and the first half of a pair.
    half: Option<u8>,
    pair: Option<u16>,
}

/// How a text's characters are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Encoding {
    /// ASCII and what extends it.
    Narrow,
    /// UTF-16, the low byte first.
    Little,
    /// UTF-16, the high byte first.
    Big,
}

/// How many bytes tell UTF-16 without a byte order mark.
const HEAD: usize = 16;

/// The encoding of a text that begins so; `None` where more of it has to be seen. A short first line
/// without a NUL tells: it need not wait for the next.
fn encoding(head: &[u8]) -> Option<Encoding> {
    match head {
        [0xff, 0xfe, ..] => return Some(Encoding::Little),
        [0xfe, 0xff, ..] => return Some(Encoding::Big),
        _ if head.contains(&b'\n') && !head.contains(&0) => return Some(Encoding::Narrow),
        _ if head.len() < HEAD => return None,
        _ => {}
    }
    let zeros = |from: usize| head.iter().skip(from).step_by(2).filter(|byte| **byte == 0).count();
    Some(match (zeros(0), zeros(1)) {
        (0, low) if low >= HEAD / 4 => Encoding::Little,
        (high, 0) if high >= HEAD / 4 => Encoding::Big,
        _ => Encoding::Narrow,
    })
}

impl Lines {
    /// Takes the next bytes and hands out each line, or piece of one, that they end.
    pub(super) fn feed(&mut self, bytes: &[u8], each: &mut impl FnMut(u64, &[u8])) {
        if let Some(encoding) = self.encoding {
            self.take(encoding, bytes, each);
            return;
        }
        self.head.extend_from_slice(bytes);
        self.encoding = encoding(self.head.get(..HEAD).unwrap_or(&self.head));
        if let Some(encoding) = self.encoding {
            let head = std::mem::take(&mut self.head);
            self.take(encoding, &head, each);
        }
    }

    fn take(&mut self, encoding: Encoding, bytes: &[u8], each: &mut impl FnMut(u64, &[u8])) {
        if encoding == Encoding::Narrow {
            self.cut(bytes, each);
            return;
        }
        let narrow = self.narrow(encoding, bytes);
        self.cut(narrow.as_bytes(), each);
    }

    /// UTF-16 as UTF-8, without the byte order mark.
    fn narrow(&mut self, encoding: Encoding, bytes: &[u8]) -> String {
        let mut units: Vec<u16> = self.pair.take().into_iter().collect();
        for byte in bytes {
            match self.half.take() {
                None => self.half = Some(*byte),
                Some(first) if encoding == Encoding::Little => {
                    units.push(u16::from_le_bytes([first, *byte]));
                }
                Some(first) => units.push(u16::from_be_bytes([first, *byte])),
            }
        }
        self.pair = units.pop_if(|last| (0xd800..0xdc00).contains(last));
        char::decode_utf16(units)
            .map(|unit| unit.unwrap_or(char::REPLACEMENT_CHARACTER))
            .filter(|character| *character != '\u{feff}')
            .collect()
    }

    /// Hands out what is left after the last line end.
    pub(super) fn finish(&mut self, each: &mut impl FnMut(u64, &[u8])) {
        let head = std::mem::take(&mut self.head);
        self.take(Encoding::Narrow, &head, each);
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
            "\u{feff}one or more\r\ntwo".encode_utf16().flat_map(u16::to_le_bytes).collect();
        let big: Vec<u8> =
            "\u{feff}one or more\r\ntwo".encode_utf16().flat_map(u16::to_be_bytes).collect();
        for text in [&little, &big] {
            assert_eq!(cut(&[text]), [(1, b"one or more\r".to_vec()), (2, b"two".to_vec())]);
            assert_eq!(
                cut(&[&text[2..]]),
                [(1, b"one or more\r".to_vec()), (2, b"two".to_vec())],
                "no mark"
            );
        }
        assert_eq!(cut(&[b"\0a"]), [(1, b"\0a".to_vec())], "too little to tell");
        assert_eq!(cut(&[b"a\0b\n"]), [(1, b"a\0b".to_vec())], "a NUL by chance");
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
