//! The share dialog: who may use a connection, giving it, changing that, taking it away and putting it back. It is a page of
//! its own, which the connection's page shows as a dialog. Of an OAuth connection it says why it cannot be shared (R4).

use actix_session::Session;
use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::Data;
use actix_web::web::Query;
use diesel::pg::PgConnection;

use crate::authz::actions::Attach;
use crate::authz::actions::Share;
use crate::authz::actions::View;
use crate::authz::actor::Actor;
use crate::authz::facts::AuthType;
use crate::authz::facts::ConnectionFacts;
use crate::authz::facts::ShareAccess;
use crate::authz::policy::Permits;
use crate::authz::proof::Authorized;
use crate::authz::proof::Guarded;
use crate::authz::proof::authorize;
use crate::authz::proof::decide;
use crate::db::Db;
use crate::db::DbError;
use crate::domain::agents;
use crate::domain::agents::losses;
use crate::domain::connections::Connection;
use crate::domain::connections::shares;
use crate::domain::connections::shares::Changes;
use crate::domain::connections::shares::End;
use crate::domain::connections::shares::ShareError;
use crate::domain::integrations::registry::Registry;
use crate::domain::people::grantee::Grantee;
use crate::domain::people::groups;
use crate::domain::people::search;
use crate::http::error::Error;
use crate::http::form::Fields;
use crate::http::form::Form;
use crate::http::form::Mistakes;
use crate::http::page;
use crate::http::page::Section;
use crate::http::page::Shell;
use crate::http::page::Visit;
use crate::http::urls::Urls;
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::ConnectionId;
use crate::kernel::ids::ShareId;
use crate::kernel::paging::Page;
use crate::web::connections::pages::Face;
use crate::web::connections::pages::shares::Dialog;
use crate::web::connections::pages::shares::Offer;
use crate::web::connections::pages::shares::SharesPage;
use crate::web::connections::pages::shares::Typed;

/// How many people and how many groups a search offers.
const FOUND_AT_MOST: i64 = 8;
/// How many agents that the owner of an OAuth connection can put it on are named.
const AGENTS_AT_MOST: i64 = 8;
/// How many people are listed with their ways.
const PEOPLE_ON_A_PAGE: i64 = 25;
/// How many shares stand on a page.
const SHARES_ON_A_PAGE: i64 = 25;

/// What the page is asked to show.
#[derive(Clone, Debug, Default, serde::Deserialize)]
pub(super) struct Asked {
    /// Whom to offer.
    #[serde(default)]
    q: String,
    /// Where the list of shares goes on.
    #[serde(default)]
    after: String,
    /// Whose ways to look up.
    #[serde(default)]
    who: String,
    /// Where the list of people goes on.
    #[serde(default)]
    people: String,
    /// What was taken away a moment ago.
    #[serde(default)]
    removed: String,
}

pub(super) async fn index(
    proof: Authorized<View, Connection>,
    Query(asked): Query<Asked>,
    session: Session,
    db: Data<Db>,
    registry: Data<Registry>,
) -> Result<HttpResponse, Error> {
    let visit = Visit::of(&session);
    let (actor, connection) = proof.into_parts();
    let id = connection.id;
    let load = move |conn: &mut PgConnection| {
        if connection.auth_type == AuthType::Oauth {
            return oauth(conn, &registry, &actor, connection, visit);
        }
        // What may be seen but not shared is refused here, with who can help.
        let proof = decide::<Share, Connection>(actor, connection)?;
        build(conn, &registry, &proof, asked, Typed::default(), visit)
    };
    let page = db.read(load).await?;
    debug_assert_eq!(page.connection.id, id);
    page::show(&page)
}

/// Why an OAuth connection is not shared, and what to do instead.
fn oauth(
    conn: &mut PgConnection,
    registry: &Registry,
    actor: &Actor,
    connection: Connection,
    visit: Visit,
) -> Result<SharesPage, Error> {
    let definition = registry.find(conn, actor.workspace, &connection.integration)?;
    let face = Face::of(&connection, definition.as_deref());
    let may_attach = <Attach as Permits<ConnectionFacts>>::permits(actor, &connection.facts()).is_ok();
    let agents = if may_attach { agents::visible::editable(conn, actor, AGENTS_AT_MOST)? } else { Vec::new() };
    let shell = Shell::load(conn, actor, Section::Connections, visit)?;
    Ok(SharesPage { shell, connection, face, may_attach, agents, dialog: None })
}

