//! The catalogue, read from disk: each document says what people and agents need, and is true to its vendor's own
//! description where there is one.
//!
//! The documents are read when the tests run, so that a changed one needs no new build:
//! `cargo test --test app catalog`.

mod answers;
mod compare;
mod discovery;
mod documents;
mod known;
mod operations;
mod planted;
mod rules;
mod samples;
mod shape;
mod standin;
mod swagger;
mod values;
mod vendors;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::LazyLock;
use std::time::Duration;
use std::time::Instant;

use odeus::domain::integrations::catalog;
use odeus::domain::integrations::document;
use serde_json::Value;

use crate::catalog::documents::Document;
use crate::catalog::known::MEANT;
use crate::catalog::known::WITHOUT_ACCOUNT;
use crate::catalog::known::WITHOUT_CHECK;
use crate::catalog::known::WITHOUT_SCOPES;
use crate::catalog::vendors::Vendor;

/// All complaints at once, so that one run shows what there is to do.
fn assert_none(complaints: &[String]) {
    assert!(complaints.is_empty(), "{} complaints:\n{}", complaints.len(), complaints.join("\n"));
}

/// A document and the descriptions it is compared with.
type Compared = (Document, &'static Vendor, Vec<Arc<Value>>);

/// Each document that has a description, with it. `None` where there are none and need be none.
fn compared() -> Option<Vec<Compared>> {
    if vendors::folder().is_none() {
        assert!(!vendors::are_required(), "no vendors' descriptions in ../shared/specs, and this is CI");
        return None;
    }
    let mut opened: BTreeMap<&str, Arc<Value>> = BTreeMap::new();
    let documents = documents::all().into_iter().filter_map(|document| {
        let vendor = vendors::of(&document.key)?;
        let roots = vendor.files.iter().map(|file| {
            let open = || Arc::new(vendors::open(file).unwrap_or_else(|| panic!("{file} is not there")));
            Arc::clone(opened.entry(file).or_insert_with(open))
        });
        Some((document, vendor, roots.collect()))
    });
    Some(documents.collect())
}

#[test]
fn every_document_is_openapi_3_1() {
    let schema: Value = serde_json::from_str(include_str!("openapi-3.1.json")).unwrap();
    let validator = jsonschema::options().offline().build(&schema).unwrap();

    let complaints = documents::all().into_iter().flat_map(|document| {
        let errors = validator.iter_errors(&document.root);
        let told = errors.map(|error| format!("{}: {}: {error}", document.key, error.instance_path()));
        told.collect::<Vec<_>>()
    });

    assert_none(&complaints.collect::<Vec<_>>());
}

#[test]
fn every_document_says_what_people_and_agents_need() {
    let complaints = documents::all().into_iter().flat_map(|document| {
        let wishes = rules::wishes(&document);
        wishes.into_iter().map(move |wish| format!("{}: {wish}", document.key))
    });

    assert_none(&complaints.collect::<Vec<_>>());
}

#[test]
fn every_operation_is_as_its_vendor_describes_it() {
    let Some(compared) = compared() else { return vendors::tell_skipped("the catalogue's operations") };
    let mut needed = vec![false; MEANT.len()];
    let mut complaints = Vec::new();

    for (document, vendor, roots) in &compared {
        let differences = operations::differences(document, vendor, roots);
        for difference in differences.into_iter().chain(answers::differences(document, vendor, roots)) {
            match MEANT.iter().position(|meant| meant.covers(&document.key, &difference)) {
                Some(at) => needed[at] = true,
                None => complaints.push(format!("{}: {difference}", document.key)),
            }
        }
    }

    let is_there = |key: &str| compared.iter().any(|(document, ..)| document.key == key);
    for (meant, _) in MEANT.iter().zip(needed).filter(|(meant, needed)| !needed && is_there(meant.key)) {
        complaints.push(format!(
            "{} {}: take it out of MEANT, there is no: {}",
            meant.key, meant.operation, meant.difference
        ));
    }
    assert_none(&complaints);
    assert!(!compared.is_empty());
}

#[test]
fn every_action_makes_a_request_that_its_vendor_takes() {
    let Some(compared) = compared() else { return vendors::tell_skipped("the catalogue's requests") };
    let mut complaints = Vec::new();

    for (document, vendor, roots) in &compared {
        for action in &document.definition.actions {
            for input in [samples::required(&action.input_schema), samples::whole(&action.input_schema)] {
                let request = action.build(&input).unwrap_or_else(|errors| panic!("{} {errors:?}", action.key));
                for refusal in standin::refusals(&request, vendor, roots) {
                    let refusal = format!("{}: {refusal}", action.key);
                    let is_meant = MEANT.iter().any(|meant| meant.covers_refusal(&document.key, &refusal));
                    let complaint = format!("{}: {refusal}", document.key);
                    if !is_meant && !complaints.contains(&complaint) {
                        complaints.push(complaint);
                    }
                }
            }
        }
    }

    assert_none(&complaints);
}

#[test]
fn what_is_meant_has_its_reason() {
    let integrations = WITHOUT_CHECK.iter().chain(WITHOUT_ACCOUNT).map(|(_, why)| *why);
    let operations = WITHOUT_SCOPES.iter().map(|(_, _, why)| *why).chain(MEANT.iter().map(|meant| meant.why));

    assert!(integrations.chain(operations).all(|why| why.len() > 20));
}

#[test]
fn the_catalogue_is_read_once_and_quickly() {
    let texts: Vec<String> = documents::all().into_iter().map(|document| document.text).collect();

    let before = busy();
    assert!(texts.iter().all(|text| document::read(text).is_ok()));
    let taken = busy().saturating_sub(before);

    // 150 ms in a release build; one without optimisation takes more than ten times as long.
    let bound = if cfg!(debug_assertions) { Duration::from_millis(1500) } else { Duration::from_millis(150) };
    assert!(taken < bound, "{} documents took {taken:?}", texts.len());
    let same = catalog::builtin().iter().zip(catalog::builtin()).all(|(once, again)| Arc::ptr_eq(once, again));
    assert!(same && catalog::builtin().len() == texts.len());
}

/// How long this thread has had the processor: what else runs on the machine is no part of it. Where the system does not
/// say, the time of day.
fn busy() -> Duration {
    static BEGUN: LazyLock<Instant> = LazyLock::new(Instant::now);
    let told = std::fs::read_to_string("/proc/thread-self/schedstat").ok();
    let nanoseconds = told.and_then(|text| text.split_whitespace().next()?.parse().ok());
    nanoseconds.map_or_else(|| BEGUN.elapsed(), Duration::from_nanos)
}
