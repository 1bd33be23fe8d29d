//! Where our own site begins and ends: the public address, addresses outside, and paths that come from outside.

use url::Url;

use crate::http::look;
use crate::outbound::origin::Origin;

/// `ODEUS_PUBLIC_URL`: the address that people use.
#[derive(Clone, Debug)]
pub struct PublicUrl {
    base: String,
    origin: Origin,
}

/// The configured address cannot be one.
#[derive(Debug, thiserror::Error)]
#[error("ODEUS_PUBLIC_URL must be an address like https://odeus.example.com, without a path; it is “{0}”")]
pub struct InvalidPublicUrl(String);

impl PublicUrl {
    /// Takes an http or https address without path, query or fragment.
    pub fn parse(text: &str) -> Result<Self, InvalidPublicUrl> {
        let invalid = || InvalidPublicUrl(text.to_owned());
        let url = Url::parse(text).map_err(|_invalid| invalid())?;
        let origin = Origin::of(&url).map_err(|_invalid| invalid())?;
        if url.path() != "/" || url.query().is_some() || url.fragment().is_some() {
            return Err(invalid());
        }
        Ok(Self { base: origin.to_string(), origin })
    }

    /// Its origin.
    pub fn origin(&self) -> &Origin {
        &self.origin
    }

    /// Whether cookies are `Secure` and HSTS is sent.
    pub fn is_https(&self) -> bool {
        self.origin.scheme() == "https"
    }

    /// The absolute address of a path of ours.
    pub fn absolute(&self, path: &str) -> String {
        format!("{}{path}", self.base)
    }
}

/// An address outside of Odeus that a page links to: http or https, whatever was stored (D-22).
#[derive(Clone, Debug)]
pub struct OutwardUrl(Url);

impl OutwardUrl {
    /// Takes an absolute http or https address.
    pub fn parse(text: &str) -> Option<Self> {
        Url::parse(text).ok().filter(|url| matches!(url.scheme(), "https" | "http")).map(Self)
    }

    /// Where it leads to, for people.
    pub fn place(&self) -> String {
        look::place(&self.0)
    }
}

impl std::fmt::Display for OutwardUrl {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.0.as_str())
    }
}

/// Where to go after signing in, if it is a path of ours: it begins with one slash, before and after the normalisation
/// that a browser does (D-23).
pub fn safe_path(path: &str) -> Option<String> {
    let begins_well = |path: &str| path.starts_with('/') && !path.starts_with("//") && !path.starts_with("/\\");
    if !begins_well(path) || path.chars().any(|c| c.is_control() || c == '\\') {
        return None;
    }
    let base = Url::parse("https://odeus.invalid/").ok()?;
    let url = base.join(path).ok()?;
    if url.origin() != base.origin() {
        return None;
    }
    let normal = match url.query() {
        Some(query) => format!("{}?{query}", url.path()),
        None => url.path().to_owned(),
    };
    begins_well(&normal).then_some(normal)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_out_of_odeus_is_never_a_script() {
        assert_eq!(OutwardUrl::parse("https://id.example.com/a?b=c").unwrap().place(), "id.example.com");
        for wrong in ["javascript:alert(1)", "data:text/html,x", "/w/acme", "file:///etc/passwd", ""] {
            assert!(OutwardUrl::parse(wrong).is_none(), "{wrong}");
        }
    }

    #[test]
    fn a_return_address_stays_on_our_own_site() {
        assert_eq!(safe_path("/w/acme/agents?x=1").as_deref(), Some("/w/acme/agents?x=1"));
        for wrong in
            ["https://evil.test/", "//evil.test", "/\\evil.test", "/\t/evil.test", "w/acme", "", "/w/..//evil.test"]
        {
            assert_eq!(safe_path(wrong), None, "{wrong}");
        }
    }
}
