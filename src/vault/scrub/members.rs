//! Empties the members of a JSON answer whose name says that they hold a token (D-46).

use crate::vault::scrub::replace;

/// Names of JSON members that hold tokens, without case, hyphens and underscores.
const TOKEN_NAMES: [&str; 5] = ["accesstoken", "refreshtoken", "idtoken", "clientsecret", "privatekey"];

/// Empties token-named members of a JSON text. It reads strings and colons only, so numbers and spaces stay as they
/// came, and a text that breaks off is cleaned as far as it goes.
pub(in crate::vault) fn hide_members(body: Vec<u8>) -> Vec<u8> {
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
}