fn build(
    conn: &mut PgConnection,
    registry: &Registry,
    proof: &Authorized<Share, Connection>,
    asked: Asked,
    typed: Typed,
    visit: Visit,
) -> Result<SharesPage, Error> {
    let (actor, connection) = (proof.actor(), proof.resource());
    let definition = registry.find(conn, actor.workspace, &connection.integration)?;
    let listed = shares::list(conn, proof, &Page::new(Some(SHARES_ON_A_PAGE), asked.after.parse().ok()))?;
    let ids: Vec<ShareId> = listed.items.iter().map(|share| share.id).collect();
    let losses = losses::share::losses(conn, proof, &ids)?;
    let people = Page::new(Some(PEOPLE_ON_A_PAGE), asked.people.parse().ok());
    let people = shares::people(conn, proof, &asked.who, &people)?;
    let removed = match asked.removed.parse() {
        Ok(share) => shares::removed(conn, proof, share)?,
        Err(_) => None,
    };
    let query = asked.q.trim().to_owned();
    let dialog = Dialog {
        offers: offers(conn, proof, &query)?,
        query,
        is_first: asked.after.is_empty(),
        next: listed.next.map(|cursor| cursor.to_string()),
        shares: Dialog::rows(listed.items, losses),
        who: asked.who,
        is_first_of_people: asked.people.is_empty(),
        next_people: people.next.map(|cursor| cursor.to_string()),
        people: people.items,
        removed,
        typed,
    };
    Ok(SharesPage {
        shell: Shell::load(conn, actor, Section::Connections, visit)?,
        face: Face::of(connection, definition.as_deref()),
        connection: connection.clone(),
        may_attach: false,
        agents: Vec::new(),
        dialog: Some(dialog),
    })
}

/// Whom the search offers, and what they have already; everyone in the workspace stands last.
fn offers(conn: &mut PgConnection, proof: &Authorized<Share, Connection>, query: &str) -> Result<Vec<Offer>, Error> {
    let mut offers = Vec::new();
    if !query.is_empty() {
        offers.extend(groups::search(conn, proof.actor(), query, FOUND_AT_MOST)?.iter().map(Offer::of_group));
        offers.extend(search::members(conn, proof.actor(), query, FOUND_AT_MOST)?.iter().map(Offer::of_person));
    }
    offers.push(Offer::everyone());
    let grantees: Vec<Grantee> = offers.iter().map(|offer| offer.grantee).collect();
    let held = shares::of_grantees(conn, proof, &grantees)?;
    let owner = Grantee::User(proof.resource().owner);
    for offer in &mut offers {
        offer.is_owner = offer.grantee == owner;
        offer.held = held.iter().find(|share| share.grantee == offer.grantee && !share.has_ended).map(|it| it.access);
    }
    Ok(offers)
}

#[derive(Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ShareForm {
    #[serde(default)]
    grantee: String,
    access: ShareAccess,
    #[serde(default)]
    ends: String,
    #[serde(default)]
    q: String,
}

impl Fields for ShareForm {}

pub(super) async fn create(
    proof: Authorized<Share, Connection>,
    Form(form): Form<ShareForm>,
    session: Session,
    urls: Urls,
    db: Data<Db>,
    registry: Data<Registry>,
) -> Result<HttpResponse, Error> {
    let (actor, id) = (proof.actor().clone(), proof.resource().id);
    let mut mistakes = Mistakes::default();
    let grantee = mistakes.check("grantee", grantee(&form.grantee));
    let ends = mistakes.check("ends", day(&form.ends));
    let shared = match (grantee, ends) {
        (Some(grantee), Some(ends)) => {
            db.write(move |tx| shares::add(tx, &proof, grantee, form.access, ends)).await.map(Some)
        }
        (Some(_) | None, _) => Ok(None),
    };
    match shared {
        Ok(Some(_)) => {
            page::toast(&session, "Shared. Whoever has it by this is told by mail.")?;
            return Ok(page::go(&urls.connection_part(&id, "shares")));
        }
        Ok(None) => {}
        Err(error) => note(&mut mistakes, error)?,
    }
    let typed = Typed { grantee: form.grantee, access: Some(form.access), ends: form.ends, mistakes };
    let asked = Asked { q: form.q, ..Asked::default() };
    refuse(&db, registry, actor, id, (asked, typed), Visit::of(&session)).await
}

/// Notes what is wrong beside its field; what has no field stands above the form. Not what nobody here can mend.
fn note(mistakes: &mut Mistakes, error: ShareError) -> Result<(), Error> {
    match error {
        ShareError::EndsInThePast => mistakes.add("ends", error),
        ShareError::AlreadyShared | ShareError::UnknownGrantee | ShareError::IsOwner => mistakes.add("grantee", error),
        ShareError::HasEnded | ShareError::TooLate | ShareError::Gone | ShareError::Database(_) => {
            return Err(error.into());
        }
    }
    Ok(())
}

