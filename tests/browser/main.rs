//! Journeys of people through the pages, in a real browser: what no other test sees is whether a page can be used.
//!
//! Each has a database, an app and a stand-in provider of its own, and takes its turn with the browser. Where no Chromium
//! is installed they are skipped, but not in CI. What a failing one saw is kept under `target/browser-failures`.

#[cfg(test)]
mod harness;
#[cfg(test)]
mod journeys;
#[cfg(test)]
#[path = "../app/support/mod.rs"]
#[expect(dead_code, unused_imports, reason = "it is shared with the tests over HTTP, which use all of it")]
mod support;
