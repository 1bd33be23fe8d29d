//! The CRM API: contacts and deals of one company, behind an API key.

use actix_web::HttpResponse;
use chrono::NaiveDate;
use serde::Deserialize;
use serde_json::json;

use crate::sandbox::access::crm_key;
use crate::sandbox::call::Call;
use crate::sandbox::customers::Contact;
use crate::sandbox::customers::CrmKey;
use crate::sandbox::customers::CrmRights;
use crate::sandbox::customers::Currency;
use crate::sandbox::customers::Deal;
use crate::sandbox::customers::Stage;
use crate::sandbox::refusal::ApiError;

const LONGEST_TEXT: usize = 200;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewContact {
    name: String,
    email: String,
    company: Option<String>,
    phone: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct NewDeal {
    contact_id: String,
    title: String,
    amount: u64,
    #[serde(default)]
    currency: Currency,
    #[serde(default)]
    stage: Stage,
    closes_on: Option<NaiveDate>,
}

/// `GET /crm/v1/me`
pub(crate) fn me(call: &Call) -> Result<HttpResponse, ApiError> {
    let key = crm_key(call)?;
    Ok(HttpResponse::Ok().json(json!({
        "account": key.account,
        "rights": key.rights.words(),
    })))
}

/// `GET /crm/v1/contacts?q=&limit=`
pub(crate) fn list_contacts(call: &Call) -> Result<HttpResponse, ApiError> {
    let key = crm_key(call)?;
    let query = call.query();
    let limit = query.limit()?;
    let wanted = query.find("q").unwrap_or_default().to_lowercase();

    let contacts = call.world.read(|state| state.crm.contacts.clone());
    let found: Vec<_> = contacts.iter().filter(|contact| contact.mentions(&wanted)).collect();
    let items: Vec<_> = found.iter().take(limit).collect();
    Ok(HttpResponse::Ok().json(json!({
        "account": key.account,
        "items": items,
        "total": found.len(),
    })))
}

/// `GET /crm/v1/contacts/{contactId}`
pub(crate) fn show_contact(call: &Call) -> Result<HttpResponse, ApiError> {
    crm_key(call)?;
    let id = call.part("contact_id");
    let contacts = call.world.read(|state| state.crm.contacts.clone());
    let contact = contacts.iter().find(|contact| contact.id == id).ok_or(ApiError::NotFound("contact"))?;
    Ok(HttpResponse::Ok().json(contact))
}

/// `POST /crm/v1/contacts`
pub(crate) fn create_contact(call: &Call) -> Result<HttpResponse, ApiError> {
    writing_key(call)?;
    let new: NewContact = call.json()?;
    let name = text("name", &new.name)?;
    let email = text("email", &new.email)?;
    if !email.contains('@') {
        return Err(ApiError::Invalid { field: "email", message: "must be an email address" });
    }

    let now = call.world.now();
    let contact = call.world.write(|state| {
        let crm = &mut state.crm;
        if crm.contacts.iter().any(|contact| contact.email.eq_ignore_ascii_case(&email)) {
            return Err(ApiError::ContactExists);
        }
        let contact =
            Contact { id: crm.next_id("con"), name, email, company: new.company, phone: new.phone, created_at: now };
        crm.contacts.push(contact.clone());
        Ok(contact)
    })?;
    Ok(HttpResponse::Created().json(contact))
}

/// `GET /crm/v1/deals?contactId=&stage=&limit=`
pub(crate) fn list_deals(call: &Call) -> Result<HttpResponse, ApiError> {
    let key = crm_key(call)?;
    let query = call.query();
    let limit = query.limit()?;
    let contact = query.find("contactId");
    let stage: Option<Stage> =
        match query.find("stage") {
            Some(name) => Some(serde_json::from_value(json!(name)).ok().ok_or(ApiError::Invalid {
                field: "stage",
                message: "must be new, qualified, proposal, won or lost",
            })?),
            None => None,
        };

    let deals = call.world.read(|state| state.crm.deals.clone());
    let found: Vec<_> = deals
        .iter()
        .filter(|deal| contact.is_none_or(|id| deal.contact_id == id))
        .filter(|deal| stage.is_none_or(|stage| deal.stage == stage))
        .collect();
    let items: Vec<_> = found.iter().take(limit).collect();
    Ok(HttpResponse::Ok().json(json!({
        "account": key.account,
        "items": items,
        "total": found.len(),
    })))
}

/// `POST /crm/v1/deals`, with a note in the header `X-Note` if there is something to add.
pub(crate) fn create_deal(call: &Call) -> Result<HttpResponse, ApiError> {
    writing_key(call)?;
    let new: NewDeal = call.json()?;
    let title = text("title", &new.title)?;
    let note = match call.header("x-note") {
        Some(note) => Some(text("X-Note", note)?),
        None => None,
    };

    let now = call.world.now();
    let deal = call.world.write(|state| {
        let crm = &mut state.crm;
        if !crm.contacts.iter().any(|contact| contact.id == new.contact_id) {
            return Err(ApiError::Invalid { field: "contactId", message: "is not a contact" });
        }
        let deal = Deal {
            id: crm.next_id("deal"),
            contact_id: new.contact_id,
            title,
            amount: new.amount,
            currency: new.currency,
            stage: new.stage,
            closes_on: new.closes_on,
            note,
            created_at: now,
        };
        crm.deals.push(deal.clone());
        Ok(deal)
    })?;
    Ok(HttpResponse::Created().json(deal))
}

fn writing_key(call: &Call) -> Result<&'static CrmKey, ApiError> {
    let key = crm_key(call)?;
    match key.rights {
        CrmRights::Full => Ok(key),
        CrmRights::ReadOnly => Err(ApiError::ReadOnlyKey),
    }
}

fn text(field: &'static str, value: &str) -> Result<String, ApiError> {
    let value = value.trim();
    if value.is_empty() || value.chars().count() > LONGEST_TEXT {
        return Err(ApiError::Invalid { field, message: "must have 1 to 200 characters" });
    }
    Ok(value.to_owned())
}

impl Contact {
    /// Whether name, email or company has the wanted text in it, given in lower case.
    fn mentions(&self, wanted: &str) -> bool {
        [Some(&self.name), Some(&self.email), self.company.as_ref()]
            .into_iter()
            .flatten()
            .any(|text| text.to_lowercase().contains(wanted))
    }
}
