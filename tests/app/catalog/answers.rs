//! Whether what a document reads from an answer is in the vendor's answer.

use std::sync::Arc;

use serde_json::Value;

use crate::catalog::documents::Document;
use crate::catalog::operations;
use crate::catalog::operations::Known;
use crate::catalog::shape::Schema;
use crate::catalog::shape::resolved;
use crate::catalog::vendors::Vendor;

/// The check's account, where the vendor's answer has no such member.
pub(crate) fn differences(document: &Document, vendor: &Vendor, roots: &[Arc<Value>]) -> Vec<String> {
    let Some(check) = &document.definition.check else { return Vec::new() };
    let Some(account) = &check.account else { return Vec::new() };
    let operations = document.operations();
    let Some(operation) = operations.iter().find(|operation| operation.id == check.operation) else {
        return Vec::new();
    };
    let Ok(known) = operations::of(document, operation, vendor, roots) else { return Vec::new() };
    let Some(answer) = answer(&known) else { return Vec::new() };
    let words: Vec<&str> = account.split('/').skip(1).collect();
    if has(answer, &words) {
        return Vec::new();
    }
    vec![format!("{}: the vendor's answer has no {account}, which the check shows as the account", operation.id)]
}

/// The schema of a successful answer; `None` where it is not described.
fn answer<'v>(known: &Known<'v>) -> Option<Schema<'v>> {
    let responses = known.value["responses"].as_object()?;
    let (_, found) = responses.iter().find(|(status, _)| status.starts_with('2'))?;
    let content = resolved(known.root, found)["content"].as_object()?;
    let (_, media) = content.iter().find(|(media, _)| media.contains("json"))?;
    Some(known.schema(&media["schema"]))
}

fn has(schema: Schema<'_>, words: &[&str]) -> bool {
    let Some((word, rest)) = words.split_first() else { return true };
    schema.shape().ways(schema).iter().any(|shape| {
        let next = match word.parse::<usize>() {
            Ok(_) if shape.items.is_some() => shape.items,
            _ => shape.properties.get(word).copied().or(shape.additional),
        };
        let is_open = shape.is_open() && shape.types.iter().all(|kind| *kind == "object");
        next.map_or(is_open, |next| has(schema.with(next), rest))
    })
}
