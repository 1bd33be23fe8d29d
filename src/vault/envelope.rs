//! The encryption itself, without a database: AES-256-GCM in three layers (D-10). Each stored secret has a data key of
//! its own, which encrypts one message; the workspace key wraps data keys; a key-encryption key wraps workspace keys.
//!
//! Blob: `format(1) | workspace key id(16) | nonce(12) | wrapped data key(32) | tag(16) | nonce(12) | text | tag(16)`.

use std::fmt;
use std::sync::atomic::AtomicI64;
use std::sync::atomic::Ordering;

use ring::aead::AES_256_GCM;
use ring::aead::Aad;
use ring::aead::LessSafeKey;
use ring::aead::NONCE_LEN;
use ring::aead::Nonce;
use ring::aead::UnboundKey;
use ring::error::Unspecified;
use ring::hmac;
use uuid::Uuid;
use zeroize::Zeroizing;

use crate::authz::facts::AuthType;
use crate::kernel::ids::WorkspaceId;
use crate::kernel::ids::WorkspaceKeyId;
use crate::kernel::ids::random_bytes;
use crate::vault::VaultError;
use crate::vault::plain::Plain;
use crate::vault::sealed::Context;
use crate::vault::sealed::Sealed;

const FORMAT: u8 = 1;
const KEY_LEN: usize = 32;
const TAG_LEN: usize = 16;
const WRAPPED_LEN: usize = NONCE_LEN + KEY_LEN + TAG_LEN;

/// The bytes of a key, overwritten when dropped.
pub(in crate::vault) type KeyBytes = Zeroizing<[u8; KEY_LEN]>;

/// A key ready for use.
pub(in crate::vault) fn key(bytes: &KeyBytes) -> Result<LessSafeKey, Unspecified> {
    UnboundKey::new(&AES_256_GCM, bytes.as_slice()).map(LessSafeKey::new)
}

/// A fresh key.
pub(in crate::vault) fn fresh_key() -> Result<KeyBytes, VaultError> {
    Ok(Zeroizing::new(random_bytes::<KEY_LEN>()?))
}

/// Encrypts with a random nonce, which goes in front.
pub(in crate::vault) fn encrypt(key: &LessSafeKey, bound_to: &[u8], text: &[u8]) -> Result<Vec<u8>, VaultError> {
    let nonce = random_bytes::<NONCE_LEN>()?;
    let mut rest = Vec::with_capacity(text.len() + TAG_LEN);
    rest.extend_from_slice(text);
    key.seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), Aad::from(bound_to), &mut rest)
        .map_err(|Unspecified| VaultError::TooLong)?;
    Ok([nonce.as_slice(), &rest].concat())
}

/// Decrypts what [`encrypt`] gave; nothing where key, binding or bytes differ.
pub(in crate::vault) fn decrypt(key: &LessSafeKey, bound_to: &[u8], bytes: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let (nonce, rest) = bytes.split_first_chunk::<NONCE_LEN>()?;
    let mut text = Zeroizing::new(rest.to_vec());
    let nonce = Nonce::assume_unique_for_key(*nonce);
    let length = key.open_in_place(nonce, Aad::from(bound_to), &mut text).ok()?.len();
    text.truncate(length);
    Some(text)
}

