//! Who may use an integration: the page to decide it on, and the page before that says who loses what. What is being
//! decided stands in the address, so looking people up and looking ahead work without a script and keep what was chosen.

use std::collections::BTreeSet;

use actix_session::Session;
use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::Data;
use actix_web::web::Query;
use diesel::pg::PgConnection;

use crate::authz::actions::Configure;
use crate::authz::actor::Actor;
use crate::authz::facts::AuthType;
use crate::authz::proof::Authorized;
use crate::authz::proof::authorize;
use crate::db::Db;
use crate::domain::agents::losses::integration::losses;
use crate::domain::integrations::access;
use crate::domain::integrations::access::AccessChanges;
use crate::domain::integrations::access::Audience;
use crate::domain::integrations::access::Scope;
use crate::domain::integrations::access::Switch;
use crate::domain::integrations::integration::Integration;
use crate::domain::integrations::registry::Registry;
use crate::domain::integrations::settings::SettingsError;
use crate::domain::people::groups;
use crate::domain::people::members;
use crate::domain::people::search;
use crate::http::error::Error;
use crate::http::form::Form;
use crate::http::form::Mistakes;
use crate::http::form::Pairs;
use crate::http::page;
use crate::http::page::Section;
use crate::http::page::Shell;
use crate::http::page::Visit;
use crate::http::urls::Urls;
use crate::kernel::ids::GroupId;
use crate::kernel::ids::UserId;
use crate::web::integrations::pages::access::AccessPage;
use crate::web::integrations::pages::access::Person;
use crate::web::integrations::pages::access::ReviewPage;

/// How many people and how many groups a search offers.
const FOUND_AT_MOST: i64 = 8;

/// What is being decided, as the address or a form has it.
#[derive(Clone, Debug, Default)]
struct Draft {
    scope: Option<Scope>,
    enabled: Option<bool>,
    audience: Option<Audience>,
    reserved: Option<BTreeSet<AuthType>>,
    q: String,
}

impl Draft {
    /// Ids and words that do not read name nothing.
    fn read(pairs: Vec<(String, String)>) -> Self {
        let (mut draft, mut users, mut groups, mut to) = (Self::default(), Vec::new(), Vec::new(), String::new());
        for (name, value) in pairs {
            match name.as_str() {
                "action" => draft.scope = Some(Scope::of(&value)),
                "enabled" => draft.enabled = value.parse().ok(),
                "to" => to = value,
                "user" => users.extend(value.parse::<UserId>()),
                "group" => groups.extend(value.parse::<GroupId>()),
                "ways" => {
                    draft.reserved.get_or_insert_default();
                }
                "reserved" => draft.reserved.get_or_insert_default().extend(value.parse::<AuthType>()),
                "q" => draft.q = value,
                _ => {}
            }
        }
        draft.audience = match to.as_str() {
            "everyone" => Some(Audience::Everyone),
            "only" => Some(Audience::Only { users, groups }),
            _ => None,
        };
        draft
    }

    fn scope(&self) -> Scope {
        self.scope.clone().unwrap_or(Scope::Whole)
    }

    fn changes(&self) -> AccessChanges {
        let audience = self.audience.clone().map(|audience| AccessChanges::audience(&self.scope(), audience));
        AccessChanges {
            switch: self.enabled.map(|enabled| if enabled { Switch::On } else { Switch::Off }),
            reserved: self.reserved.clone(),
            ..audience.unwrap_or_default()
        }
    }

    /// The same for the form that makes the change.
    fn fields(&self) -> Vec<(&'static str, String)> {
        let mut fields = vec![("action", self.scope().column().to_owned())];
        fields.extend(self.enabled.map(|enabled| ("enabled", enabled.to_string())));
        match &self.audience {
            None => {}
            Some(Audience::Everyone) => fields.push(("to", "everyone".to_owned())),
            Some(Audience::Only { users, groups }) => {
                fields.push(("to", "only".to_owned()));
                fields.extend(users.iter().map(|user| ("user", user.to_string())));
                fields.extend(groups.iter().map(|group| ("group", group.to_string())));
            }
        }
        if let Some(reserved) = &self.reserved {
            fields.push(("ways", "true".to_owned()));
            fields.extend(reserved.iter().map(|auth_type| ("reserved", auth_type.to_string())));
        }
        fields
    }
}

