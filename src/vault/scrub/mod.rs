//! Takes secrets out of answers, for the providers that echo what they were sent (D-46). A safety net: the boundary is
//! that a secret goes to its own origins only.
//!
//! A secret is looked for as it is, in hex, and in base64 at each of the three places it can have inside longer base64.
//! Each of these is recognised however its bytes are written: plain, percent-, JSON- or HTML-escaped, also mixed.
//! Members of JSON answers whose name says that they are tokens lose their value whatever it is.

mod members;
mod search;

use std::fmt::Write;

use base64::Engine;
use base64::engine::GeneralPurpose;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use zeroize::Zeroizing;

use crate::kernel::text;
use crate::outbound::request::Response;
use crate::vault::scrub::members::hide_members;
use crate::vault::scrub::search::Search;

/// What stands where a secret was.
pub(in crate::vault) const REMOVED: &str = "[removed]";
/// Shorter secrets would take harmless words out of answers.
const MIN_LEN: usize = 8;
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
        if self.forms.is_empty() {
            return body;
        }
        let mut search = Search::new(&body, &self.forms);
        let mut found: Vec<(usize, usize)> = Vec::new();
        let mut resume = 0;
        for (at, byte) in body.iter().enumerate() {
            if at >= resume
                && search.may_start_with(*byte)
                && let Some(end) = search.end_at(at)
            {
                found.push((at, end));
                resume = end;
            }
        }
        if search.is_spent() { REMOVED.into() } else { replace(body, &found) }
    }
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
    fn an_answer_made_to_be_slow_is_removed_whole() {
        let secret = format!("{}b", "a".repeat(4000));

        assert_eq!(cleaned(&secret, &"a".repeat(200_000)), REMOVED);
        assert_eq!(cleaned(&secret, &"&".repeat(200_000)), "&".repeat(200_000));
        assert_eq!(cleaned(&secret, &secret.repeat(50)), REMOVED.repeat(50));
    }

    #[test]
    fn bytes_that_are_no_text_pass_through() {
        let mut scrub = Scrub::default();
        scrub.add("sk_live_1234");

        assert_eq!(scrub.clean_bytes(b"\xff\xfe%&\\u00".to_vec()), b"\xff\xfe%&\\u00");
        assert_eq!(scrub.clean_bytes(b"\xffsk_live_1234\xfe".to_vec()), b"\xff[removed]\xfe");
    }
}
