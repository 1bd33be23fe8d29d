//! Inviting people. Whoever has no account yet is a member from that moment, so that things can be shared with them; they
//! come in by a link of their own, in a mail or handed over by the admin. Whoever has one is a member once they accept.
//!
//! An account belongs to whoever reads its mail, not to whoever typed its address. So an admin gets a link only while
//! nothing hangs on the account but a place in their own workspace; and an account that was never confirmed by mail loses
//! its password when another workspace takes it in, or whoever made it first would come along.

pub mod answers;

use diesel::ExpressionMethods;
use diesel::QueryDsl;
use diesel::RunQueryDsl;
use diesel::pg::PgConnection;

use crate::authz::actions::ManagePeople;
use crate::authz::actor::Actor;
use crate::authz::facts::Role;
use crate::authz::proof::Authorized;
use crate::authz::proof::Guarded;
use crate::database_errors;
use crate::db::DbError;
use crate::db::conflict;
use crate::db::schema::memberships;
use crate::domain::accounts::links;
use crate::domain::accounts::links::LinkError;
use crate::domain::accounts::links::Purpose;
use crate::domain::accounts::throttle;
use crate::domain::accounts::throttle::Bucket;
use crate::domain::accounts::users;
use crate::domain::accounts::users::User;
use crate::domain::accounts::users::UserError;
use crate::domain::audit;
use crate::domain::outbox;
use crate::domain::outbox::Kind;
use crate::domain::outbox::NewMail;
use crate::domain::people::members::MemberStatus;
use crate::domain::people::memberships::Membership;
use crate::domain::people::workspaces::Workspace;
use crate::kernel::ids::UserId;
use crate::kernel::text;
use crate::kernel::text::TextError;
use crate::words;

words! {
    /// How an invitation reaches its person.
    Way {
        /// In a mail.
        Mail = "mail",
        /// As a link that the admin hands over.
        Link = "link",
    }
}

/// Somebody to invite.
#[derive(Clone, Debug)]
pub struct Invitation {
    /// Their address.
    pub email: String,
    /// Their name; without, one made from the address.
    pub name: Option<String>,
    /// What they will be.
    pub role: Role,
    /// How it reaches them.
    pub way: Way,
}

/// Somebody who was invited. No Debug: the token is a secret.
pub struct Invited {
    /// The person.
    pub user: UserId,
    /// Their address.
    pub email: String,
    /// The token of the link to hand over, if it was to be one.
    pub token: Option<String>,
}

