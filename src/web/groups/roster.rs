//! Who is in a group: found by name, pasted as addresses, taken out.

use actix_session::Session;
use actix_web::HttpResponse;
use actix_web::web::Data;

use crate::authz::actions::ManagePeople;
use crate::authz::proof::Authorized;
use crate::db::Db;
use crate::domain::agents::joins;
use crate::domain::integrations::registry::Registry;
use crate::domain::people::groups::Group;
use crate::domain::people::groups::roster;
use crate::domain::people::groups::roster::Added;
use crate::http::error::Error;
use crate::http::form::Fields;
use crate::http::form::Form;
use crate::http::form::Mistakes;
use crate::http::page;
use crate::http::page::Visit;
use crate::http::urls::Urls;
use crate::kernel::ids::UserId;
use crate::kernel::text;
use crate::web::groups::pages::ShowPage;
use crate::web::groups::show;
use crate::web::groups::show::Asked;

/// How many addresses are taken at once.
const PASTED_AT_MOST: usize = 500;

#[derive(Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SeatForm {
    user: UserId,
}

impl Fields for SeatForm {}

#[derive(Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AddressesForm {
    addresses: String,
}

impl Fields for AddressesForm {}

pub(super) async fn create(
    proof: Authorized<ManagePeople, Group>,
    Form(form): Form<SeatForm>,
    session: Session,
    urls: Urls,
    db: Data<Db>,
) -> Result<HttpResponse, Error> {
    let back = urls.group(&proof.resource().id);
    let is_known = db.write(move |tx| Ok::<_, Error>(joins::add(tx, &proof, form.user)?)).await?;
    if !is_known {
        return Err(Error::nothing_named("person"));
    }
    page::toast(&session, "Added. What the group has, they have from their next call.")?;
    Ok(page::go(&back))
}

pub(super) async fn destroy(
    proof: Authorized<ManagePeople, Group>,
    Form(form): Form<SeatForm>,
    session: Session,
    urls: Urls,
    db: Data<Db>,
) -> Result<HttpResponse, Error> {
    let back = urls.group(&proof.resource().id);
    db.write(move |tx| Ok::<_, Error>(roster::remove(tx, &proof, form.user)?)).await?;
    page::toast(&session, "Taken out. It holds from their next call.")?;
    Ok(page::go(&back))
}

/// Adds whom it knows, and names the addresses that are nobody's here, still in the form.
pub(super) async fn paste(
    proof: Authorized<ManagePeople, Group>,
    Form(form): Form<AddressesForm>,
    session: Session,
    urls: Urls,
    db: Data<Db>,
    registry: Data<Registry>,
) -> Result<HttpResponse, Error> {
    let (actor, id) = (proof.actor().clone(), proof.resource().id);
    let wanted = text::addresses(&form.addresses);
    let mut paste_mistakes = Mistakes::default();
    if wanted.is_empty() {
        paste_mistakes.add("addresses", "Please paste at least one address.");
    } else if wanted.len() > PASTED_AT_MOST {
        paste_mistakes.add("addresses", format!("At most {PASTED_AT_MOST} addresses at once, please."));
    }
    let added = if paste_mistakes.is_empty() {
        db.write(move |tx| Ok::<_, Error>(joins::add_by_address(tx, &proof, &wanted)?)).await?
    } else {
        Added::default()
    };
    if paste_mistakes.is_empty() && added.unknown.is_empty() {
        page::toast(&session, &said(&added))?;
        return Ok(page::go(&urls.group(&id)));
    }
    let addresses = if paste_mistakes.is_empty() { added.unknown.join("\n") } else { form.addresses };
    let page = show::load(&db, &registry, actor, id, Asked::default(), Visit::of(&session)).await?;
    let done = if paste_mistakes.is_empty() { Some(said(&added)) } else { None };
    page::refuse(&ShowPage { addresses, unknown: added.unknown, done, paste_mistakes, ..page })
}

fn said(added: &Added) -> String {
    let people = |count: usize| if count == 1 { "1 person".to_owned() } else { format!("{count} people") };
    let already = if added.already == 0 {
        String::new()
    } else {
        format!(" {} {} in the group already.", people(added.already), if added.already == 1 { "was" } else { "were" })
    };
    let who = if added.people.is_empty() { "Nobody".to_owned() } else { people(added.people.len()) };
    format!("{who} added.{already}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_done_is_said_in_a_sentence() {
        let someone = || (UserId::new(), "Ada".to_owned());
        let added = |people, already| Added { people, already, unknown: Vec::new() };

        assert_eq!(said(&added(vec![someone()], 0)), "1 person added.");
        assert_eq!(said(&added(vec![someone(), someone()], 1)), "2 people added. 1 person was in the group already.");
    }
}
