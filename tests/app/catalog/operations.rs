//! Each operation of a document laid beside the vendor's own: path, method, parameters, body, scopes.

use std::sync::Arc;

use serde_json::Value;

use crate::catalog::compare;
use crate::catalog::documents::Document;
use crate::catalog::documents::Operation;
use crate::catalog::documents::strings;
use crate::catalog::shape::Schema;
use crate::catalog::shape::resolved;
use crate::catalog::vendors::Vendor;

/// Words in a path that stand for an id: the signed-in person, their main calendar, list or folder.
const WORDS_FOR_IDS: [&str; 4] = ["me", "primary", "@default", "root"];

/// An operation of the vendor's.
pub(crate) struct Known<'v> {
    pub(crate) root: &'v Value,
    pub(crate) path: &'v str,
    pub(crate) item: &'v Value,
    pub(crate) value: &'v Value,
}

impl<'v> Known<'v> {
    /// Its name at the vendor.
    pub(crate) fn id(&self) -> &'v str {
        self.value["operationId"].as_str().unwrap_or_default()
    }

    /// A schema of it.
    pub(crate) fn schema(&self, value: &'v Value) -> Schema<'v> {
        Schema { root: self.root, value, operation: self.id() }
    }

    /// Its parameters and its path's.
    pub(crate) fn parameters(&self) -> Vec<&'v Value> {
        parameters(self.root, self.item, self.value)
    }

    /// Its body.
    pub(crate) fn body(&self) -> Option<&'v Value> {
        self.value.get("requestBody").map(|body| resolved(self.root, body))
    }

    /// The schema of the body, whether it is written as JSON or as a form.
    pub(crate) fn body_schema(&self, media: &str) -> Option<Schema<'v>> {
        let content = self.body()?["content"].as_object()?;
        let essence = |name: &str| name.split(';').next().unwrap_or_default().trim().to_owned();
        let (_, found) = content.iter().find(|(name, _)| essence(name) == media || *name == "*/*")?;
        Some(self.schema(&found["schema"]))
    }
}

/// What is not as the vendor describes it, each with the operation's id in front.
pub(crate) fn differences(document: &Document, vendor: &Vendor, roots: &[Arc<Value>]) -> Vec<String> {
    let mut all = Vec::new();
    for operation in document.operations() {
        let found = match of(document, &operation, vendor, roots) {
            Ok(known) => one(document, &operation, vendor, &known),
            Err(difference) => vec![difference],
        };
        all.extend(found.into_iter().map(|difference| format!("{}: {difference}", operation.id)));
    }
    all
}

/// The vendor's operation that stands behind one of the document.
pub(crate) fn of<'v>(
    document: &Document,
    operation: &Operation<'_>,
    vendor: &Vendor,
    roots: &'v [Arc<Value>],
) -> Result<Known<'v>, String> {
    let url = format!("{}{}", document.server(operation), operation.path);
    let is_there = |root: &&Arc<Value>| servers(vendor, root).iter().any(|server| beyond(&url, server).is_some());
    let root = roots.iter().find(is_there).or(roots.first()).unwrap();
    find(&url, operation.method, vendor, root)
}

/// The vendor's operation at an address that is written as a template.
fn find<'v>(url: &str, method: &str, vendor: &Vendor, root: &'v Value) -> Result<Known<'v>, String> {
    let servers = servers(vendor, root);
    let path = servers.iter().find_map(|server| beyond(url, server));
    let Some(path) = path else { return Err(format!("{url} is not at {}", servers.join(" or "))) };
    let mut found: Vec<(usize, &str, &Value)> = Vec::new();
    for (known, item) in root["paths"].as_object().into_iter().flatten() {
        if let Some(guesses) = guesses(&path, known) {
            found.push((guesses, known, item));
        }
    }
    found.sort_by_key(|(guesses, ..)| *guesses);
    if found.is_empty() {
        return Err(format!("the vendor has no path {path}"));
    }
    let with_method = found.iter().find(|(_, _, item)| item.get(method).is_some());
    let Some((_, path, item)) = with_method else {
        return Err(format!("the vendor has no {} {path}", method.to_ascii_uppercase()));
    };
    let item = *item;
    Ok(Known { root, path, item, value: &item[method] })
}

/// The addresses that the vendor's paths come after.
pub(crate) fn servers<'v>(vendor: &Vendor, root: &'v Value) -> Vec<&'v str> {
    match vendor.base {
        Some(base) => vec![base],
        None => root["servers"].as_array().into_iter().flatten().filter_map(|it| it["url"].as_str()).collect(),
    }
}

