//! What is kept of a child's output: its beginning and its end, and how much was left out between.
//! Apart because a tool may print without end, and both the first and the last lines tell a failure.

use std::collections::VecDeque;

/// A bounded copy of one output stream: at most `room` bytes, a quarter of them from the beginning.
#[derive(Debug)]
pub(crate) struct Capture {
    head: Vec<u8>,
    tail: VecDeque<u8>,
    head_room: usize,
    tail_room: usize,
    left_out: u64,
}

impl Capture {
    /// An empty capture that will keep `room` bytes.
    pub(super) fn new(room: usize) -> Self {
        let head_room = room / 4;
        Self {
            head: Vec::new(),
            tail: VecDeque::new(),
            head_room,
            tail_room: room - head_room,
            left_out: 0,
        }
    }

    /// Takes the next bytes of the stream.
    pub(super) fn push(&mut self, bytes: &[u8]) {
        let (head, rest) =
            bytes.split_at(bytes.len().min(self.head_room.saturating_sub(self.head.len())));
        self.head.extend_from_slice(head);
        let kept = rest.get(rest.len().saturating_sub(self.tail_room)..).unwrap_or_default();
        let surplus = (self.tail.len() + kept.len()).saturating_sub(self.tail_room);
        self.left_out += (rest.len() - kept.len() + surplus) as u64;
        self.tail.drain(..surplus);
        self.tail.extend(kept);
    }

    /// How many bytes from the middle are missing.
    pub(crate) fn left_out(&self) -> u64 {
        self.left_out
    }

    /// The text, with a line of its own where bytes are missing. What is not UTF-8 is replaced.
    pub(crate) fn text(&self) -> String {
        let mut bytes = self.head.clone();
        if self.left_out > 0 {
            bytes.extend_from_slice(format!("\n… {} bytes left out …\n", self.left_out).as_bytes());
        }
        let (front, back) = self.tail.as_slices();
        bytes.extend_from_slice(front);
        bytes.extend_from_slice(back);
        String::from_utf8_lossy(&bytes).into_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn beginning_and_end_survive_and_the_bound_holds(chunks in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..40), 0..20), room in 0_usize..100) {
            let whole: Vec<u8> = chunks.concat();
            let mut capture = Capture::new(room);
            for chunk in &chunks {
                capture.push(chunk);
            }
            let tail: Vec<u8> = capture.tail.iter().copied().collect();
            prop_assert!(whole.starts_with(&capture.head));
            prop_assert!(whole.ends_with(&tail));
            prop_assert!(capture.head.len() + tail.len() <= room);
            prop_assert_eq!(capture.head.len() as u64 + tail.len() as u64 + capture.left_out(), whole.len() as u64);
        }
    }

    #[test]
    fn a_gap_is_named_in_the_text() {
        let mut capture = Capture::new(8);
        capture.push(b"first, much more, last");
        assert_eq!(capture.text(), "fi\n… 14 bytes left out …\n, last");
    }
}
