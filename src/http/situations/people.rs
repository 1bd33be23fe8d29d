//! What the errors of people, groups and roles mean to whoever asked.

use crate::domain::connections::departures::DepartureError;
use crate::domain::connections::transfers::TransferError;
use crate::domain::people::groups::GroupError;
use crate::domain::people::invitations::InviteError;
use crate::domain::people::mail_preferences::links::LinkError;
use crate::domain::people::roles::RoleError;
use crate::domain::people::standing::StandingError;
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

impl From<InviteError> for Error {
    fn from(error: InviteError) -> Self {
        match error {
            InviteError::Email(error) => Self::invalid("email", error),
            InviteError::Name(error) => Self::invalid("name", error),
            InviteError::AlreadyMember => Self::conflict("already_member", "A member already", error),
            InviteError::AlreadyInvited => Self::conflict("already_invited", "Invited already", error),
            InviteError::NotInvited => Self::conflict("changed_meanwhile", "Changed meanwhile", error),
            InviteError::Deactivated => Self::conflict("deactivated", "Deactivated", error),
            InviteError::LinkUnsafe => Self::conflict("link_unsafe", "By mail only", error),
            InviteError::TooManyMails => Self::too_many(60 * 60, error),
            InviteError::Link(error) => error.into(),
            InviteError::Database(error) => error.into(),
        }
    }
}

impl From<StandingError> for Error {
    fn from(error: StandingError) -> Self {
        match error {
            StandingError::LastAdmin => Self::conflict("last_admin", "The last admin stays", error),
            StandingError::NotAccepted => Self::conflict("not_accepted", "Not accepted yet", error),
            StandingError::ChangedMeanwhile => Self::conflict("changed_meanwhile", "Changed meanwhile", error),
            StandingError::Database(error) => error.into(),
        }
    }
}

impl From<DepartureError> for Error {
    fn from(error: DepartureError) -> Self {
        match error {
            DepartureError::Standing(error) => error.into(),
            DepartureError::Connection(error) => error.into(),
            DepartureError::Database(error) => error.into(),
        }
    }
}

impl From<TransferError> for Error {
    fn from(error: TransferError) -> Self {
        match error {
            TransferError::UnknownMember => Self::invalid("user", error),
            TransferError::SameOwner => Self::conflict("same_owner", "Theirs already", error),
            TransferError::ChangedMeanwhile => Self::conflict("changed_meanwhile", "Changed meanwhile", error),
            TransferError::Database(error) => error.into(),
        }
    }
}