pub(super) async fn edit(
    proof: Authorized<Configure, Integration>,
    Query(pairs): Query<Vec<(String, String)>>,
    session: Session,
    db: Data<Db>,
    registry: Data<Registry>,
) -> Result<HttpResponse, Error> {
    let (visit, draft) = (Visit::of(&session), Draft::read(pairs));
    page::show(&db.read(move |conn| build(conn, &registry, &proof, &draft, Mistakes::default(), visit)).await?)
}

fn build(
    conn: &mut PgConnection,
    registry: &Registry,
    proof: &Authorized<Configure, Integration>,
    draft: &Draft,
    mistakes: Mistakes,
    visit: Visit,
) -> Result<AccessPage, Error> {
    let (actor, integration) = (proof.actor(), proof.resource());
    let definition = registry.find(conn, actor.workspace, &integration.key)?.ok_or_else(Error::not_found)?;
    let now = access::access(conn, proof)?;
    let scope = draft.scope();
    if let Scope::Action(key) = &scope
        && definition.action(key).is_none()
        && !now.actions.contains_key(key)
    {
        return Err(Error::not_found());
    }
    let audience = draft.audience.clone().unwrap_or_else(|| now.of(&scope).clone());
    let chosen = people(conn, actor, &audience)?;
    let found = found(conn, actor, draft.q.trim(), &chosen)?;
    let shell = Shell::load(conn, actor, Section::Integrations, visit)?;
    Ok(AccessPage {
        is_everyone: audience == Audience::Everyone,
        chosen,
        query: draft.q.clone(),
        found,
        mistakes,
        ..AccessPage::of(shell, integration, &definition, &scope, &now)
    })
}

/// Those who are named, groups first, by name.
fn people(conn: &mut PgConnection, actor: &Actor, audience: &Audience) -> Result<Vec<Person>, Error> {
    let mut named = groups::with_ids(conn, actor, audience.groups())?.iter().map(Person::group).collect::<Vec<_>>();
    named.extend(members::with_ids(conn, actor.workspace, audience.users())?.iter().map(Person::user));
    Ok(named)
}

/// Those whom the search found and who are not named yet.
fn found(conn: &mut PgConnection, actor: &Actor, query: &str, chosen: &[Person]) -> Result<Vec<Person>, Error> {
    if query.is_empty() {
        return Ok(Vec::new());
    }
    let mut found: Vec<Person> = groups::search(conn, actor, query, FOUND_AT_MOST)?.iter().map(Person::group).collect();
    found.extend(search::members(conn, actor, query, FOUND_AT_MOST)?.iter().map(Person::user));
    found.retain(|one| !chosen.iter().any(|other| other.id == one.id));
    Ok(found)
}

pub(super) async fn review(
    proof: Authorized<Configure, Integration>,
    Query(pairs): Query<Vec<(String, String)>>,
    session: Session,
    db: Data<Db>,
    registry: Data<Registry>,
) -> Result<HttpResponse, Error> {
    let (visit, draft) = (Visit::of(&session), Draft::read(pairs));
    let (actor, key, asked, known) =
        (proof.actor().clone(), proof.resource().key.clone(), draft.clone(), registry.clone());
    let seen = visit.clone();
    let foreseen = db.read(move |conn| foresee(conn, &known, &proof, &asked, seen)).await;
    match foreseen {
        Ok(page) => page::show(&page),
        Err(Foreseen::Mistaken(error)) => give_back(&db, registry, (actor, key), draft, (error, visit)).await,
        Err(Foreseen::Failed(error)) => Err(error),
    }
}

/// Why there is no page of what would go.
enum Foreseen {
    /// Something in the draft needs a change.
    Mistaken(SettingsError),
    /// Anything else.
    Failed(Error),
}

impl<E: Into<Error>> From<E> for Foreseen {
    fn from(error: E) -> Self {
        Self::Failed(error.into())
    }
}

