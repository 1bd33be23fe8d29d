//! Takes secrets out of answers, for the providers that echo what they were sent (D-46). A safety net: the boundary is
//! that a secret goes to its own origins only.
//!
//! A secret is looked for as it is, in hex, and in base64 at each of the three places it can have inside longer base64.
//! Each of these is recognised however its bytes are written: plain, percent-, JSON- or HTML-escaped, also mixed.
//! Members of JSON answers whose name says that they are tokens lose their value whatever it is.

use std::fmt::Write;

use base64::Engine;
use base64::engine::GeneralPurpose;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use zeroize::Zeroizing;

use crate::kernel::text;
use crate::outbound::request::Response;

/// What stands where a secret was.
pub(in crate::vault) const REMOVED: &str = "[removed]";
/// Shorter secrets would take harmless words out of answers.
const MIN_LEN: usize = 8;
/// Names of JSON members that hold tokens, without case, hyphens and underscores.
const TOKEN_NAMES: [&str; 5] = ["accesstoken", "refreshtoken", "idtoken", "clientsecret", "privatekey"];

/// The secrets that one request carries.
#[derive(Default)]
pub(in crate::vault) struct Scrub {
    forms: Vec<Zeroizing<Vec<u8>>>,
}

impl Scrub {
    /// Remembers a secret in all its forms.
    pub(in crate::vault) fn add(&mut self, secret: &str) {
        let bytes = secret.as_bytes();
        if bytes.len() < MIN_LEN {
            return;
        }
        self.push(bytes.to_vec());
        let hex = Zeroizing::new(text::hex(bytes));
        self.push(hex.to_ascii_uppercase().into_bytes());
        self.push(hex.as_bytes().to_vec());
        for alphabet in [&STANDARD_NO_PAD, &URL_SAFE_NO_PAD] {
            for shift in 0..3 {
                self.push(aligned(alphabet, shift, bytes));
            }
        }
        if !secret.is_ascii() {
            self.push(escaped(secret, |text, c| {
                c.encode_utf16(&mut [0; 2]).iter().try_for_each(|unit| write!(text, "\\u{unit:04x}"))
            }));
            self.push(escaped(secret, |text, c| write!(text, "&#{};", u32::from(c))));
        }
    }

    /// The answer without the secrets.
    pub(in crate::vault) fn clean(&self, mut response: Response) -> Response {
        let length = response.body.len();
        response.body = hide_members(self.clean_bytes(response.body));
        if response.body.len() != length {
            response.headers.retain(|(name, _)| name != "content-length");
        }
        for (_, value) in &mut response.headers {
            *value = self.clean_text(std::mem::take(value));
        }
        response
    }

    /// A text without the secrets.
    pub(in crate::vault) fn clean_text(&self, text: String) -> String {
        String::from_utf8(self.clean_bytes(text.into_bytes())).unwrap_or_else(|_cut_inside_a_letter| REMOVED.to_owned())
    }

    fn push(&mut self, form: Vec<u8>) {
        let form = Zeroizing::new(form);
        if !self.forms.contains(&form) {
            self.forms.push(form);
        }
    }

    fn clean_bytes(&self, body: Vec<u8>) -> Vec<u8> {
        let mut starts = [false; 256];
        for first in self.forms.iter().filter_map(|form| form.first()).chain(b"%\\&+") {
            if let Some(start) = starts.get_mut(usize::from(*first)) {
                *start = !self.forms.is_empty();
            }
        }
        let mut ends = Ends::default();
        let mut found: Vec<(usize, usize)> = Vec::new();
        let mut resume = 0;
        for (at, byte) in body.iter().enumerate() {
            if at < resume || !starts.get(usize::from(*byte)).is_some_and(|start| *start) {
                continue;
            }
            if let Some(end) = self.forms.iter().filter_map(|form| ends.of(&body, at, form)).max() {
                found.push((at, end));
                resume = end;
            }
        }
        replace(body, &found)
    }
}

/// Where a form can end, for each way to read the bytes before.
#[derive(Default)]
struct Ends {
    now: Vec<usize>,
    next: Vec<usize>,
}

impl Ends {
    /// The end of `form` if it stands in `body` at `at`.
    fn of(&mut self, body: &[u8], at: usize, form: &[u8]) -> Option<usize> {
        self.now.clear();
        self.now.push(at);
        for byte in form {
            self.next.clear();
            for at in &self.now {
                step(body.get(*at..).unwrap_or_default(), *byte, |length| self.next.push(at + length));
            }
            if self.next.is_empty() {
                return None;
            }
            self.next.dedup();
            std::mem::swap(&mut self.now, &mut self.next);
        }
        self.now.iter().copied().max()
    }
}

