//! The first page of the sandbox and what hangs on it: the stylesheet, the key file, the documents.

use actix_web::HttpResponse;
use actix_web::http::header::CONTENT_DISPOSITION;
use actix_web::http::header::ContentType;
use actix_web::http::header::LOCATION;

use crate::sandbox::call::Call;
use crate::sandbox::customers::CRM_KEYS;
use crate::sandbox::integrations;
use crate::sandbox::pages;
use crate::sandbox::people::PEOPLE;
use crate::sandbox::service_account::CLIENT_EMAIL;
use crate::sandbox::service_account::service_account_key;

/// `GET /`
pub(crate) fn show(call: &Call) -> HttpResponse {
    let key_file = service_account_key(&call.world.public_url);
    let documents: Vec<_> = integrations::documents(&call.world.public_url).into_iter().map(|(key, _)| key).collect();
    pages::home(&pages::Home {
        people: &PEOPLE,
        grants: &call.world.snapshot().grants,
        crm_keys: &CRM_KEYS,
        service_account: CLIENT_EMAIL,
        key_file: &key_file,
        documents: &documents,
    })
}

/// `GET /sandbox.css`
pub(crate) fn stylesheet(_call: &Call) -> HttpResponse {
    HttpResponse::Ok().content_type("text/css; charset=utf-8").body(include_str!("sandbox.css"))
}

/// `GET /service-account.json`
pub(crate) fn key_file(call: &Call) -> HttpResponse {
    let name = "attachment; filename=\"sandbox-service-account.json\"";
    HttpResponse::Ok()
        .content_type(ContentType::json())
        .insert_header((CONTENT_DISPOSITION, name))
        .body(service_account_key(&call.world.public_url))
}

/// `GET /documents/{key}.yaml`
pub(crate) fn document(call: &Call) -> HttpResponse {
    match integrations::document(call.part("key"), &call.world.public_url) {
        Some(text) => HttpResponse::Ok().content_type("application/yaml").body(text),
        None => pages::nothing_here(),
    }
}

/// `POST /removals`: takes back the access that one person gave to one app.
pub(crate) fn remove_access(call: &Call) -> HttpResponse {
    if call.is_from_elsewhere() {
        return pages::refused("This form was sent from another site.");
    }
    let form = call.form().unwrap_or_default();
    if let Some(grant) = form.find("grant") {
        call.world.write(|state| state.ledger.end(grant));
    }
    HttpResponse::SeeOther().insert_header((LOCATION, "/")).finish()
}