/// Associated data: each part behind its length, so that no two lists of parts give the same bytes.
pub(in crate::vault) fn bound(parts: &[&[u8]]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(parts.iter().map(|part| 8 + part.len()).sum());
    for part in parts {
        bytes.extend_from_slice(&u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
        bytes.extend_from_slice(part);
    }
    bytes
}

/// One workspace's key, unwrapped, for as long as the process lives.
pub(in crate::vault) struct WorkspaceKey {
    workspace: WorkspaceId,
    id: WorkspaceKeyId,
    key: LessSafeKey,
    /// Derived, so that what is given out in addresses is never made with the key that wraps.
    stamps: hmac::Key,
    uncounted: AtomicI64,
}

impl WorkspaceKey {
    /// Takes the unwrapped bytes.
    pub(in crate::vault) fn new(
        workspace: WorkspaceId,
        id: WorkspaceKeyId,
        bytes: &KeyBytes,
    ) -> Result<Self, Unspecified> {
        let derived = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, bytes.as_slice()), b"odeus/stamps/v1");
        let stamps = hmac::Key::new(hmac::HMAC_SHA256, derived.as_ref());
        Ok(Self { workspace, id, key: key(bytes)?, stamps, uncounted: AtomicI64::new(0) })
    }

    /// The stamp of these words.
    pub(in crate::vault) fn stamp(&self, purpose: &str, words: &[u8]) -> Vec<u8> {
        hmac::sign(&self.stamps, &bound(&[purpose.as_bytes(), words])).as_ref().to_vec()
    }

    /// Whether this is the stamp of these words.
    pub(in crate::vault) fn has_stamped(&self, purpose: &str, words: &[u8], stamp: &[u8]) -> bool {
        hmac::verify(&self.stamps, &bound(&[purpose.as_bytes(), words]), stamp).is_ok()
    }

    /// Its id.
    pub(in crate::vault) fn id(&self) -> WorkspaceKeyId {
        self.id
    }

    /// How often it has wrapped since that was last written down, this time included. The count starts again.
    pub(in crate::vault) fn take_count(&self) -> i64 {
        self.uncounted.swap(0, Ordering::Relaxed).saturating_add(1)
    }

    /// Puts a count back that could not be written down.
    pub(in crate::vault) fn return_count(&self, count: i64) {
        self.uncounted.fetch_add(count, Ordering::Relaxed);
    }

    /// Seals under a fresh data key.
    pub(in crate::vault) fn seal(&self, context: &Context<'_>, plain: &Plain) -> Result<Sealed, VaultError> {
        if context.workspace != self.workspace {
            return Err(VaultError::Unreadable);
        }
        let data_key = fresh_key()?;
        let wrapped = encrypt(&self.key, &data_key_bound(context, self.id), data_key.as_slice())?;
        let opened = key(&data_key).map_err(|Unspecified| VaultError::Unreadable)?;
        let text = encrypt(&opened, &secret_bound(context), plain.bytes())?;
        let id = self.id.uuid();
        Ok(Sealed::from_bytes([&[FORMAT], id.as_bytes().as_slice(), &wrapped, &text].concat()))
    }

    /// Opens what was sealed for the same context. Every way to fail is one error: which part was wrong is nobody's
    /// business.
    pub(in crate::vault) fn open(&self, context: &Context<'_>, sealed: &Sealed) -> Result<Plain, VaultError> {
        let (id, rest) = split(sealed)?;
        if id != self.id || context.workspace != self.workspace {
            return Err(VaultError::Unreadable);
        }
        let (wrapped, text) = rest.split_at_checked(WRAPPED_LEN).ok_or(VaultError::Unreadable)?;
        let data_key = decrypt(&self.key, &data_key_bound(context, self.id), wrapped).ok_or(VaultError::Unreadable)?;
        let data_key = key_bytes(&data_key).ok_or(VaultError::Unreadable)?;
        let data_key = key(&data_key).map_err(|Unspecified| VaultError::Unreadable)?;
        decrypt(&data_key, &secret_bound(context), text).map(Plain::new).ok_or(VaultError::Unreadable)
    }
}

impl fmt::Debug for WorkspaceKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("WorkspaceKey").field(&self.id).finish()
    }
}

/// The workspace key that a sealed secret names.
pub(in crate::vault) fn key_id(sealed: &Sealed) -> Result<WorkspaceKeyId, VaultError> {
    split(sealed).map(|(id, _)| id)
}

/// Key bytes out of decrypted bytes.
pub(in crate::vault) fn key_bytes(bytes: &[u8]) -> Option<KeyBytes> {
    <[u8; KEY_LEN]>::try_from(bytes).ok().map(Zeroizing::new)
}

fn split(sealed: &Sealed) -> Result<(WorkspaceKeyId, &[u8]), VaultError> {
    let parts = || {
        let (format, rest) = sealed.bytes().split_first()?;
        let (id, rest) = rest.split_first_chunk::<16>()?;
        (*format == FORMAT).then(|| (WorkspaceKeyId::from(Uuid::from_bytes(*id)), rest))
    };
    parts().ok_or(VaultError::Unreadable)
}

fn secret_bound(context: &Context<'_>) -> Vec<u8> {
    bound(&[
        context.purpose.label().as_bytes(),
        context.workspace.uuid().as_bytes(),
        context.row.as_bytes(),
        &context.version.to_be_bytes(),
        context.integration.as_bytes(),
        context.auth_type.map_or("-", AuthType::as_str).as_bytes(),
        &context.origins.digest(),
    ])
}

