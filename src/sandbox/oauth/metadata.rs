//! What the authorization server can do, for programs to read (RFC 8414).

use actix_web::HttpResponse;
use serde_json::json;

use crate::sandbox::call::Call;
use crate::sandbox::oauth::scope;
use crate::sandbox::oauth::token::JWT_BEARER;

/// `GET /.well-known/oauth-authorization-server`.
pub(crate) fn show(call: &Call) -> HttpResponse {
    let issuer = &call.world.public_url;
    let secrets = ["client_secret_basic", "client_secret_post"];
    HttpResponse::Ok().json(json!({
        "issuer": issuer,
        "authorization_endpoint": format!("{issuer}/oauth/authorize"),
        "token_endpoint": format!("{issuer}/oauth/token"),
        "revocation_endpoint": format!("{issuer}/oauth/revoke"),
        "scopes_supported": scope::ALL.map(scope::Scope::name),
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "grant_types_supported": ["authorization_code", "refresh_token", JWT_BEARER],
        "token_endpoint_auth_methods_supported": secrets,
        "revocation_endpoint_auth_methods_supported": secrets,
        "code_challenge_methods_supported": ["S256"],
        "authorization_response_iss_parameter_supported": true,
        "service_documentation": format!("{issuer}/"),
    }))
}
