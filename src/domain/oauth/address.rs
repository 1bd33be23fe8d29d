//! The address at the provider that a flow leads to: kept without its `state`, of which only the hash is stored (D-20).

use url::Url;

use crate::domain::integrations::definition::OAuthEndpoints;

/// What only we say.
const OURS: [&str; 8] = [
    "response_type",
    "client_id",
    "redirect_uri",
    "state",
    "scope",
    "user_scope",
    "code_challenge",
    "code_challenge_method",
];

/// RFC 6749 §4.1.1 and RFC 7636 §4.3, all but the `state`. The vendor's own parameters come first and cannot replace ours.
pub(in crate::domain::oauth) fn authorize_url(
    endpoints: &OAuthEndpoints,
    client_id: &str,
    redirect_uri: &str,
    scopes: &[String],
    challenge: Option<&str>,
) -> Url {
    let mut url = endpoints.authorize_url.clone();
    let in_address: Vec<(String, String)> = url.query_pairs().into_owned().collect();
    {
        let mut query = url.query_pairs_mut();
        query.clear();
        for (name, value) in in_address.iter().chain(&endpoints.authorize_params) {
            if !OURS.contains(&name.as_str()) {
                query.append_pair(name, value);
            }
        }
        query.append_pair("response_type", "code");
        query.append_pair("client_id", client_id);
        query.append_pair("redirect_uri", redirect_uri);
        if !scopes.is_empty() {
            query.append_pair(&endpoints.scope_parameter, &scopes.join(&endpoints.scope_separator));
        }
        if let Some(challenge) = challenge {
            query.append_pair("code_challenge", challenge);
            query.append_pair("code_challenge_method", "S256");
        }
    }
    url
}

/// The kept address with its `state`, as the browser is sent there.
pub(in crate::domain::oauth) fn with_state(kept: &str, state: &str) -> Option<String> {
    let mut url = Url::parse(kept).ok()?;
    url.query_pairs_mut().append_pair("state", state);
    Some(url.into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::integrations::definition::ClientAuthentication;

    #[test]
    fn a_vendors_parameters_cannot_replace_ours() {
        let endpoints = OAuthEndpoints {
            authorize_url: Url::parse("https://id.example.com/authorize?tenant=1&state=fixed").unwrap(),
            token_url: Url::parse("https://id.example.com/token").unwrap(),
            revoke_url: None,
            authorize_params: vec![
                ("prompt".to_owned(), "consent".to_owned()),
                ("redirect_uri".to_owned(), "https://evil.test/".to_owned()),
            ],
            client_authentication: ClientAuthentication::Basic,
            pkce: true,
            issuer: None,
            scope_separator: ",".to_owned(),
            scope_parameter: "scope".to_owned(),
            more_scopes: Vec::new(),
            scope_descriptions: std::collections::BTreeMap::default(),
        };
        let scopes = ["a".to_owned(), "b".to_owned()];

        let url = authorize_url(&endpoints, "c", "https://odeus.test/cb", &scopes, Some("ch"));

        assert_eq!(
            with_state(url.as_str(), "s&t").unwrap(),
            "https://id.example.com/authorize?tenant=1&prompt=consent&response_type=code&client_id=c&redirect_uri=\
             https%3A%2F%2Fodeus.test%2Fcb&scope=a%2Cb&code_challenge=ch&code_challenge_method=S256&state=s%26t"
        );
    }
}
