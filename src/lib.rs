//! Odeus: connections that agents act through, with exactly the right person's rights.
//!
//! The house rule: `main → app → web, api → http, jobs, seed, sandbox → domain → vault → authz, mail → config,
//! telemetry → kernel, db, outbound`. A file names only rooms further down, or its own; rooms on one floor do not name
//! each other. In `domain` a noun names only nouns to its left. Only `main` and `app` read `config`.
//! `tests/app/architecture.rs` enforces it.

pub mod app;

pub mod api;
pub mod web;

pub mod http;
pub mod jobs;
pub mod sandbox;
pub mod seed;

pub mod domain;

pub mod vault;

pub mod authz;
pub mod mail;

pub mod config;
pub mod telemetry;

pub mod db;
pub mod kernel;
pub mod outbound;
