//! What the errors of people, groups and roles mean to whoever asked.

use crate::domain::people::groups::GroupError;
use crate::domain::people::mail_preferences::links::LinkError;
use crate::domain::people::roles::RoleError;
use crate::http::error::Error;

impl From<GroupError> for Error {
    fn from(error: GroupError) -> Self {
        match error {
            GroupError::Name(error) => Self::invalid("name", error),
            GroupError::NameTaken => Self::conflict("name_taken", "Name taken", error),
            GroupError::Gone => Self::conflict("changed_meanwhile", "Changed meanwhile", error),
            GroupError::Database(error) => error.into(),
        }
    }
}

impl From<LinkError> for Error {
    fn from(error: LinkError) -> Self {
        match error {
            LinkError::Vault(error) => Self::internal(error),
            LinkError::Database(error) => error.into(),
        }
    }
}

impl From<RoleError> for Error {
    fn from(error: RoleError) -> Self {
        match error {
            RoleError::AdminHoldsAll => Self::invalid("permissions", error),
            RoleError::Database(error) => error.into(),
        }
    }
}
