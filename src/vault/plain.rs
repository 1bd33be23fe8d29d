//! An opened secret. The type cannot be named outside the vault: it ends on an outgoing request or is sealed again.

use std::fmt;

use zeroize::Zeroizing;

use crate::vault::VaultError;
use crate::vault::input::SecretFields;
use crate::vault::input::SecretInput;

/// The bytes of one opened secret, overwritten when dropped.
pub(in crate::vault) struct Plain(Zeroizing<Vec<u8>>);

impl Plain {
    /// Takes the bytes over.
    pub(in crate::vault) fn new(bytes: Zeroizing<Vec<u8>>) -> Self {
        Self(bytes)
    }

    /// A copy of a secret text.
    pub(in crate::vault) fn of(secret: &SecretInput) -> Self {
        Self(Zeroizing::new(secret.expose().as_bytes().to_vec()))
    }

    /// The bytes.
    pub(in crate::vault) fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// The secret as one text.
    pub(in crate::vault) fn into_text(self) -> Result<SecretInput, VaultError> {
        let text = std::str::from_utf8(&self.0).map_err(|_binary| VaultError::NotFields)?;
        Ok(SecretInput::from(text.to_owned()))
    }

    /// The secret as named parts. The JSON error is dropped, because it may quote what it could not read.
    pub(in crate::vault) fn into_fields(self) -> Result<SecretFields, VaultError> {
        serde_json::from_slice(&self.0).map_err(|_quotes_the_secret| VaultError::NotFields)
    }
}

impl fmt::Debug for Plain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Plain(..)")
    }
}