/// What comes after the server, whose variables may have any name or value.
fn beyond(url: &str, server: &str) -> Option<String> {
    let server = server.trim_end_matches('/');
    let (theirs, ours): (Vec<&str>, Vec<&str>) = (server.split('/').collect(), url.split('/').collect());
    let is_same = |ours: &str, theirs: &str| ours == theirs || (theirs.starts_with('{') && !ours.is_empty());
    let begins = ours.len() > theirs.len() && theirs.iter().zip(&ours).all(|(theirs, ours)| is_same(ours, theirs));
    begins.then(|| format!("/{}", ours[theirs.len()..].join("/")))
}

/// How many words of `ours` stand for a variable of `known`; `None` where it is another path.
fn guesses(ours: &str, known: &str) -> Option<usize> {
    let (ours, known): (Vec<&str>, Vec<&str>) = (ours.split('/').collect(), known.split('/').collect());
    if ours.len() != known.len() {
        return None;
    }
    let mut guesses = 0;
    for (ours, known) in ours.iter().zip(&known) {
        let is_variable = known.starts_with('{') && known.ends_with('}') && known.matches('{').count() == 1;
        if nameless(ours) == nameless(known) {
        } else if is_variable && WORDS_FOR_IDS.contains(ours) {
            guesses += 1;
        } else {
            return None;
        }
    }
    Some(guesses)
}

/// A segment with the names of its variables left out.
fn nameless(segment: &str) -> String {
    let mut text = String::new();
    let mut is_name = false;
    for letter in segment.chars() {
        is_name &= letter != '}';
        if !is_name {
            text.push(letter);
        }
        is_name |= letter == '{';
    }
    // Graph's functions may leave out empty brackets, and have their texts in quotes on the wire.
    let text = text.replace("'{}'", "{}");
    text.strip_suffix("()").map(str::to_owned).unwrap_or(text)
}

fn one(document: &Document, operation: &Operation<'_>, vendor: &Vendor, known: &Known<'_>) -> Vec<String> {
    let mut differences = Vec::new();
    if known.value["deprecated"] == true {
        differences.push("the vendor calls it deprecated".to_owned());
    }
    differences.extend(of_parameters(document, operation, vendor, known));
    differences.extend(of_body(document, operation, vendor, known));
    differences.extend(of_scopes(document, operation, vendor, known));
    differences
}

fn parameters<'d>(root: &'d Value, item: &'d Value, own: &'d Value) -> Vec<&'d Value> {
    let lists = [&own["parameters"], &item["parameters"]];
    lists.into_iter().filter_map(Value::as_array).flatten().map(|parameter| resolved(root, parameter)).collect()
}

/// The names of a template's variables, in their order.
fn variables(path: &str) -> Vec<&str> {
    path.split('{').skip(1).filter_map(|rest| rest.split_once('}')).map(|(name, _)| name).collect()
}

fn of_parameters(document: &Document, operation: &Operation<'_>, vendor: &Vendor, known: &Known<'_>) -> Vec<String> {
    let mut differences = Vec::new();
    let theirs = known.parameters();
    let ours = parameters(&document.root, operation.item, operation.value);
    for own in &ours {
        let (name, place) = (own["name"].as_str().unwrap_or_default(), own["in"].as_str().unwrap_or_default());
        let at = format!("{place} {name}");
        // What an answer is to be written in is HTTP's, not the vendor's.
        if place == "header" && name.eq_ignore_ascii_case("accept") {
            continue;
        }
        let other = match place {
            "path" => path_parameter(operation, known, name, &theirs),
            _ => theirs.iter().copied().find(|it| it["in"] == place && is_same_name(it, name)),
        };
        let Some(other) = other else {
            if place != "path" {
                differences.push(format!("{at}: the vendor has no such parameter"));
            }
            continue;
        };
        if other["deprecated"] == true {
            differences.push(format!("{at}: the vendor calls it deprecated"));
        }
        let own_schema = Schema { root: &document.root, value: schema_of(own), operation: "" };
        differences.extend(compare::schemas(own_schema, known.schema(schema_of(other)), &at));
        let is_list = own_schema.shape().types.iter().any(|kind| matches!(*kind, "array" | "object"));
        if is_list && place == "query" && style(own) != style(other) {
            differences.push(format!("{at}: it is written as {:?}, the vendor's as {:?}", style(own), style(other)));
        }
    }
    for other in theirs.iter().filter(|it| it["required"] == true && it["in"] != "path") {
        let name = other["name"].as_str().unwrap_or_default();
        let is_there =
            ours.iter().any(|own| own["in"] == other["in"] && is_same_name(own, name) && own["required"] == true);
        if !is_there && !vendor.credentials.contains(&name) {
            differences.push(format!("{} {name}: the vendor requires it", other["in"].as_str().unwrap_or_default()));
        }
    }
    differences
}

