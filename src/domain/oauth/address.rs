//! The address at the provider that a flow leads to.

use url::Url;

use crate::domain::integrations::definition::OAuthEndpoints;

/// RFC 6749 §4.1.1 and RFC 7636 §4.3. The vendor's own parameters come first and cannot replace ours.
pub(in crate::domain::oauth) fn authorize_url(
    endpoints: &OAuthEndpoints,
    client_id: &str,
    redirect_uri: &str,
    state: &str,
    scopes: &[String],
    challenge: Option<&str>,
) -> Url {
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
    let mut url = endpoints.authorize_url.clone();
    {
        let mut query = url.query_pairs_mut();
        for (name, value) in endpoints.authorize_params.iter().filter(|(name, _)| !OURS.contains(&name.as_str())) {
            query.append_pair(name, value);
        }
        query.append_pair("response_type", "code");
        query.append_pair("client_id", client_id);
        query.append_pair("redirect_uri", redirect_uri);
        query.append_pair("state", state);
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::integrations::definition::ClientAuthentication;

    #[test]
    fn a_vendors_parameters_cannot_replace_ours() {
        let endpoints = OAuthEndpoints {
            authorize_url: Url::parse("https://id.example.com/authorize?tenant=1").unwrap(),
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
            scope_descriptions: std::collections::BTreeMap::default(),
        };
        let scopes = ["a".to_owned(), "b".to_owned()];

        let url = authorize_url(&endpoints, "c", "https://odeus.test/cb", "s", &scopes, Some("ch"));

        assert_eq!(
            url.as_str(),
            "https://id.example.com/authorize?tenant=1&prompt=consent&response_type=code&client_id=c&redirect_uri=\
             https%3A%2F%2Fodeus.test%2Fcb&state=s&scope=a%2Cb&code_challenge=ch&code_challenge_method=S256"
        );
    }
}
