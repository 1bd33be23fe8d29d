//! The one service account of the sandbox, and its key file.
//!
//! The key pair is in the sources for everyone to see. It is good for nothing but this sandbox's made-up tables.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

/// The service account's address.
pub const CLIENT_EMAIL: &str = "reports@acme-demo.sandbox.example";

/// The name of its key.
pub(crate) const KEY_ID: &str = "demo-only-key-1";

const PRIVATE_KEY: &str = include_str!("keys/demo-only-private.pem");
const PUBLIC_KEY: &str = include_str!("keys/demo-only-public.pem");

/// The key file as a person downloads it, in the form that Google gives to such files.
pub fn service_account_key(public_url: &str) -> String {
    let public_url = public_url.trim_end_matches('/');
    let key = json!({
        "type": "service_account",
        "project_id": "acme-demo",
        "private_key_id": KEY_ID,
        "private_key": PRIVATE_KEY,
        "client_email": CLIENT_EMAIL,
        "client_id": "104200000000000000017",
        "token_uri": format!("{public_url}/oauth/token"),
    });
    format!("{key:#}\n")
}

/// The public half of its key, as PKCS #1 in DER.
pub(crate) fn public_key() -> Option<Vec<u8>> {
    let lines = PUBLIC_KEY.lines().filter(|line| !line.starts_with("-----"));
    STANDARD.decode(lines.collect::<String>()).ok()
}
