//! Letters about a person's account.

use diesel::pg::PgConnection;
use serde::Deserialize;

use crate::domain::accounts::links;
use crate::domain::accounts::links::LinkError;
use crate::domain::accounts::links::Purpose;
use crate::domain::accounts::users;
use crate::domain::outbox::Claimed;
use crate::domain::people::workspaces;
use crate::jobs::compose::Composer;
use crate::jobs::compose::Letter;
use crate::jobs::send_mail::ComposeError;
use crate::mail::letter::Heading;
use crate::mail::letter::Invited;
use crate::mail::letter::PasswordReset;

#[derive(Deserialize)]
struct InvitedPayload {
    inviter: String,
}

impl Composer {
    pub(super) fn password_reset(&self, tx: &mut PgConnection, mail: &Claimed, heading: Heading) -> Letter {
        let token = links::create_mailed(tx, mail.user, Purpose::ResetPassword, heading.at).map_err(of_link)?;
        let letter = PasswordReset { link: (self.addresses.set_password)(token) };
        Ok(Some(letter.message(heading)?))
    }

    pub(super) fn invited(&self, tx: &mut PgConnection, mail: &Claimed, heading: Heading) -> Letter {
        let payload = InvitedPayload::deserialize(&mail.payload)?;
        let Some(id) = mail.workspace else { return Ok(None) };
        // Withdrawn, declined or ended meanwhile.
        let Some(workspace) = workspaces::open_to(tx, id, mail.user)? else { return Ok(None) };
        // Whoever has a password comes in with it, and answers there.
        let has_password = users::find(tx, mail.user)?.is_some_and(|user| user.password_hash.is_some());
        let link = if has_password {
            self.addresses.invitations.clone()
        } else {
            let token = links::create_mailed(tx, mail.user, Purpose::SetPassword, heading.at).map_err(of_link)?;
            (self.addresses.set_password)(token)
        };
        let letter = Invited { workspace: workspace.name, inviter: payload.inviter, link, works_once: !has_password };
        Ok(Some(letter.message(heading)?))
    }
}

fn of_link(error: LinkError) -> ComposeError {
    match error {
        LinkError::Random(error) => ComposeError::Delayed(Box::new(error)),
        LinkError::Database(error) => error.into(),
    }
}