/// Somebody could not be invited.
#[derive(Debug, thiserror::Error)]
pub enum InviteError {
    /// The address cannot be one.
    #[error("{0}")]
    Email(TextError),
    /// The name cannot be used.
    #[error("{0}")]
    Name(TextError),
    /// They are in the workspace.
    #[error("This person is a member already.")]
    AlreadyMember,
    /// They were asked already.
    #[error("This person has an invitation already and has not accepted it yet.")]
    AlreadyInvited,
    /// Nothing waits for their answer any more.
    #[error("There is no invitation that waits for an answer. Look again.")]
    NotInvited,
    /// They were, and can be again.
    #[error("This person is a deactivated member. Reactivate them instead.")]
    Deactivated,
    /// The account has more to it than this invitation.
    #[error("This person has an account already, so nobody but them gets a link to it. Invite them by mail.")]
    LinkUnsafe,
    /// Somebody could not stop the mails otherwise.
    #[error("This address was sent several mails within the hour. Try again later.")]
    TooManyMails,
    /// No random bytes.
    #[error(transparent)]
    Link(#[from] LinkError),
    /// The database failed.
    #[error(transparent)]
    Database(#[from] DbError),
}

database_errors!(InviteError);

/// Invites somebody: a member from now on, or, if they have an account, once they accept.
pub fn invite(
    conn: &mut PgConnection,
    proof: &Authorized<ManagePeople, Workspace>,
    new: &Invitation,
) -> Result<Invited, InviteError> {
    let actor = proof.actor();
    let email = text::email(&new.email).map_err(InviteError::Email)?;
    let name = match new.name.as_deref().map(str::trim).filter(|name| !name.is_empty()) {
        Some(name) => text::name(name).map_err(InviteError::Name)?,
        None => name_from(&email),
    };
    let (user, status) = account(conn, actor, &email, &name, new.way)?;
    let already =
        |error| if conflict::is(&error, "memberships_pkey") { InviteError::AlreadyMember } else { error.into() };
    diesel::insert_into(memberships::table)
        .values((
            memberships::workspace_id.eq(actor.workspace),
            memberships::user_id.eq(user.id),
            memberships::role.eq(new.role),
            memberships::status.eq(status),
            memberships::created_at.eq(actor.at),
            memberships::invited_by.eq(Some(actor.user)),
        ))
        .execute(conn)
        .map_err(already)?;
    let detail = serde_json::json!({ "role": new.role, "way": new.way });
    audit::record(conn, actor, audit::Event::new("member.invited", "user", user.id).detail(detail))?;
    let token = send(conn, actor, user.id, &email, new.way)?;
    Ok(Invited { user: user.id, email, token })
}

/// Invites somebody once more who has not come yet.
pub fn invite_again(
    conn: &mut PgConnection,
    proof: &Authorized<ManagePeople, Membership>,
    way: Way,
) -> Result<Invited, InviteError> {
    let (actor, person) = (proof.actor(), proof.resource());
    if !person.is_pending || person.status == MemberStatus::Deactivated {
        return Err(InviteError::AlreadyMember);
    }
    if way == Way::Link && !person.is_link_safe {
        return Err(InviteError::LinkUnsafe);
    }
    let detail = serde_json::json!({ "again": true, "way": way });
    audit::record(conn, actor, audit::Event::new("member.invited", "user", person.user).detail(detail))?;
    let token = send(conn, actor, person.user, &person.email, way)?;
    Ok(Invited { user: person.user, email: person.email.clone(), token })
}

/// Takes back an invitation that has not been accepted: as if it had never been, but for the log.
pub fn withdraw(conn: &mut PgConnection, proof: &Authorized<ManagePeople, Membership>) -> Result<(), InviteError> {
    let (actor, person) = (proof.actor(), proof.resource());
    let row =
        memberships::table.find((actor.workspace, person.user)).filter(memberships::status.eq(MemberStatus::Invited));
    if diesel::delete(row).execute(conn)? == 0 {
        return Err(InviteError::NotInvited);
    }
    audit::record(conn, actor, audit::Event::new("member.invitation_withdrawn", "user", person.user))?;
    Ok(())
}

/// The account behind the address, made if there is none, and what its membership begins as.
fn account(
    conn: &mut PgConnection,
    actor: &Actor,
    email: &str,
    name: &str,
    way: Way,
) -> Result<(User, MemberStatus), InviteError> {
    let Some(user) = users::find_by_email(conn, email)? else {
        let made = users::create_unverified(conn, email, name, actor.at).map_err(|error| match error {
            UserError::EmailTaken => InviteError::AlreadyMember,
            UserError::Database(error) => InviteError::Database(error),
        });
        return Ok((made?, MemberStatus::Active));
    };
    if let Some(membership) = Membership::load(conn, actor, &user.id)? {
        return Err(match membership.status {
            MemberStatus::Active => InviteError::AlreadyMember,
            MemberStatus::Invited => InviteError::AlreadyInvited,
            MemberStatus::Deactivated => InviteError::Deactivated,
        });
    }
    if way == Way::Link {
        return Err(InviteError::LinkUnsafe);
    }
    users::disown_unverified(conn, user.id, actor.at)?;
    Ok((user, MemberStatus::Invited))
}

fn send(
    conn: &mut PgConnection,
    actor: &Actor,
    user: UserId,
    email: &str,
    way: Way,
) -> Result<Option<String>, InviteError> {
    if way == Way::Link {
        return Ok(Some(links::create(conn, user, Purpose::SetPassword, actor.at)?));
    }
    let bucket = Bucket::mails(email);
    if throttle::wait(conn, &bucket, actor.at)?.is_some() {
        return Err(InviteError::TooManyMails);
    }
    throttle::count(conn, &bucket, actor.at)?;
    let inviter = users::find(conn, actor.user)?.map(|inviter| inviter.name).unwrap_or_default();
    let mail = NewMail {
        workspace: Some(actor.workspace),
        user,
        kind: Kind::Invited,
        dedupe_key: format!("invited:{}:{user}:{}", actor.workspace, actor.at.timestamp_millis()),
        payload: serde_json::json!({ "inviter": inviter }),
    };
    outbox::enqueue(conn, mail, actor.at)?;
    Ok(None)
}

/// `mia.van-berg@example.com` is called Mia Van Berg until somebody says better.
fn name_from(email: &str) -> String {
    let local = email.split('@').next().unwrap_or(email);
    let capital = |word: &str| {
        let mut letters = word.chars();
        letters.next().map(|first| first.to_uppercase().chain(letters).collect::<String>()).unwrap_or_default()
    };
    let words: Vec<String> = local.split(['.', '-', '_', '+']).filter(|word| !word.is_empty()).map(capital).collect();
    if words.is_empty() { local.to_owned() } else { words.join(" ") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn somebody_without_a_name_is_called_by_their_address() {
        assert_eq!(name_from("mia.van-berg@example.com"), "Mia Van Berg");
        assert_eq!(name_from("ada@example.com"), "Ada");
        assert_eq!(name_from("__@example.com"), "__");
    }
}
