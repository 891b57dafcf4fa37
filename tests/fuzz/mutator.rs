//! A bounded random mutator: it takes seeds apart, joins, repeats, cuts and disturbs them. Stable Rust
//! only, without feedback from coverage; the seeds are near what breaks parsers, so that small steps
//! reach it.

/// The longest input.
const MOST: usize = 16 << 10;

/// What parsers stumble over, put in anywhere.
const TOKENS: &[&str] = &[
    "\0",
    "\r\n",
    "\n\n",
    "\t",
    " ",
    "\"",
    "'",
    "\\",
    "\\\"",
    "\\u0000",
    "\u{feff}",
    "\u{202e}",
    "é",
    "𝕏",
    "\u{1b}[31m",
    "\u{7f}",
    "{",
    "}",
    "{{",
    "}}",
    "[",
    "]",
    "[[",
    "]]",
    "(",
    ")",
    "<",
    ">",
    ":",
    "::",
    "://",
    ";",
    ";w=",
    ",",
    "=",
    "==",
    "@",
    "@sha256:",
    "/",
    "//",
    "../",
    "%",
    "%00",
    "%2F",
    "*",
    "?",
    "#",
    "$",
    "${",
    "$$",
    "|",
    "||",
    "&&",
    "`",
    "~",
    "-",
    "--",
    "_",
    ".",
    "..",
    "0",
    "-1",
    "1e309",
    "00",
    "18446744073709551615",
    "18446744073709551616",
    "9223372036854775808",
    "-9223372036854775809",
    "99999999999999999999999999",
    "0x",
    "NaN",
    "null",
    "true",
    "1970-01-01T00:00:00Z",
    "9999-12-31T23:59:60Z",
    "localhost",
    "127.0.0.1:5000",
    "[::1]:5000",
    "docker.io",
    "index.docker.io",
    "toomanyrequests",
    "429",
    "auth",
    "auths",
    "password",
    "sha256:",
];

/// Random numbers that a seed fixes (xorshift64*, Vigna 2014).
pub(super) struct Random(u64);

impl Random {
    pub(super) fn new(seed: u64) -> Self {
        Self(seed | 1)
    }

    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D)
    }

    /// A number below `end`; 0 where there is none.
    pub(super) fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next() >> 33).unwrap() % end.max(1)
    }

    fn pick<'a, T: ?Sized>(&mut self, from: &[&'a T]) -> &'a T {
        from[self.below(from.len())]
    }
}

/// The next input: one of the seeds, changed in one to eight places.
pub(super) fn mutated(seeds: &[Vec<u8>], random: &mut Random) -> Vec<u8> {
    let mut input = seeds[random.below(seeds.len())].clone();
    for _ in 0..=random.below(8) {
        change(&mut input, seeds, random);
    }
    input.truncate(MOST);
    input
}

fn change(input: &mut Vec<u8>, seeds: &[Vec<u8>], random: &mut Random) {
    let from = random.below(input.len() + 1);
    let to = (from + random.below(64)).min(input.len());
    match random.below(9) {
        0 => drop(input.drain(from..to)),
        1 => drop(input.splice(from..from, random.pick(TOKENS).bytes())),
        2 => drop(input.splice(from..to, random.pick(TOKENS).bytes())),
        3 if from < input.len() => input[from] ^= 1 << random.below(8),
        4 => input.insert(from, u8::try_from(random.below(256)).unwrap()),
        5 => input.truncate(from),
        6 => {
            let piece = input[from..to].to_vec();
            for _ in 0..random.below(40) {
                drop(input.splice(from..from, piece.iter().copied()));
            }
        }
        7 => {
            let other = &seeds[random.below(seeds.len())];
            let start = random.below(other.len() + 1);
            let end = (start + random.below(200)).min(other.len());
            drop(input.splice(from..from, other[start..end].iter().copied()));
        }
        _ => {
            let piece: Vec<u8> = input.drain(from..to).collect();
            let at = random.below(input.len() + 1);
            drop(input.splice(at..at, piece));
        }
    }
}
