//! A run's answer as a file. A provider's bytes are never served with a type of their own: a browser keeps them, and
//! never opens them here (D-47).

use actix_web::HttpResponse;
use actix_web::http::header;

use crate::authz::actions::View;
use crate::authz::proof::Authorized;
use crate::domain::runs::Run;
use crate::http::error::Error;

pub(super) async fn show(proof: Authorized<View, Run>) -> Result<HttpResponse, Error> {
    let (_, run) = proof.into_parts();
    let response = run.content.and_then(|content| content.response).ok_or_else(Error::not_found)?;
    Ok(HttpResponse::Ok()
        .content_type("application/octet-stream")
        .insert_header((header::CONTENT_DISPOSITION, format!("attachment; filename=\"run-{}.txt\"", run.id)))
        .insert_header((header::CONTENT_SECURITY_POLICY, "sandbox"))
        .body(response.body))
}
