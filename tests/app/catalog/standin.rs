//! A stand-in for a vendor: it takes a request or refuses it, by the vendor's own description.

use std::collections::BTreeMap;
use std::sync::Arc;

use odeus::outbound::request::Request;
use serde_json::Map;
use serde_json::Value;
use serde_json::json;

use crate::catalog::operations;
use crate::catalog::operations::Known;
use crate::catalog::shape::Schema;
use crate::catalog::values;
use crate::catalog::values::Written;
use crate::catalog::vendors::Vendor;

/// Why the vendor would refuse the request.
pub(crate) fn refusals(request: &Request, vendor: &Vendor, roots: &[Arc<Value>]) -> Vec<String> {
    let mut address = request.url().clone();
    address.set_query(None);
    let method = request.method().as_str().to_ascii_lowercase();
    let known = match find(address.as_str(), &method, vendor, roots) {
        Ok(known) => known,
        Err(refusal) => return vec![refusal],
    };
    let pairs: Vec<(String, String)> = request.url().query_pairs().into_owned().collect();
    let mut refusals = of_query(&pairs, vendor, &known);
    refusals.extend(of_headers(request, &known));
    refusals.extend(of_body(request, vendor, &known));
    refusals
}

/// The operation behind a real address: each segment is the vendor's word or stands for a variable. Of several, the one
/// with the most words.
fn find<'v>(address: &str, method: &str, vendor: &Vendor, roots: &'v [Arc<Value>]) -> Result<Known<'v>, String> {
    let mut best: Option<(usize, Known<'v>)> = None;
    let paths = |root: &'v Value| root["paths"].as_object().into_iter().flatten();
    let all = roots.iter().flat_map(|root| paths(root).map(move |(path, item)| (root.as_ref(), path, item)));
    for (root, path, item) in all {
        let Some(value) = item.get(method) else { continue };
        for server in operations::servers(vendor, root) {
            let template = format!("{}{path}", server.trim_end_matches('/'));
            if let Some(words) = words(address, &template)
                && best.as_ref().is_none_or(|(most, _)| words > *most)
            {
                best = Some((words, Known { root, path, item, value }));
            }
        }
    }
    best.map(|(_, known)| known).ok_or_else(|| format!("there is no {} {address}", method.to_ascii_uppercase()))
}

/// How many letters of the template stand in the address; `None` where it is another's.
fn words(address: &str, template: &str) -> Option<usize> {
    let (address, template): (Vec<&str>, Vec<&str>) = (address.split('/').collect(), template.split('/').collect());
    if address.len() != template.len() {
        return None;
    }
    let mut words = 0;
    for (segment, pattern) in address.iter().zip(&template) {
        let segment = percent_encoding::percent_decode_str(segment).decode_utf8().ok()?;
        words += letters(&segment, pattern)?;
    }
    Some(words)
}

fn letters(segment: &str, pattern: &str) -> Option<usize> {
    let Some((before, rest)) = pattern.split_once('{') else {
        let is_same = segment == pattern || pattern.strip_suffix("()") == Some(segment);
        return is_same.then_some(pattern.len());
    };
    let (_, after) = rest.split_once('}')?;
    let inner = segment.strip_prefix(before)?;
    if after.contains('{') {
        // More than one variable in a segment: what is between them must be there.
        let (between, _) = after.split_once('{')?;
        let (_, rest) = inner.split_at_checked(inner.find(between)?)?;
        return Some(before.len() + letters(rest, after)?);
    }
    let value = inner.strip_suffix(after)?;
    (!value.is_empty()).then_some(before.len() + after.len())
}

fn of_query(pairs: &[(String, String)], vendor: &Vendor, known: &Known<'_>) -> Vec<String> {
    let mut refusals = Vec::new();
    let parameters = known.parameters();
    let in_query = || parameters.iter().copied().filter(|it| it["in"] == "query");
    let name_of = |parameter: &Value| parameter["name"].as_str().unwrap_or_default().to_owned();
    let belongs = |parameter: &Value, key: &str| {
        let name = name_of(parameter);
        key == name || (parameter["style"] == "deepObject" && key.starts_with(&format!("{name}[")))
    };
    for (key, _) in pairs {
        if !in_query().any(|parameter| belongs(parameter, key)) {
            refusals.push(format!("query {key} is not known"));
        }
    }
    for parameter in in_query() {
        let own: Vec<&(String, String)> = pairs.iter().filter(|(key, _)| belongs(parameter, key)).collect();
        let name = name_of(parameter);
        if own.is_empty() {
            if parameter["required"] == true && !vendor.credentials.contains(&name.as_str()) {
                refusals.push(format!("query {name} is missing"));
            }
            continue;
        }
        let schema = known.schema(operations::schema_of(parameter));
        let value = from_query(parameter, schema, &name, &own);
        let written = if parameter.get("content").is_some() { Written::Json } else { Written::Text };
        refusals.extend(values::refusals(schema, &value, written, &format!("query {name}")));
    }
    refusals
}

