//! Security requirements: which schemes an operation takes, and which methods and scopes that comes to.

use std::collections::BTreeSet;

use crate::authz::facts::AuthType;
use crate::domain::integrations::document::methods::Method;
use crate::domain::integrations::document::schemes::Scheme;
use crate::domain::integrations::document::source::Place;
use crate::domain::integrations::document::source::Source;
use crate::domain::integrations::document::source::entries;
use crate::domain::integrations::document::source::items;
use crate::kernel::text;

/// How many alternatives of an operation, and schemes of one, are looked at.
const MAX_ALTERNATIVES: usize = 20;
/// How many scopes of one scheme are.
const MAX_SCOPES: usize = 100;

/// One alternative: the schemes that it takes together, with their scopes.
#[derive(Clone, Debug)]
pub(super) struct Requirement {
    schemes: Vec<(String, Vec<String>)>,
    pointer: String,
}

impl Requirement {
    /// Its schemes.
    pub(super) fn names(&self) -> BTreeSet<&str> {
        self.schemes.iter().map(|(name, _)| name.as_str()).collect()
    }

    /// Where it stands.
    pub(super) fn pointer(&self) -> &str {
        &self.pointer
    }
}

/// The alternatives of an operation; one that takes nothing where the document asks for nothing.
pub(super) fn requirements(source: &Source<'_>, operation: &Place<'_>, known: &[Scheme]) -> Vec<Requirement> {
    let root = source.root();
    let nothing = |pointer: &str| Requirement { schemes: Vec::new(), pointer: pointer.to_owned() };
    let stated = operation.child("security").or_else(|| root.child("security"));
    let Some(place) = stated else {
        // Schemes that no requirement names are meant all the same: any of them, or none.
        let each = known.iter().take(MAX_ALTERNATIVES).map(|scheme| Requirement {
            schemes: vec![(scheme.name.clone(), Vec::new())],
            pointer: scheme.pointer.clone(),
        });
        return each.chain([nothing(&operation.pointer)]).collect();
    };
    let alternatives = items(Some(place.value)).iter().take(MAX_ALTERNATIVES).map(|alternative| Requirement {
        schemes: entries(Some(alternative))
            .take(MAX_ALTERNATIVES)
            .map(|(name, scopes)| {
                let scopes = items(Some(scopes)).iter().filter_map(|scope| scope.as_str().map(str::to_owned));
                let scopes = scopes.take(MAX_SCOPES);
                (name.clone(), scopes.collect())
            })
            .collect(),
        pointer: place.pointer.clone(),
    });
    let alternatives: Vec<Requirement> = alternatives.collect();
    if alternatives.is_empty() { vec![nothing(&place.pointer)] } else { alternatives }
}

/// The types of the methods that satisfy one of the alternatives.
pub(super) fn admitted(methods: &[Method], requirements: &[Requirement]) -> Vec<AuthType> {
    let satisfies = |method: &Method, requirement: &Requirement| {
        requirement.names().iter().all(|name| method.schemes.contains(*name))
    };
    let admits = |method: &&Method| requirements.iter().any(|requirement| satisfies(method, requirement));
    methods.iter().filter(admits).map(|method| method.auth.auth_type).collect()
}

/// The sets of scopes that suffice for a method with these schemes, as listed.
pub(super) fn scopes(schemes: &BTreeSet<String>, requirements: &[Requirement]) -> Vec<Vec<String>> {
    let fitting = requirements.iter().filter(|it| it.names().iter().all(|name| schemes.contains(*name)));
    fitting.map(|it| it.schemes.iter().flat_map(|(_, scopes)| scopes.clone()).collect()).collect()
}

/// The smallest set; the first of several equally small ones.
pub(super) fn least(alternatives: &[Vec<String>]) -> Vec<String> {
    alternatives.iter().min_by_key(|scopes| scopes.len()).cloned().unwrap_or_default()
}

/// Why an operation with these alternatives has no method.
pub(super) fn unmet(requirements: &[Requirement]) -> String {
    let one = |requirement: &Requirement| requirement.names().into_iter().collect::<Vec<_>>().join(" and ");
    let ways = requirements.iter().map(one).collect::<Vec<_>>().join(" or ");
    format!(
        "it asks for {}, which is not how this integration authenticates; import it as an integration of its own",
        text::cut(&ways, 200)
    )
}