fn data_key_bound(context: &Context<'_>, id: WorkspaceKeyId) -> Vec<u8> {
    bound(&[
        b"odeus/dk/v1",
        context.workspace.uuid().as_bytes(),
        context.row.as_bytes(),
        context.purpose.label().as_bytes(),
        id.uuid().as_bytes(),
    ])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outbound::origin::Origin;
    use crate::outbound::origin::Origins;
    use crate::vault::input::SecretInput;
    use crate::vault::sealed::Purpose;

    fn origins(text: &str) -> Origins {
        [text.parse::<Origin>().unwrap()].into_iter().collect()
    }

    fn context(origins: &Origins) -> Context<'_> {
        Context {
            purpose: Purpose::Access,
            workspace: WorkspaceId::from(Uuid::from_u128(1)),
            row: Uuid::from_u128(2),
            version: 3,
            integration: "slack",
            auth_type: Some(AuthType::ApiKey),
            origins,
        }
    }

    fn workspace_key(workspace: u128) -> WorkspaceKey {
        let workspace = WorkspaceId::from(Uuid::from_u128(workspace));
        let id = WorkspaceKeyId::from(Uuid::from_u128(9));
        WorkspaceKey::new(workspace, id, &fresh_key().unwrap()).unwrap()
    }

    fn plain(text: &str) -> Plain {
        Plain::of(&SecretInput::from(text.to_owned()))
    }

    #[test]
    fn a_secret_opens_for_the_context_it_was_sealed_for() {
        let origins = origins("https://slack.com");
        let key = workspace_key(1);

        for text in ["", "x", "xoxb-secret", &"long".repeat(10_000)] {
            let sealed = key.seal(&context(&origins), &plain(text)).unwrap();
            assert_eq!(key.open(&context(&origins), &sealed).unwrap().bytes(), text.as_bytes());
            assert_eq!(key_id(&sealed).unwrap(), key.id());
            assert_eq!(sealed.bytes().len(), 1 + 16 + 12 + 32 + 16 + 12 + text.len() + 16);
        }
    }

    #[test]
    fn sealing_twice_gives_different_bytes() {
        let origins = origins("https://slack.com");
        let key = workspace_key(1);

        let seal = || key.seal(&context(&origins), &plain("secret")).unwrap();
        assert_ne!(seal().bytes()[17..], seal().bytes()[17..]);
    }

    #[test]
    fn a_moved_secret_does_not_open() {
        let (here, elsewhere) = (origins("https://slack.com"), origins("https://evil.test"));
        let both: Origins = here.iter().chain(elsewhere.iter()).cloned().collect();
        let key = workspace_key(1);
        let home = context(&here);
        let sealed = key.seal(&home, &plain("secret")).unwrap();

        let moved = [
            Context { purpose: Purpose::Grant, ..home },
            Context { workspace: WorkspaceId::from(Uuid::from_u128(7)), ..home },
            Context { row: Uuid::from_u128(7), ..home },
            Context { version: 2, ..home },
            Context { integration: "slac", ..home },
            Context { integration: "", ..home },
            Context { auth_type: Some(AuthType::Oauth), ..home },
            Context { auth_type: Some(AuthType::None), ..home },
            Context { auth_type: None, ..home },
            Context { origins: &elsewhere, ..home },
            Context { origins: &both, ..home },
        ];
        for context in moved {
            assert!(matches!(key.open(&context, &sealed), Err(VaultError::Unreadable)), "{context:?}");
        }
        assert!(key.open(&home, &sealed).is_ok());
    }

    #[test]
    fn every_purpose_is_its_own() {
        let purposes =
            [Purpose::Access, Purpose::Grant, Purpose::ClientSecret, Purpose::FlowVerifier, Purpose::Revocation];
        let labels: std::collections::BTreeSet<_> = purposes.iter().map(|purpose| purpose.label()).collect();

        assert_eq!(labels.len(), purposes.len());
    }

    #[test]
    fn a_bent_or_short_blob_does_not_open() {
        let origins = origins("https://slack.com");
        let key = workspace_key(1);
        let whole = key.seal(&context(&origins), &plain("secret")).unwrap().bytes().to_vec();

        for at in 0..whole.len() {
            let mut bent = whole.clone();
            bent[at] ^= 1;
            let opened = key.open(&context(&origins), &Sealed::from_bytes(bent));
            assert!(matches!(opened, Err(VaultError::Unreadable)), "byte {at}");
            let short = key.open(&context(&origins), &Sealed::from_bytes(whole[..at].to_vec()));
            assert!(matches!(short, Err(VaultError::Unreadable)), "length {at}");
        }
    }

    #[test]
    fn another_key_does_not_open() {
        let origins = origins("https://slack.com");
        let sealed = workspace_key(1).seal(&context(&origins), &plain("secret")).unwrap();

        assert!(matches!(workspace_key(1).open(&context(&origins), &sealed), Err(VaultError::Unreadable)));
        assert!(matches!(workspace_key(7).open(&context(&origins), &sealed), Err(VaultError::Unreadable)));
    }

    #[test]
    fn parts_never_run_into_each_other() {
        assert_ne!(bound(&[b"ab", b"c"]), bound(&[b"a", b"bc"]));
        assert_ne!(bound(&[b"ab"]), bound(&[b"ab", b""]));
    }

    #[test]
    fn wraps_are_counted_until_they_are_written_down() {
        let key = workspace_key(1);

        let count = key.take_count();
        key.return_count(count);
        assert_eq!((key.take_count(), key.take_count()), (2, 1));
    }
}