fn from_query(parameter: &Value, schema: Schema<'_>, name: &str, pairs: &[&(String, String)]) -> Value {
    let (style, explode) = operations::style(parameter);
    let text = || pairs.iter().map(|(_, value)| value.as_str()).collect::<Vec<_>>().join(",");
    if parameter.get("content").is_some() {
        return serde_json::from_str(&text()).unwrap_or(Value::Null);
    }
    if pairs.iter().any(|(key, _)| key != name) {
        return nested(pairs.iter().map(|(key, value)| (key.as_str(), value.as_str())))[name].clone();
    }
    let is_list = schema.shape().ways(schema).iter().all(|way| way.types.contains("array"));
    if !is_list {
        return json!(text());
    }
    let separator = match style {
        "spaceDelimited" => ' ',
        "pipeDelimited" => '|',
        _ => ',',
    };
    if explode {
        return pairs.iter().map(|(_, value)| json!(value)).collect();
    }
    text().split(separator).map(|value| json!(value)).collect()
}

fn of_headers(request: &Request, known: &Known<'_>) -> Vec<String> {
    let mut refusals = Vec::new();
    for parameter in known.parameters().into_iter().filter(|it| it["in"] == "header") {
        let name = parameter["name"].as_str().unwrap_or_default();
        let given = request.headers().iter().find(|(known, _)| known.as_str().eq_ignore_ascii_case(name));
        match given {
            Some((_, value)) => {
                let value = json!(value.to_str().unwrap());
                let schema = known.schema(operations::schema_of(parameter));
                refusals.extend(values::refusals(schema, &value, Written::Text, &format!("header {name}")));
            }
            // Its own credential is attached by the vault, later.
            None if parameter["required"] == true && !matches!(name, "Authorization" | "token") => {
                refusals.push(format!("header {name} is missing"));
            }
            None => {}
        }
    }
    refusals
}

fn of_body(request: &Request, vendor: &Vendor, known: &Known<'_>) -> Vec<String> {
    let Some(bytes) = request.body_bytes() else {
        let is_required = known.body().is_some_and(|body| body["required"] == true);
        return if is_required { vec!["the body is missing".to_owned()] } else { Vec::new() };
    };
    let media = request.headers().iter().find(|(name, _)| name == "content-type").unwrap().1.to_str().unwrap();
    let Some(schema) = known.body_schema(media) else { return vec![format!("no body is taken as {media}")] };
    let (value, written) = if media == "application/x-www-form-urlencoded" {
        let pairs: Vec<(String, String)> = serde_urlencoded::from_bytes(bytes).unwrap();
        (nested(pairs.iter().map(|(key, value)| (key.as_str(), value.as_str()))), Written::Text)
    } else {
        (serde_json::from_slice(bytes).unwrap(), Written::Json)
    };
    let refusals = values::refusals(schema, &value, written, "body");
    let is_credential =
        |refusal: &String| vendor.credentials.iter().any(|name| *refusal == format!("body.{name} is missing"));
    refusals.into_iter().filter(|refusal| !is_credential(refusal)).collect()
}

/// `a[b]=1&a[c][]=2` as an object.
fn nested<'p>(pairs: impl Iterator<Item = (&'p str, &'p str)>) -> Value {
    let mut root = Node::default();
    for (key, value) in pairs {
        let words: Vec<&str> = key.split('[').map(|word| word.trim_end_matches(']')).collect();
        root.put(&words, value);
    }
    root.into_value()
}

#[derive(Default)]
struct Node {
    texts: Vec<String>,
    inner: BTreeMap<String, Node>,
}

impl Node {
    fn put(&mut self, words: &[&str], value: &str) {
        match words.split_first() {
            None => self.texts.push(value.to_owned()),
            Some((word, rest)) => self.inner.entry((*word).to_owned()).or_default().put(rest, value),
        }
    }

    fn into_value(mut self) -> Value {
        let is_list = !self.inner.is_empty() && self.inner.keys().all(|key| key.parse::<usize>().is_ok());
        if let Some(list) = self.inner.remove("") {
            return list.texts.into_iter().map(Value::from).collect();
        }
        if is_list {
            return self.inner.into_values().map(Self::into_value).collect();
        }
        if !self.inner.is_empty() {
            let object: Map<String, Value> =
                self.inner.into_iter().map(|(name, node)| (name, node.into_value())).collect();
            return Value::Object(object);
        }
        match <[String; 1]>::try_from(self.texts) {
            Ok([one]) => json!(one),
            Err(several) => json!(several),
        }
    }
}
