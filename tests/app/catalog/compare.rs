//! Whether one schema, ours, asks for nothing that another, the vendor's, does not take.

use serde_json::Value;

use crate::catalog::shape::Schema;
use crate::catalog::shape::Shape;

/// How deep two schemas are laid side by side; vendors' go on for ever.
const MAX_DEPTH: usize = 12;

/// What is wrong with `ours`, each with the place.
pub(crate) fn schemas(ours: Schema<'_>, theirs: Schema<'_>, at: &str) -> Vec<String> {
    at_depth(ours, theirs, at, 0)
}

fn at_depth(ours: Schema<'_>, theirs: Schema<'_>, at: &str, depth: usize) -> Vec<String> {
    if depth > MAX_DEPTH {
        return Vec::new();
    }
    let (own, other) = (ours.shape(), theirs.shape());
    let mut differences = Vec::new();
    if other.is_read_only {
        differences.push(format!("{at}: the vendor only answers with it (readOnly)"));
    }
    if other.is_deprecated && !own.is_deprecated {
        differences.push(format!("{at}: the vendor calls it deprecated"));
    }
    let alternatives = other.ways(theirs);
    for way in own.ways(ours) {
        let each = alternatives.iter().map(|other| shapes((ours, &way), (theirs, other), at, depth));
        let best = each.min_by_key(Vec::len).unwrap_or_default();
        for difference in best {
            if !differences.contains(&difference) {
                differences.push(difference);
            }
        }
    }
    differences
}

fn shapes(
    (ours, own): (Schema<'_>, &Shape<'_>),
    (theirs, other): (Schema<'_>, &Shape<'_>),
    at: &str,
    depth: usize,
) -> Vec<String> {
    let mut differences = Vec::new();
    if let Some(difference) = types(own, other) {
        return vec![format!("{at}: {difference}")];
    }
    differences.extend(choices(own, other).map(|difference| format!("{at}: {difference}")));
    differences.extend(format(own, other).map(|difference| format!("{at}: {difference}")));
    differences.extend(bounds(own, other).map(|difference| format!("{at}: {difference}")));
    match (own.items, other.items) {
        (Some(own), Some(other)) => {
            differences.extend(at_depth(ours.with(own), theirs.with(other), &format!("{at}[]"), depth + 1));
        }
        (None, Some(_)) => differences.push(format!("{at}: what the list holds is not said")),
        (_, None) => {}
    }
    differences.extend(properties((ours, own), (theirs, other), at, depth));
    differences
}

fn properties(
    (ours, own): (Schema<'_>, &Shape<'_>),
    (theirs, other): (Schema<'_>, &Shape<'_>),
    at: &str,
    depth: usize,
) -> Vec<String> {
    let mut differences = Vec::new();
    for (name, property) in &own.properties {
        let place = format!("{at}.{name}");
        match (other.properties.get(name), other.additional) {
            (Some(known), _) => {
                differences.extend(at_depth(ours.with(property), theirs.with(known), &place, depth + 1));
            }
            (None, Some(known)) => {
                differences.extend(at_depth(ours.with(property), theirs.with(known), &place, depth + 1));
            }
            (None, None) if other.is_open() => {}
            (None, None) => differences.push(format!("{place}: the vendor has no such property")),
        }
    }
    // An object of which ours says nothing is filled in by whoever knows the vendor's.
    let says_something = !own.properties.is_empty();
    for name in other.required.iter().filter(|name| says_something && !own.required.contains(*name)) {
        let is_read_only = other.properties.get(name).is_some_and(|it| theirs.with(it).shape().is_read_only);
        if !is_read_only {
            differences.push(format!("{at}.{name}: the vendor requires it"));
        }
    }
    differences
}

fn types(own: &Shape<'_>, other: &Shape<'_>) -> Option<String> {
    if other.types.is_empty() {
        return None;
    }
    let is_known =
        |kind: &&&str| other.types.contains(**kind) || (**kind == "integer" && other.types.contains("number"));
    let words = |shape: &Shape<'_>| shape.types.iter().copied().collect::<Vec<_>>().join(" or ");
    if own.types.is_empty() {
        return Some(format!("its type is not said, the vendor's is {}", words(other)));
    }
    let wrong = own.types.iter().any(|kind| !is_known(&kind));
    wrong.then(|| format!("it is {}, the vendor's is {}", words(own), words(other)))
}

fn choices(own: &Shape<'_>, other: &Shape<'_>) -> Option<String> {
    let known = other.choices.as_ref()?;
    let list = |values: &[&Value]| {
        let shown: Vec<String> = values.iter().take(12).map(ToString::to_string).collect();
        shown.join(", ")
    };
    let Some(chosen) = &own.choices else {
        return Some(format!("the choices are not said: {}", list(known)));
    };
    let unknown: Vec<&Value> = chosen.iter().copied().filter(|choice| !known.contains(choice)).collect();
    (!unknown.is_empty()).then(|| format!("{} is no choice of the vendor's: {}", list(&unknown), list(known)))
}

fn format(own: &Shape<'_>, other: &Shape<'_>) -> Option<String> {
    let is_of_time = |format: &&str| matches!(*format, "date" | "date-time");
    let (ours, theirs) = (own.format.filter(is_of_time)?, other.format.filter(is_of_time)?);
    (ours != theirs).then(|| format!("its format is {ours}, the vendor's is {theirs}"))
}

fn bounds(own: &Shape<'_>, other: &Shape<'_>) -> Option<String> {
    // Whole ranges of 32 or 64 bits say nothing that the type does not.
    let is_real = |bound: &f64| bound.abs() < 2_147_483_647.0;
    let is_fixed = own.choices.is_some();
    if let Some(least) = other.minimum.filter(is_real)
        && !is_fixed
        && own.minimum.is_none_or(|own| own < least)
    {
        return Some(format!("the vendor's minimum is {least}"));
    }
    if let Some(most) = other.maximum.filter(is_real)
        && !is_fixed
        && own.maximum.is_none_or(|own| own > most)
    {
        return Some(format!("the vendor's maximum is {most}"));
    }
    None
}