/// Calls `found` with the length of each way in which `rest` begins with `byte`.
fn step(rest: &[u8], byte: u8, mut found: impl FnMut(usize)) {
    if rest.first() == Some(&byte) {
        found(1);
    }
    match rest {
        [b'+', ..] if byte == b' ' => found(1),
        [b'%', high, low, ..] if hex_value(&[*high, *low]) == Some(u32::from(byte)) => found(3),
        [b'\\', b'u', a, b, c, d, ..] if byte.is_ascii() && hex_value(&[*a, *b, *c, *d]) == Some(u32::from(byte)) => {
            found(6);
        }
        [b'\\', letter, ..] if short_escape(*letter) == Some(byte) => found(2),
        [b'&', rest @ ..] if byte.is_ascii() => {
            let name = rest.iter().position(|byte| *byte == b';').filter(|length| *length <= 8);
            if let Some(name) = name.and_then(|length| rest.get(..length))
                && entity(name) == Some(u32::from(byte))
            {
                found(name.len() + 2);
            }
        }
        _ => {}
    }
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

/// The characters of base64 that depend on `bytes` alone when `shift` bytes stand in front of them.
fn aligned(alphabet: &GeneralPurpose, shift: usize, bytes: &[u8]) -> Vec<u8> {
    let padded = Zeroizing::new([[0_u8; 3].get(..shift).unwrap_or_default(), bytes].concat());
    let text = Zeroizing::new(alphabet.encode(&*padded));
    let range = (shift * 8).div_ceil(6)..padded.len() * 8 / 6;
    text.as_bytes().get(range).unwrap_or_default().to_vec()
}

fn escaped(secret: &str, escape: impl Fn(&mut String, char) -> std::fmt::Result) -> Vec<u8> {
    let mut text = String::with_capacity(secret.len() * 8);
    for c in secret.chars() {
        if c.is_ascii() {
            text.push(c);
        } else {
            // Writing to a String cannot fail.
            escape(&mut text, c).ok();
        }
    }
    text.into_bytes()
}

/// Puts [`REMOVED`] in place of each range; they are in order and do not overlap.
fn replace(body: Vec<u8>, found: &[(usize, usize)]) -> Vec<u8> {
    if found.is_empty() {
        return body;
    }
    let mut clean = Vec::with_capacity(body.len());
    let mut from = 0;
    for (at, end) in found {
        clean.extend_from_slice(body.get(from..*at).unwrap_or_default());
        clean.extend_from_slice(REMOVED.as_bytes());
        from = *end;
    }
    clean.extend_from_slice(body.get(from..).unwrap_or_default());
    clean
}

/// Empties token-named members of a JSON text. It reads strings and colons only, so numbers and spaces stay as they
/// came, and a text that breaks off is cleaned as far as it goes.
fn hide_members(body: Vec<u8>) -> Vec<u8> {
    if !matches!(body.trim_ascii_start().first(), Some(b'{' | b'[')) {
        return body;
    }
    let mut found: Vec<(usize, usize)> = Vec::new();
    let mut at = 0;
    while let Some(quote) = position(&body, at, |byte| byte == b'"') {
        let end = string_end(&body, quote + 1);
        at = end + 1;
        let Some(colon) = position(&body, at, |byte| !byte.is_ascii_whitespace()) else { break };
        if body.get(colon) != Some(&b':') || !is_token_name(body.get(quote + 1..end).unwrap_or_default()) {
            continue;
        }
        let Some(value) = position(&body, colon + 1, |byte| !byte.is_ascii_whitespace()) else { break };
        if body.get(value) == Some(&b'"') {
            let end = string_end(&body, value + 1);
            if end > value + 1 {
                found.push((value + 1, end));
            }
            at = end + 1;
        }
    }
    replace(body, &found)
}

fn position(body: &[u8], from: usize, is_it: impl Fn(u8) -> bool) -> Option<usize> {
    body.get(from..)?.iter().position(|byte| is_it(*byte)).map(|at| from + at)
}

/// Where the string that begins at `from` has its closing quote; the end of the text if it has none.
fn string_end(body: &[u8], from: usize) -> usize {
    let mut is_escaped = false;
    let end = body.get(from..).unwrap_or_default().iter().position(|byte| {
        let is_end = *byte == b'"' && !is_escaped;
        is_escaped = *byte == b'\\' && !is_escaped;
        is_end
    });
    end.map_or(body.len(), |end| from + end)
}

fn is_token_name(name: &[u8]) -> bool {
    if name.len() > 100 {
        return false;
    }
    let quoted = format!("\"{}\"", String::from_utf8_lossy(name));
    let name = serde_json::from_str::<String>(&quoted).unwrap_or(quoted);
    let plain: String = name.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect();
    TOKEN_NAMES.contains(&plain.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;
    use base64::engine::general_purpose::STANDARD;
    use base64::engine::general_purpose::URL_SAFE;

    const SECRET: &str = r#"sk/live+"<&>' 42\x~"#;

    fn cleaned(secret: &str, body: &str) -> String {
        let mut scrub = Scrub::default();
        scrub.add(secret);
        scrub.clean_text(body.to_owned())
    }

    #[test]
    fn every_form_of_a_secret_is_removed() {
        let every = |before: &str| {
            let digits: Vec<String> = SECRET.bytes().map(|byte| text::hex(&[byte])).collect();
            format!("{before}{}", digits.join(before))
        };
        let html = SECRET.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;");
        let forms = [
            SECRET.to_owned(),
            text::hex(SECRET.as_bytes()),
            text::hex(SECRET.as_bytes()).to_uppercase(),
            serde_json::to_string(SECRET).unwrap().trim_matches('"').to_owned(),
            serde_json::to_string(SECRET).unwrap().trim_matches('"').replace('/', "\\/"),
            url::form_urlencoded::byte_serialize(SECRET.as_bytes()).collect(),
            percent_encoding::utf8_percent_encode(SECRET, percent_encoding::NON_ALPHANUMERIC).to_string(),
            every("%"),
            every("%").to_uppercase(),
            every("\\u00"),
            html.replace('\'', "&#39;"),
            html.replace('\'', "&#x27;"),
            html.replace('\'', "&apos;"),
        ];

        for form in forms {
            let body = format!("before {form} after {form}");
            assert_eq!(cleaned(SECRET, &body), "before [removed] after [removed]", "{form}");
        }
    }

    #[test]
    fn base64_is_recognised_at_each_alignment() {
        let secret = "tok~?>en-1234567890";
        for engine in [&STANDARD, &URL_SAFE, &STANDARD_NO_PAD, &URL_SAFE_NO_PAD] {
            for before in ["", "u", "us", "use", "user:"] {
                for after in ["", "a", "ab"] {
                    let body = engine.encode(format!("{before}{secret}{after}"));
                    let clean = cleaned(secret, &body);
                    assert!(clean.contains(REMOVED), "{body}");
                    // At most the characters shared with a neighbour stay.
                    assert!(clean.len() <= REMOVED.len() + 12, "{clean}");
                }
            }
        }
        let in_json = STANDARD.encode("ab????>>>>>>???").replace('/', "\\/");
        assert!(cleaned("????>>>>>>???", &in_json).contains(REMOVED));
    }

    #[test]
    fn secrets_outside_ascii_are_recognised() {
        let secret = "pässwörd-🔑-1";

        assert_eq!(cleaned(secret, r"p\u00e4ssw\u00f6rd-\ud83d\udd11-1"), REMOVED);
        assert_eq!(cleaned(secret, "p&#228;ssw&#246;rd-&#128273;-1"), REMOVED);
        assert_eq!(cleaned(secret, "p%C3%A4ssw%C3%B6rd-%F0%9F%94%91-1"), REMOVED);
    }

    #[test]
    fn short_secrets_and_other_words_stay() {
        assert_eq!(cleaned("short77", "a short77 word"), "a short77 word");
        assert_eq!(cleaned("sk_live_1234", "sk_live_1235 %73 \\u0073 &amp; &"), "sk_live_1235 %73 \\u0073 &amp; &");
    }

    #[test]
    fn a_secret_with_an_escape_in_it_is_recognised_both_ways() {
        assert_eq!(cleaned("100%25&amp;abc", "<100%25&amp;abc> <100%2525&amp;amp;abc>"), "<[removed]> <[removed]>");
    }

    #[test]
    fn token_members_lose_their_value_and_the_rest_stays_as_it_came() {
        let body = r#" {"id": 12345678901234567890123, "access_token" : "a\"b", "x": {"refreshToken":"r","note":"access_token"},
            "client_secret": null, "private_key": "", "access\u005ftoken":"z", "list":["access_token","v"]}"#;
        let clean = r#" {"id": 12345678901234567890123, "access_token" : "[removed]", "x": {"refreshToken":"[removed]","note":"access_token"},
            "client_secret": null, "private_key": "", "access\u005ftoken":"[removed]", "list":["access_token","v"]}"#;

        let hide = |body: &str| String::from_utf8(hide_members(body.as_bytes().to_vec())).unwrap();
        assert_eq!(hide(body), clean);
        assert_eq!(hide(r#"{"id_token": "cut off"#), r#"{"id_token": "[removed]"#);
        assert_eq!(hide(r#"{"access_token""#), r#"{"access_token""#);
        assert_eq!(hide(r#"no json "access_token": "x""#), r#"no json "access_token": "x""#);
    }

    #[test]
    fn headers_are_cleaned_and_a_wrong_length_goes() {
        let mut scrub = Scrub::default();
        scrub.add("sk_live_1234");
        let header = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let headers = vec![header("content-length", "12"), header("link", "<https://x/?key=sk_live_1234>")];
        let duration = std::time::Duration::ZERO;

        let clean = scrub.clean(Response { status: 200, headers, body: b"sk_live_1234".to_vec(), duration });

        assert_eq!(clean.headers, [header("link", "<https://x/?key=[removed]>")]);
        assert_eq!(clean.body, REMOVED.as_bytes());
    }

    #[test]
    fn bytes_that_are_no_text_pass_through() {
        let mut scrub = Scrub::default();
        scrub.add("sk_live_1234");

        assert_eq!(scrub.clean_bytes(b"\xff\xfe%&\\u00".to_vec()), b"\xff\xfe%&\\u00");
        assert_eq!(scrub.clean_bytes(b"\xffsk_live_1234\xfe".to_vec()), b"\xff[removed]\xfe");
    }
}
