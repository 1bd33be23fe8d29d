//! What a name, a slug and an e-mail address may look like (D-54, D-71).

use std::fmt::Write;

/// What is wrong with a text, said to the person who typed it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TextError {
    /// Nothing but spaces.
    #[error("Please fill this in.")]
    Empty,
    /// Over the limit.
    #[error("This is too long: at most {0} characters.")]
    TooLong(usize),
    /// Control or direction-override characters.
    #[error("This has characters that cannot be shown. Please type it again.")]
    Unprintable,
    /// Not an address.
    #[error("This is not an e-mail address we can use. It should look like ada@example.com.")]
    NotAnEmail,
    /// Not a slug.
    #[error("Use 2 to 40 small letters, digits and hyphens, beginning with a letter.")]
    NotASlug,
}

/// A name as people give it: trimmed, 1 to 100 characters, nothing that cannot be seen.
pub fn name(text: &str) -> Result<String, TextError> {
    let text = line(text, 100)?;
    if text.is_empty() { Err(TextError::Empty) } else { Ok(text) }
}

/// One line of text, possibly empty, trimmed, at most `max` characters.
pub fn line(text: &str, max: usize) -> Result<String, TextError> {
    let text = text.trim();
    if text.chars().count() > max {
        return Err(TextError::TooLong(max));
    }
    if text.chars().any(|c| c.is_control() || is_invisible(c)) {
        return Err(TextError::Unprintable);
    }
    Ok(text.to_owned())
}

/// Text of several lines, possibly empty, trimmed, at most `max` characters, with plain newlines.
pub fn paragraphs(text: &str, max: usize) -> Result<String, TextError> {
    let text = text.replace("\r\n", "\n").trim().to_owned();
    if text.chars().count() > max {
        return Err(TextError::TooLong(max));
    }
    if text.chars().any(|c| (c.is_control() && c != '\n' && c != '\t') || is_invisible(c)) {
        return Err(TextError::Unprintable);
    }
    Ok(text)
}

/// An e-mail address in ASCII, in lower case. Other alphabets are refused: they have look-alikes (D-54).
pub fn email(text: &str) -> Result<String, TextError> {
    let text = text.trim();
    if text.len() > 254 {
        return Err(TextError::TooLong(254));
    }
    let Some((local, domain)) = text.split_once('@') else { return Err(TextError::NotAnEmail) };
    let local_fits = !local.is_empty()
        && local.len() <= 64
        && local.chars().all(|c| c.is_ascii_alphanumeric() || "!#$%&'*+/=?^_`{|}~.-".contains(c));
    let domain_fits = !domain.is_empty()
        && domain.split('.').all(|label| {
            !label.is_empty()
                && !label.starts_with('-')
                && !label.ends_with('-')
                && label.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
        });
    if local_fits && domain_fits { Ok(text.to_ascii_lowercase()) } else { Err(TextError::NotAnEmail) }
}

/// The e-mail addresses in a text as people paste it: one a line, or with commas, semicolons or spaces between, and with
/// names around them (`Ada <ada@example.com>`). In lower case, each once. What is no address stays as it is, to be named.
pub fn addresses(text: &str) -> Vec<String> {
    mailboxes(text).into_iter().map(|(address, _)| address).collect()
}

/// The same, with the name that stands before an address in angle brackets.
pub fn mailboxes(text: &str) -> Vec<(String, Option<String>)> {
    let mut found: Vec<(String, Option<String>)> = Vec::new();
    for entry in text.split([',', ';', '\n']) {
        let bracketed =
            entry.split_once('<').and_then(|(name, rest)| rest.split_once('>').map(|(inside, _)| (name, inside)));
        let (name, inside) = bracketed.unwrap_or(("", entry));
        let name = name.trim().trim_matches('"').trim();
        for word in inside.split_whitespace().map(str::to_ascii_lowercase) {
            if found.iter().all(|(known, _)| *known != word) {
                found.push((word, Some(name).filter(|name| !name.is_empty()).map(str::to_owned)));
            }
        }
    }
    found
}

/// A slug or key: it stands in addresses.
pub fn slug(text: &str) -> Result<String, TextError> {
    let text = text.trim();
    let fits = (2..=40).contains(&text.len())
        && text.starts_with(|c: char| c.is_ascii_lowercase())
        && text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-');
    if fits { Ok(text.to_owned()) } else { Err(TextError::NotASlug) }
}

/// Names as people say them: `Max`, `Max and Mia`, `Max, Mia and 3 others`.
pub fn listed(names: &[String], others: i64) -> String {
    let all = names.join(", ");
    match (others, names.split_last()) {
        (0, Some((last, before))) if !before.is_empty() => format!("{} and {last}", before.join(", ")),
        (0, _) => all,
        (1, _) => format!("{all} and 1 other"),
        (others, _) => format!("{all} and {others} others"),
    }
}

/// Foreign text for a log or a page: control characters out, cut to `max` characters.
pub fn cut(text: &str, max: usize) -> String {
    let clean = text.chars().filter(|c| !c.is_control() && !is_invisible(*c));
    let mut cut: String = clean.clone().take(max).collect();
    if clean.count() > max {
        cut.push('…');
    }
    cut
}

/// Lower-case hex.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        // Writing to a String cannot fail.
        write!(text, "{byte:02x}").ok();
        text
    })
}

fn is_invisible(c: char) -> bool {
    matches!(c, '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{2069}' | '\u{FEFF}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_trimmed_and_must_be_seen() {
        assert_eq!(name("  Ada  "), Ok("Ada".to_owned()));
        assert_eq!(name("   "), Err(TextError::Empty));
        assert_eq!(name("a\u{202E}b"), Err(TextError::Unprintable));
        assert_eq!(name("a\r\nBcc: x"), Err(TextError::Unprintable));
        assert_eq!(name(&"x".repeat(101)), Err(TextError::TooLong(100)));
    }

    #[test]
    fn addresses_are_found_however_they_are_pasted() {
        let pasted =
            "Ada Admin <Ada@Example.com>, eve@example.com; max@example.com\r\nmia@example.com eve@example.com, nobody";

        let found = ["ada@example.com", "eve@example.com", "max@example.com", "mia@example.com", "nobody"];
        assert_eq!(addresses(pasted), found);
        assert!(addresses(" \n,; ").is_empty());
        assert_eq!(mailboxes(pasted).first(), Some(&("ada@example.com".to_owned(), Some("Ada Admin".to_owned()))));
    }

    #[test]
    fn an_address_with_look_alike_letters_is_refused() {
        assert_eq!(email(" Ada@Example.COM "), Ok("ada@example.com".to_owned()));
        for wrong in ["ada", "@example.com", "ada@", "m\u{131}ke@example.org", "a@gma\u{131}l.com", "a b@example.com"] {
            assert_eq!(email(wrong), Err(TextError::NotAnEmail), "{wrong}");
        }
    }
}
