//! What the rule book looks at: small structs without rows, so that it can be tested exhaustively.

use crate::words;

words! {
    /// How a connection authenticates.
    AuthType {
        /// OAuth 2.0 authorization code; never shared.
        Oauth = "oauth",
        /// One or several keys that the person pastes.
        ApiKey = "api_key",
        /// A signed assertion for an access token (RFC 7523).
        ServiceAccount = "service_account",
        /// No authentication.
        None = "none",
    }
}
