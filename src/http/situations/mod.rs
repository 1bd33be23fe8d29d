//! What the domain's small errors mean to whoever asked: one `match` each, so that a new situation has to be given its
//! answer. What is everyday is answered by the handler itself, beside the form; what arrives here is the rest.

mod agents;
mod connections;
mod people;

use crate::domain::accounts::links::LinkError;
use crate::domain::accounts::passwords::PasswordError;
use crate::domain::people::tokens::TokenError;
use crate::http::error::Error;

/// How soon to try again while others sign in.
const BUSY_SECONDS: i64 = 2;

impl From<PasswordError> for Error {
    fn from(error: PasswordError) -> Self {
        match error {
            PasswordError::TooShort | PasswordError::TooLong | PasswordError::TooCommon => {
                Self::invalid("password", error)
            }
            PasswordError::Busy => Self::unavailable(error).retry_after(BUSY_SECONDS),
            PasswordError::Failed => Self::internal(error),
        }
    }
}

impl From<LinkError> for Error {
    fn from(error: LinkError) -> Self {
        match error {
            LinkError::Random(error) => Self::internal(error),
            LinkError::Database(error) => error.into(),
        }
    }
}

impl From<TokenError> for Error {
    fn from(error: TokenError) -> Self {
        match error {
            TokenError::Random(error) => Self::internal(error),
            TokenError::Database(error) => error.into(),
        }
    }
}
