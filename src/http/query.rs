//! What a list is asked for in its address: a page, and filters of its own. A filter that the list does not know is
//! refused: ignoring it would answer with more than was asked for.

use std::future::Ready;
use std::future::ready;

use actix_web::FromRequest;
use actix_web::HttpRequest;
use actix_web::dev::Payload;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::http::error::Error;
use crate::http::json::Paging;
use crate::http::json::misfit;
use crate::kernel::paging::Page;

/// The query of a list.
#[derive(Debug)]
pub struct Listing<T> {
    /// What it is narrowed to.
    pub filter: T,
    /// Which page.
    pub page: Page,
}

/// The query of a list that is given whole.
#[derive(Debug)]
pub struct Narrowed<T>(pub T);

impl<T: DeserializeOwned> FromRequest for Narrowed<T> {
    type Error = Error;
    type Future = Ready<Result<Self, Error>>;

    fn from_request(req: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(parse(req.query_string()).map(Self))
    }
}

/// No filters.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Unfiltered {}

impl<T: DeserializeOwned> FromRequest for Listing<T> {
    type Error = Error;
    type Future = Ready<Result<Self, Error>>;

    fn from_request(req: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(read(req.query_string()))
    }
}

fn read<T: DeserializeOwned>(query: &str) -> Result<Listing<T>, Error> {
    let pairs: Vec<(String, String)> = parse(query)?;
    let (paging, filter): (Vec<_>, Vec<_>) =
        pairs.into_iter().partition(|(name, _)| matches!(name.as_str(), "limit" | "cursor"));
    let written = |pairs: Vec<(String, String)>| serde_urlencoded::to_string(pairs).map_err(Error::internal);
    let paging: Paging = parse(&written(paging)?)?;
    Ok(Listing { filter: parse(&written(filter)?)?, page: paging.page()? })
}

fn parse<T: DeserializeOwned>(query: &str) -> Result<T, Error> {
    let pairs = url::form_urlencoded::parse(query.as_bytes());
    let deserializer = serde_urlencoded::Deserializer::new(pairs);
    serde_path_to_error::deserialize(deserializer)
        .map_err(|error| misfit(&error.path().to_string(), &error.inner().to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::authz::facts::Role;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Filter {
        q: Option<String>,
        role: Option<Role>,
    }

    #[test]
    fn a_page_and_filters_are_told_apart() {
        let listing: Listing<Filter> = read("limit=7&q=a%26b&role=editor").unwrap();

        assert_eq!(listing.page.limit(), 7);
        assert_eq!((listing.filter.q.as_deref(), listing.filter.role), (Some("a&b"), Some(Role::Editor)));
    }

    #[test]
    fn what_a_list_does_not_know_is_refused_by_name() {
        for (query, field) in [
            ("roll=editor", "roll"),
            ("role=boss", "role"),
            ("limit=0", "limit"),
            ("limit=101", "limit"),
            ("limit=many", "limit"),
            ("limit=1&limit=2", "limit"),
            ("cursor=nonsense", "cursor"),
        ] {
            let said = format!("{:?}", read::<Filter>(query).unwrap_err());

            assert!(said.contains(&format!("(\"{field}\", ")), "{query}: {said}");
        }
    }
}