fn foresee(
    conn: &mut PgConnection,
    registry: &Registry,
    proof: &Authorized<Configure, Integration>,
    draft: &Draft,
    visit: Visit,
) -> Result<ReviewPage, Foreseen> {
    let (actor, integration) = (proof.actor(), proof.resource());
    let definition = registry.find(conn, actor.workspace, &integration.key)?.ok_or_else(Error::not_found)?;
    let (before, after) = access::preview(conn, proof, &definition, &draft.changes()).map_err(Foreseen::Mistaken)?;
    let shell = Shell::load(conn, actor, Section::Integrations, visit)?;
    let chosen = people(conn, actor, after.of(&draft.scope()))?;
    Ok(ReviewPage {
        losses: losses(conn, proof, &before, &after)?,
        fields: draft.fields(),
        switches: draft.enabled,
        opens_to: draft.audience.as_ref().map(|audience| *audience == Audience::Everyone),
        reserves: draft.reserved.as_ref().map(|reserved| reserved.iter().copied().collect()),
        chosen,
        ..ReviewPage::of(shell, integration, &definition, &draft.scope())
    })
}

async fn give_back(
    db: &Db,
    registry: Data<Registry>,
    (actor, key): (Actor, String),
    draft: Draft,
    (error, visit): (SettingsError, Visit),
) -> Result<HttpResponse, Error> {
    let mut mistakes = Mistakes::default();
    match error {
        SettingsError::UnknownGrantee(_) | SettingsError::TooManyGrantees(_) | SettingsError::NotOffered(_) => {
            mistakes.add("chosen", error);
        }
        other @ (SettingsError::UnknownAction(_)
        | SettingsError::NoOauth
        | SettingsError::ClientIdMissing
        | SettingsError::Vault(_)
        | SettingsError::Database(_)) => return Err(other.into()),
    }
    let page = db
        .read(move |conn| {
            let proof = authorize::<Configure, Integration>(conn, actor, &key)?;
            build(conn, &registry, &proof, &draft, mistakes, visit)
        })
        .await?;
    page::answer(StatusCode::UNPROCESSABLE_ENTITY, &page)
}

pub(super) async fn update(
    proof: Authorized<Configure, Integration>,
    Form(Pairs(pairs)): Form<Pairs>,
    session: Session,
    urls: Urls,
    db: Data<Db>,
    registry: Data<Registry>,
) -> Result<HttpResponse, Error> {
    let draft = Draft::read(pairs);
    let (actor, key) = (proof.actor().clone(), proof.resource().key.clone());
    let (known, changes, wanted) = (registry.clone(), draft.changes(), key.clone());
    let saved: Result<(), Foreseen> = db
        .write(move |tx| {
            let definition = known.find(tx, proof.actor().workspace, &wanted)?.ok_or_else(Error::not_found)?;
            access::change(tx, &proof, &definition, &changes).map_err(Foreseen::Mistaken)
        })
        .await;
    match saved {
        Ok(()) => {
            page::toast(&session, "Saved. It holds from the next call.")?;
            Ok(page::go(&urls.integration_access(&key, draft.scope().column())))
        }
        Err(Foreseen::Mistaken(error)) => {
            give_back(&db, registry, (actor, key), draft, (error, Visit::of(&session))).await
        }
        Err(Foreseen::Failed(error)) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_draft_comes_through_the_forms_as_it_was() {
        let user = UserId::new().to_string();
        let pairs = [("action", "send"), ("to", "only"), ("user", &*user), ("group", "x"), ("q", "mia")];
        let draft = Draft::read(pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec());

        let fields: Vec<(String, String)> =
            draft.fields().into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        let again = Draft::read(fields);

        assert_eq!((again.scope(), again.audience.clone()), (Scope::of("send"), draft.audience));
        assert_eq!(again.audience.unwrap().users().len(), 1);
        assert!(Draft::read(vec![("ways".to_owned(), String::new())]).reserved.is_some_and(|all| all.is_empty()));
        assert!(Draft::read(Vec::new()).changes().switch.is_none());
    }
}
