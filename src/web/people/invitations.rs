//! Inviting people: several addresses at once, by mail or by links to hand over.

use actix_session::Session;
use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::Data;
use diesel::Connection;
use diesel::pg::PgConnection;

use crate::authz::actions::ManagePeople;
use crate::authz::actions::View;
use crate::authz::facts::Role;
use crate::authz::proof::Authorized;
use crate::db::Db;
use crate::domain::people::invitations;
use crate::domain::people::invitations::Invitation;
use crate::domain::people::invitations::InviteError;
use crate::domain::people::invitations::Invited;
use crate::domain::people::invitations::Way;
use crate::domain::people::memberships::Membership;
use crate::domain::people::workspaces::Workspace;
use crate::http::error::Error;
use crate::http::form::Fields;
use crate::http::form::Form;
use crate::http::form::Mistakes;
use crate::http::form::Nothing;
use crate::http::page;
use crate::http::page::Visit;
use crate::http::urls;
use crate::http::urls::PublicUrl;
use crate::http::urls::Urls;
use crate::kernel::text;
use crate::web::people::index;
use crate::web::people::index::Asked;
use crate::web::people::pages::Handover;
use crate::web::people::pages::IndexPage;
use crate::web::people::pages::Invite;
use crate::web::people::pages::PersonPage;
use crate::web::people::person;

/// How many people are invited at once.
const AT_MOST: usize = 100;

#[derive(Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct InviteForm {
    emails: String,
    role: Role,
    way: Way,
}

impl Fields for InviteForm {}

#[derive(Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AgainForm {
    way: Way,
}

impl Fields for AgainForm {}

pub(super) async fn back(_: Authorized<View, Workspace>, urls: Urls) -> HttpResponse {
    page::go(&urls.people())
}

/// Invites whom it can, and keeps the rest in the form with the reasons.
pub(super) async fn create(
    proof: Authorized<ManagePeople, Workspace>,
    Form(form): Form<InviteForm>,
    session: Session,
    urls: Urls,
    db: Data<Db>,
    public: Data<PublicUrl>,
) -> Result<HttpResponse, Error> {
    let actor = proof.actor().clone();
    let wanted = text::mailboxes(&form.emails);
    let mut mistakes = Mistakes::default();
    if wanted.is_empty() {
        mistakes.add("emails", "Please type at least one address.");
    } else if wanted.len() > AT_MOST {
        mistakes.add("emails", format!("At most {AT_MOST} people at once, please."));
    }
    let (role, way) = (form.role, form.way);
    if !mistakes.is_empty() {
        let invite = Invite { emails: form.emails, role, way, mistakes, ..Invite::default() };
        let visit = Visit::of(&session);
        let page = db.read(move |conn| index::load(conn, &actor, Asked::default(), visit)).await?;
        return page::refuse(&IndexPage { invite, ..page });
    }
    let outcome = db.write(move |tx| invite_all(tx, &proof, wanted, role, way)).await?;
    if outcome.refused.is_empty() && way == Way::Mail {
        page::toast(&session, &format!("Invited: {}. The mails are on their way.", people(outcome.invited.len())))?;
        return Ok(page::go(&urls.people()));
    }
    let status = if outcome.refused.is_empty() { StatusCode::CREATED } else { StatusCode::UNPROCESSABLE_ENTITY };
    let emails: Vec<&str> = outcome.refused.iter().map(|(email, _)| email.as_str()).collect();
    let invite = Invite {
        emails: emails.join("\n"),
        role,
        way,
        mailed: outcome.invited.iter().filter(|one| one.token.is_none()).fold(0, |count, _| count + 1),
        links: outcome.invited.into_iter().filter_map(|one| handover(&public, one)).collect(),
        refused: outcome.refused,
        mistakes,
    };
    let visit = Visit::of(&session);
    let page = db.read(move |conn| index::load(conn, &actor, Asked::default(), visit)).await?;
    page::answer(status, &IndexPage { invite, ..page })
}

struct Outcome {
    invited: Vec<Invited>,
    refused: Vec<(String, String)>,
}

/// Each in a transaction of its own inside of ours: one that does not go leaves the others.
fn invite_all(
    tx: &mut PgConnection,
    proof: &Authorized<ManagePeople, Workspace>,
    wanted: Vec<(String, Option<String>)>,
    role: Role,
    way: Way,
) -> Result<Outcome, Error> {
    let mut outcome = Outcome { invited: Vec::new(), refused: Vec::new() };
    for (email, name) in wanted {
        let new = Invitation { email: email.clone(), name, role, way };
        match tx.transaction(|tx| invitations::invite(tx, proof, &new)) {
            Ok(invited) => outcome.invited.push(invited),
            Err(error @ (InviteError::Database(_) | InviteError::Link(_))) => return Err(error.into()),
            Err(reason) => outcome.refused.push((email, reason.to_string())),
        }
    }
    Ok(outcome)
}

fn handover(public: &PublicUrl, invited: Invited) -> Option<Handover> {
    let link = public.absolute(&urls::set_password_link(&invited.token?));
    Some(Handover { email: invited.email, link })
}

fn people(count: usize) -> String {
    if count == 1 { "1 person".to_owned() } else { format!("{count} people") }
}

/// Once more, for somebody who has not come yet.
pub(super) async fn again(
    proof: Authorized<ManagePeople, Membership>,
    Form(form): Form<AgainForm>,
    session: Session,
    urls: Urls,
    db: Data<Db>,
    public: Data<PublicUrl>,
) -> Result<HttpResponse, Error> {
    let (actor, user) = (proof.actor().clone(), proof.resource().user);
    let invited: Result<Invited, InviteError> =
        db.write(move |tx| invitations::invite_again(tx, &proof, form.way)).await;
    let (link, refusal, status) = match invited {
        Ok(invited) if invited.token.is_some() => (handover(&public, invited), None, StatusCode::CREATED),
        Ok(_) => {
            page::toast(&session, "The mail is on its way.")?;
            return Ok(page::go(&urls.person(&user)));
        }
        Err(error @ (InviteError::Database(_) | InviteError::Link(_))) => return Err(error.into()),
        Err(reason) => (None, Some(reason.to_string()), StatusCode::UNPROCESSABLE_ENTITY),
    };
    let page = person::load(&db, actor, user, Visit::of(&session)).await?;
    page::answer(status, &PersonPage { refusal, link, ..page })
}

/// Takes back what has not been accepted.
pub(super) async fn withdraw(
    proof: Authorized<ManagePeople, Membership>,
    Form(Nothing {}): Form<Nothing>,
    session: Session,
    urls: Urls,
    db: Data<Db>,
) -> Result<HttpResponse, Error> {
    let name = proof.resource().name.clone();
    db.write(move |tx| Ok::<_, Error>(invitations::withdraw(tx, &proof)?)).await?;
    page::toast(&session, &format!("{name} is not invited any more."))?;
    Ok(page::go(&urls.people()))
}
