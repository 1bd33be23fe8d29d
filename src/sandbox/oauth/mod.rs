//! The sandbox as an OAuth 2.0 authorization server.
//!
//! RFC 6749 with PKCE (RFC 7636, S256 only), revocation (RFC 7009), JWT assertions (RFC 7523), metadata (RFC 8414) and
//! the issuer in the redirect (RFC 9207). What may happen to codes, grants and tokens is decided in `ledger`, without
//! HTTP; the other files read requests and write answers.

pub(crate) mod assertion;
pub(crate) mod authorize;
pub(crate) mod client;
pub(crate) mod ledger;
pub(crate) mod metadata;
pub(crate) mod refusal;
pub(crate) mod revoke;
pub(crate) mod scope;
pub(crate) mod terms;
pub(crate) mod token;