/// A path's variables may have other names with us; their order is the same.
fn path_parameter<'v>(
    operation: &Operation<'_>,
    known: &Known<'v>,
    name: &str,
    theirs: &[&'v Value],
) -> Option<&'v Value> {
    let names = |path: &str| variables(path).iter().map(|it| (*it).to_owned()).collect::<Vec<_>>();
    let mut wanted = names(known.path).into_iter();
    // Where ours has a word for an id, the vendor's variable there has none of ours.
    let skip = variables(known.path).len().saturating_sub(variables(operation.path).len());
    let at = variables(operation.path).iter().position(|it| *it == name)?;
    let wanted = wanted.nth(at + skip)?;
    theirs.iter().copied().find(|it| it["in"] == "path" && it["name"] == wanted.as_str())
}

fn is_same_name(parameter: &Value, name: &str) -> bool {
    let known = parameter["name"].as_str().unwrap_or_default();
    if parameter["in"] == "header" { known.eq_ignore_ascii_case(name) } else { known == name }
}

/// The schema of a parameter, whichever way it is said.
pub(crate) fn schema_of(parameter: &Value) -> &Value {
    let content = parameter["content"].as_object().and_then(|content| content.values().next());
    content.map_or(&parameter["schema"], |media| &media["schema"])
}

/// How a parameter of the query is written.
pub(crate) fn style(parameter: &Value) -> (&str, bool) {
    let style = parameter["style"].as_str().unwrap_or("form");
    (style, parameter["explode"].as_bool().unwrap_or(style == "form"))
}

fn of_body(document: &Document, operation: &Operation<'_>, vendor: &Vendor, known: &Known<'_>) -> Vec<String> {
    let own = operation.value.get("requestBody").map(|body| resolved(&document.root, body));
    let Some(own) = own else {
        let is_required = known.body().is_some_and(|body| body["required"] == true);
        return if is_required { vec!["body: the vendor requires one".to_owned()] } else { Vec::new() };
    };
    let Some((media, content)) = own["content"].as_object().and_then(|content| content.iter().next()) else {
        return vec!["body: it has no content".to_owned()];
    };
    let Some(theirs) = known.body_schema(media) else {
        return vec![format!("body: the vendor takes none as {media}")];
    };
    let ours = Schema { root: &document.root, value: &content["schema"], operation: "" };
    let differences = compare::schemas(ours, theirs, "body");
    let is_credential = |difference: &String| {
        vendor.credentials.iter().any(|name| *difference == format!("body.{name}: the vendor requires it"))
    };
    differences.into_iter().filter(|difference| !is_credential(difference)).collect()
}

fn of_scopes(document: &Document, operation: &Operation<'_>, vendor: &Vendor, known: &Known<'_>) -> Vec<String> {
    let alternatives = known_scopes(vendor, known);
    let listed: Vec<&String> = alternatives.iter().flatten().collect();
    if listed.is_empty() {
        return Vec::new();
    }
    let mut differences = Vec::new();
    for own in document.scopes(operation) {
        for scope in own.iter().filter(|scope| !listed.contains(scope)) {
            differences.push(format!("scope {scope}: the vendor lists none such here, but {listed:?}"));
        }
        if !alternatives.iter().any(|needed| needed.iter().all(|scope| own.contains(scope))) {
            differences.push(format!("scopes: {own:?} are not enough; one of these is: {alternatives:?}"));
        }
    }
    differences
}

fn known_scopes(vendor: &Vendor, known: &Known<'_>) -> Vec<Vec<String>> {
    let today = |scope: String| {
        let renamed = vendor.renamed.iter().find(|(old, _)| *old == scope);
        renamed.map_or(scope, |(_, new)| (*new).to_owned())
    };
    let requirements = known.value["security"].as_array().into_iter().flatten().filter_map(Value::as_object);
    let lists = requirements.flat_map(|it| it.values()).map(strings).filter(|list| !list.is_empty());
    let lists = lists.map(|list| list.into_iter().map(today).collect::<Vec<_>>());
    if vendor.scopes_are_alternatives {
        lists.flatten().filter(|scope| scope != "none").map(|scope| vec![scope]).collect()
    } else {
        lists.collect()
    }
}
