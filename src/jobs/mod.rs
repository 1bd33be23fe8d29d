//! Work that no browser waits for. Each job is safe to run in several processes at once: what must happen once is decided
//! in Postgres.

pub mod send_mail;