async fn refuse(
    db: &Db,
    registry: Data<Registry>,
    actor: Actor,
    id: ConnectionId,
    (asked, typed): (Asked, Typed),
    visit: Visit,
) -> Result<HttpResponse, Error> {
    let page = db
        .read(move |conn| {
            let proof = authorize::<Share, Connection>(conn, actor, &id)?;
            build(conn, &registry, &proof, asked, typed, visit)
        })
        .await?;
    page::answer(StatusCode::UNPROCESSABLE_ENTITY, &page)
}

/// `workspace`, `user:{id}` or `group:{id}`, as the page's choices have it.
fn grantee(text: &str) -> Result<Grantee, &'static str> {
    let unknown = "Choose whom to share with: look for a name, or take everyone.";
    if text == "workspace" {
        return Ok(Grantee::Workspace);
    }
    let (kind, id) = text.split_once(':').ok_or(unknown)?;
    match kind {
        "user" => id.parse().map(Grantee::User).map_err(|_invalid| unknown),
        "group" => id.parse().map(Grantee::Group).map_err(|_invalid| unknown),
        _ => Err(unknown),
    }
}

/// The end of a day as a browser's date field sends it, in UTC; nothing for no end.
fn day(text: &str) -> Result<Option<Timestamp>, &'static str> {
    if text.trim().is_empty() {
        return Ok(None);
    }
    let day = chrono::NaiveDate::parse_from_str(text.trim(), "%Y-%m-%d");
    let end = day.ok().and_then(|day| day.and_hms_opt(23, 59, 59));
    end.map(|end| Some(end.and_utc())).ok_or("This is not a day. Write it like 2027-01-31.")
}

#[derive(Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ChangeForm {
    share: ShareId,
    access: ShareAccess,
    #[serde(default)]
    ends: String,
}

impl Fields for ChangeForm {}

pub(super) async fn update(
    proof: Authorized<Share, Connection>,
    Form(form): Form<ChangeForm>,
    session: Session,
    urls: Urls,
    db: Data<Db>,
) -> Result<HttpResponse, Error> {
    let back = urls.connection_part(&proof.resource().id, "shares");
    let said = match day(&form.ends) {
        Err(message) => message.to_owned(),
        Ok(ends) => {
            let changes = Changes { access: Some(form.access), end: ends.map_or(End::Never, End::At) };
            match db.write(move |tx| shares::change(tx, &proof, form.share, changes)).await {
                Ok(()) => "Changed. It holds from the next call.".to_owned(),
                Err(error @ ShareError::Database(DbError::Unavailable(_) | DbError::Query(_) | DbError::Stopped)) => {
                    return Err(error.into());
                }
                Err(error) => format!("Not changed. {error}"),
            }
        }
    };
    page::toast(&session, &said)?;
    Ok(page::go(&back))
}

#[derive(Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct OneShare {
    share: ShareId,
}

impl Fields for OneShare {}

pub(super) async fn destroy(
    proof: Authorized<Share, Connection>,
    Form(form): Form<OneShare>,
    urls: Urls,
    db: Data<Db>,
) -> Result<HttpResponse, Error> {
    let id = proof.resource().id;
    db.write(move |tx| Ok::<_, Error>(shares::remove(tx, &proof, form.share)?)).await?;
    Ok(page::go(&urls.connection_share_removed(&id, &form.share)))
}

pub(super) async fn restore(
    proof: Authorized<Share, Connection>,
    Form(form): Form<OneShare>,
    session: Session,
    urls: Urls,
    db: Data<Db>,
) -> Result<HttpResponse, Error> {
    let back = urls.connection_part(&proof.resource().id, "shares");
    let said = match db.write(move |tx| shares::restore(tx, &proof, form.share)).await {
        Ok(()) => "It is as it was.".to_owned(),
        Err(ShareError::Database(error)) => return Err(error.into()),
        Err(error) => error.to_string(),
    };
    page::toast(&session, &said)?;
    Ok(page::go(&back))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_ends_with_its_last_second() {
        assert_eq!(day("2027-01-31").unwrap().unwrap().to_rfc3339(), "2027-01-31T23:59:59+00:00");
        assert_eq!(day(" "), Ok(None));
        assert!(day("31.1.2027").is_err() && day("2027-02-30").is_err());
    }

    #[test]
    fn a_choice_names_a_person_a_group_or_everyone() {
        assert_eq!(grantee("workspace"), Ok(Grantee::Workspace));
        assert!(matches!(grantee("user:019a0000-0000-7000-8000-000000000000"), Ok(Grantee::User(_))));
        for wrong in ["", "user:", "user:x", "team:019a0000-0000-7000-8000-000000000000"] {
            assert!(grantee(wrong).is_err(), "{wrong}");
        }
    }
}
