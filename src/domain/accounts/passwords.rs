//! Passwords: argon2id behind a small pool of its own, so that a flood of sign-ins takes neither all memory nor the
//! threads that wait for the database (D-51).

use std::fmt;
use std::sync::Arc;

use argon2::Algorithm;
use argon2::Argon2;
use argon2::Params;
use argon2::PasswordHasher;
use argon2::PasswordVerifier;
use argon2::Version;
use argon2::password_hash::phc::PasswordHash;
use tokio::sync::Semaphore;
use zeroize::Zeroizing;

/// The fewest bytes a password may have.
pub const MIN_LENGTH: usize = 8;
/// The most bytes a password may have.
pub const MAX_LENGTH: usize = 1024;

const MEMORY_KIB: u32 = 19 * 1024;
const PASSES: u32 = 2;
const WAITING_AT_MOST: usize = 64;

/// What a person typed as their password.
pub struct Password(Zeroizing<String>);

impl From<String> for Password {
    fn from(text: String) -> Self {
        Self(Zeroizing::new(text))
    }
}

impl<'de> serde::Deserialize<'de> for Password {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(Self::from)
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(..)")
    }
}

impl Password {
    /// Whether it may be used: long enough, not too long, not among those tried first by everyone.
    pub fn check(&self) -> Result<(), PasswordError> {
        if self.0.len() < MIN_LENGTH {
            return Err(PasswordError::TooShort);
        }
        if self.0.len() > MAX_LENGTH {
            return Err(PasswordError::TooLong);
        }
        let lower = self.0.to_ascii_lowercase();
        if TRIED_FIRST.iter().any(|common| lower == *common) {
            return Err(PasswordError::TooCommon);
        }
        Ok(())
    }
}

/// Why a password was not taken, or not looked at.
#[derive(Debug, thiserror::Error)]
pub enum PasswordError {
    /// Under [`MIN_LENGTH`].
    #[error("Use at least 8 characters; a sentence of several words is best.")]
    TooShort,
    /// Over [`MAX_LENGTH`].
    #[error("This is too long: at most 1024 characters.")]
    TooLong,
    /// On the list.
    #[error("This password is among the first that anybody would try. Choose another.")]
    TooCommon,
    /// Too many people sign in at once.
    #[error("too many sign-ins are under way")]
    Busy,
    /// The hashing failed.
    #[error("a password could not be hashed")]
    Failed,
}

/// The hasher. Cheap to clone.
#[derive(Clone)]
pub struct Passwords {
    working: Arc<Semaphore>,
    waiting: Arc<Semaphore>,
    /// A hash of nothing, so that an unknown address takes as long as a known one.
    dummy: Arc<str>,
}

impl Passwords {
    /// A hasher that works on `at_once` passwords at a time.
    pub fn new(at_once: usize) -> Result<Self, PasswordError> {
        let dummy = hash(&Password::from("nobody has this password".to_owned()))?;
        Ok(Self {
            working: Arc::new(Semaphore::new(at_once.max(1))),
            waiting: Arc::new(Semaphore::new(WAITING_AT_MOST)),
            dummy: dummy.into(),
        })
    }

    /// Argon2id of `password`, in PHC form.
    pub async fn hash(&self, password: Password) -> Result<String, PasswordError> {
        self.work(move || hash(&password)).await?
    }

    /// Whether `password` is the one behind `hash`. Without a hash the answer is no, after the same work.
    pub async fn verify(&self, password: Password, hash: Option<String>) -> Result<bool, PasswordError> {
        let known = hash.is_some();
        let hash = hash.unwrap_or_else(|| self.dummy.as_ref().to_owned());
        self.work(move || known & verify(&password, &hash)).await
    }

    async fn work<T: Send + 'static>(&self, f: impl FnOnce() -> T + Send + 'static) -> Result<T, PasswordError> {
        let _place = self.waiting.try_acquire().map_err(|_full| PasswordError::Busy)?;
        let _turn = self.working.acquire().await.map_err(|_closed| PasswordError::Busy)?;
        let (tell, told) = tokio::sync::oneshot::channel();
        std::thread::Builder::new()
            .name("password".to_owned())
            .spawn(move || tell.send(f()))
            .map_err(|_no_thread| PasswordError::Busy)?;
        told.await.map_err(|_panicked| PasswordError::Failed)
    }
}

fn argon2() -> Result<Argon2<'static>, PasswordError> {
    let params = Params::new(MEMORY_KIB, PASSES, 1, None).map_err(|_invalid| PasswordError::Failed)?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

fn hash(password: &Password) -> Result<String, PasswordError> {
    let hash = argon2()?.hash_password(password.0.as_bytes()).map_err(|_failed| PasswordError::Failed)?;
    Ok(hash.to_string())
}

fn verify(password: &Password, hash: &str) -> bool {
    let (Ok(argon2), Ok(hash)) = (argon2(), PasswordHash::new(hash)) else { return false };
    argon2.verify_password(password.0.as_bytes(), &hash).is_ok()
}

const TRIED_FIRST: [&str; 24] = [
    "password",
    "password1",
    "password12",
    "password123",
    "12345678",
    "123456789",
    "1234567890",
    "qwertyuiop",
    "qwerty123",
    "iloveyou",
    "11111111",
    "00000000",
    "sunshine",
    "princess",
    "football",
    "baseball",
    "superman",
    "trustno1",
    "welcome1",
    "letmein1",
    "abcd1234",
    "passw0rd",
    "changeme",
    "administrator",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_password_is_known_again_and_another_is_not() {
        let passwords = Passwords::new(2).unwrap();
        let hash = passwords.hash("correct horse battery".to_owned().into()).await.unwrap();

        assert!(hash.starts_with("$argon2id$"));
        assert!(passwords.verify("correct horse battery".to_owned().into(), Some(hash.clone())).await.unwrap());
        assert!(!passwords.verify("correct horse batterx".to_owned().into(), Some(hash)).await.unwrap());
        assert!(!passwords.verify("nobody has this password".to_owned().into(), None).await.unwrap());
    }

    #[test]
    fn short_and_common_passwords_are_refused() {
        assert!(matches!(Password::from("short".to_owned()).check(), Err(PasswordError::TooShort)));
        assert!(matches!(Password::from("Password123".to_owned()).check(), Err(PasswordError::TooCommon)));
        assert!(Password::from("tulips over amsterdam".to_owned()).check().is_ok());
    }
}
