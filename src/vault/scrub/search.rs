//! Looks for secrets in an answer, however their bytes are escaped there.

use zeroize::Zeroizing;

/// A search through one answer. Its work is bounded: an answer that nearly is the secret at every place would cost
/// minutes, and is removed whole.
pub(in crate::vault) struct Search<'a> {
    body: &'a [u8],
    forms: &'a [Zeroizing<Vec<u8>>],
    firsts: [bool; 256],
    work: usize,
    now: Vec<usize>,
    next: Vec<usize>,
}

impl<'a> Search<'a> {
    /// A search for any of `forms` in `body`.
    pub(in crate::vault) fn new(body: &'a [u8], forms: &'a [Zeroizing<Vec<u8>>]) -> Self {
        let mut firsts = [false; 256];
        for first in forms.iter().filter_map(|form| form.first()) {
            if let Some(is_first) = firsts.get_mut(usize::from(*first)) {
                *is_first = true;
            }
        }
        let work = body.len().saturating_mul(8).saturating_add(100_000);
        Self { body, forms, firsts, work, now: Vec::new(), next: Vec::new() }
    }

    /// Whether it was given up.
    pub(in crate::vault) fn is_spent(&self) -> bool {
        self.work == 0
    }

    /// A quick no for most bytes.
    pub(in crate::vault) fn may_start_with(&self, byte: u8) -> bool {
        self.is_first(byte) || matches!(byte, b'%' | b'\\' | b'&' | b'+')
    }

    /// The end of the longest form that stands at `at`.
    pub(in crate::vault) fn end_at(&mut self, at: usize) -> Option<usize> {
        let starts = readings(self.body.get(at..)?);
        if !starts.iter().flatten().any(|(byte, _)| self.is_first(*byte)) {
            return None;
        }
        let forms = self.forms;
        let fits = |form: &&Zeroizing<Vec<u8>>| starts.iter().flatten().any(|(byte, _)| form.first() == Some(byte));
        forms.iter().filter(fits).filter_map(|form| self.end_of(form, at)).max()
    }

    fn is_first(&self, byte: u8) -> bool {
        self.firsts.get(usize::from(byte)).is_some_and(|is_first| *is_first)
    }

    /// The end of `form` if it stands at `at`, however its bytes are written.
    fn end_of(&mut self, form: &[u8], at: usize) -> Option<usize> {
        self.now.clear();
        self.now.push(at);
        let mut is_first = true;
        for byte in form {
            self.next.clear();
            for at in &self.now {
                let readings = readings(self.body.get(*at..)?).into_iter().flatten();
                self.next.extend(readings.filter(|(read, _)| read == byte).map(|(_, length)| at + length));
            }
            if self.next.is_empty() || self.is_spent() {
                return None;
            }
            if !is_first {
                self.work = self.work.saturating_sub(self.next.len());
            }
            is_first = false;
            self.next.sort_unstable();
            self.next.dedup();
            std::mem::swap(&mut self.now, &mut self.next);
        }
        self.now.last().copied()
    }
}

/// The bytes that `rest` may begin with, as it is and unescaped, each with its length.
fn readings(rest: &[u8]) -> [Option<(u8, usize)>; 2] {
    let Some(first) = rest.first() else { return [None, None] };
    let byte = |value: Option<u32>| value.and_then(|value| u8::try_from(value).ok());
    let ascii = |value: Option<u32>| byte(value).filter(u8::is_ascii);
    let unescaped = match rest {
        [b'+', ..] => Some((b' ', 1)),
        [b'%', high, low, ..] => byte(hex_value(&[*high, *low])).map(|byte| (byte, 3)),
        [b'\\', b'u', a, b, c, d, ..] => ascii(hex_value(&[*a, *b, *c, *d])).map(|byte| (byte, 6)),
        [b'\\', letter, ..] => short_escape(*letter).map(|byte| (byte, 2)),
        [b'&', rest @ ..] => {
            // Looking on to the end for the semicolon would make a text of ampersands cost its square.
            let name = rest.iter().take(9).position(|byte| *byte == b';').and_then(|length| rest.get(..length));
            name.and_then(|name| Some((ascii(entity(name))?, name.len() + 2)))
        }
        _ => None,
    };
    [Some((*first, 1)), unescaped]
}

fn short_escape(letter: u8) -> Option<u8> {
    match letter {
        b'"' | b'\\' | b'/' | b'\'' => Some(letter),
        b'b' => Some(0x08),
        b'f' => Some(0x0c),
        b'n' => Some(b'\n'),
        b'r' => Some(b'\r'),
        b't' => Some(b'\t'),
        _ => None,
    }
}

fn entity(name: &[u8]) -> Option<u32> {
    match name {
        b"amp" => Some(u32::from(b'&')),
        b"lt" => Some(u32::from(b'<')),
        b"gt" => Some(u32::from(b'>')),
        b"quot" => Some(u32::from(b'"')),
        b"apos" => Some(u32::from(b'\'')),
        [b'#', b'x' | b'X', digits @ ..] => hex_value(digits),
        [b'#', digits @ ..] => std::str::from_utf8(digits).ok()?.parse().ok(),
        _ => None,
    }
}

fn hex_value(digits: &[u8]) -> Option<u32> {
    u32::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
}
