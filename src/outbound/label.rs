//! One label of a host: what a person may put into an address (D-40). Nothing that could lead to another host is one.

use std::fmt;
use std::str::FromStr;

/// The longest label (RFC 1035).
const LONGEST: usize = 63;

/// A label, like the `acme` of `acme.example.com`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Label(String);

/// A text that is no label.
#[derive(Debug, thiserror::Error)]
#[error("this should be 1 to 63 small letters, digits and hyphens, without a dot, and not begin or end with a hyphen")]
pub struct NoLabel;

impl Label {
    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Label {
    type Err = NoLabel;

    fn from_str(text: &str) -> Result<Self, NoLabel> {
        let is_plain = text.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-'));
        let fits = (1..=LONGEST).contains(&text.len()) && is_plain;
        // What begins with xn-- stands for other letters, which nobody types.
        let is_odd = text.starts_with('-') || text.ends_with('-') || text.starts_with("xn--");
        if fits && !is_odd { Ok(Self(text.to_owned())) } else { Err(NoLabel) }
    }
}

impl fmt::Display for Label {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_is_small_letters_digits_and_hyphens() {
        for right in ["acme", "a", "7", "acme-2", "acme--dev", &"a".repeat(63)] {
            assert_eq!(right.parse::<Label>().unwrap().as_str(), right);
        }
    }

    #[test]
    fn what_could_lead_to_another_host_is_no_label() {
        let wrong = [
            "",
            ".",
            "a.b",
            "a.",
            ".a",
            "evil.test/",
            "a/b",
            "a\\b",
            "a%2e",
            "%61",
            "a:1",
            "a@b",
            "a?",
            "a#",
            "Acme",
            "ACME",
            "a b",
            " a",
            "a\n",
            "a\t",
            "-a",
            "a-",
            "ä",
            "ａ",
            "a。b",
            "xn--80ak6aa92e",
            "a\0",
            "{a}",
            "*",
        ];
        for wrong in wrong {
            assert!(wrong.parse::<Label>().is_err(), "{wrong:?}");
        }
        assert!("a".repeat(64).parse::<Label>().is_err());
    }
}
