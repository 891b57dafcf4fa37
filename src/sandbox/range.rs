//! `Range` of RFC 9110, section 14: one range of bytes; several, or another unit, mean the whole.

/// What a client wants of some bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Range {
    /// All of it.
    Whole,
    /// From the first to the last byte, both included.
    Part {
        /// The first byte.
        from: usize,
        /// The last byte.
        to: usize,
    },
    /// Bytes that are not there.
    Outside,
}

impl Range {
    /// What a header's value asks of so many bytes.
    pub(super) fn of(value: &str, length: usize) -> Self {
        let Some((first, last)) =
            value.strip_prefix("bytes=").and_then(|range| range.trim().split_once('-'))
        else {
            return Self::Whole;
        };
        let number = |text: &str| {
            let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
            digits.then(|| text.parse::<usize>().unwrap_or(usize::MAX))
        };
        let end = length.saturating_sub(1);
        match (number(first), number(last)) {
            (Some(from), _) if from >= length && (last.is_empty() || number(last).is_some()) => {
                Self::Outside
            }
            (Some(from), None) if last.is_empty() => Self::Part { from, to: end },
            (Some(from), Some(to)) if from <= to => Self::Part { from, to: to.min(end) },
            (None, Some(0)) if first.is_empty() => Self::Outside,
            (None, Some(tail)) if first.is_empty() && length > 0 => {
                Self::Part { from: length.saturating_sub(tail), to: end }
            }
            _ => Self::Whole,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use rstest::rstest;

    #[rstest]
    #[case("bytes=0-9", Range::Part { from: 0, to: 9 })]
    #[case("bytes=0-0", Range::Part { from: 0, to: 0 })]
    #[case("bytes=90-", Range::Part { from: 90, to: 99 })]
    #[case("bytes=90-500", Range::Part { from: 90, to: 99 })]
    #[case("bytes=-10", Range::Part { from: 90, to: 99 })]
    #[case("bytes=-500", Range::Part { from: 0, to: 99 })]
    #[case("bytes=100-", Range::Outside)]
    #[case("bytes=100-200", Range::Outside)]
    #[case("bytes=99999999999999999999999-", Range::Outside)]
    #[case("bytes=-0", Range::Outside)]
    #[case("bytes=9-3", Range::Whole)]
    #[case("bytes=0-1,3-4", Range::Whole)]
    #[case("bytes=-", Range::Whole)]
    #[case("bytes=a-b", Range::Whole)]
    #[case("lines=0-9", Range::Whole)]
    #[case("", Range::Whole)]
    fn ranges_of_a_hundred_bytes(#[case] value: &str, #[case] range: Range) {
        assert_eq!(Range::of(value, 100), range);
    }

    proptest! {
        #[test]
        fn a_part_is_always_inside(value in "(bytes=)?[0-9]{0,25}-?[0-9]{0,25}", length in 0_usize..200) {
            if let Range::Part { from, to } = Range::of(&value, length) {
                prop_assert!(from <= to && to < length);
            }
        }
    }
}
