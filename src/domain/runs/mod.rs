//! Runs: one execution of an agent's action, with exactly the right person's rights.
//!
//! A call is authorized and given its sealed secret in one statement and recorded in the next; then it leaves, holding no
//! connection to the database; then one statement closes the record. One that only looks and is quick is recorded once,
//! when it has ended. Calls that begin or end at the same time share these statements. `own` and `lent` are two kinds of
//! resource with two rules of the policy and one code path from there on.

pub mod admission;
pub mod beginning;
pub mod begun;
pub mod call;
pub mod choices;
pub mod confirmation;
pub mod drafts;
pub mod ending;
pub mod explanation;
pub mod hold;
pub mod ledger;
pub mod lent;
pub mod own;
pub mod readiness;
pub mod record;
pub mod repeat;
pub mod resolution;
pub mod run;
pub mod runner;
pub mod sending;
pub mod staging;
pub mod sweep;
pub mod target;
pub mod underway;
pub mod usage;
pub mod visible;
pub mod whole;

pub use crate::domain::runs::call::Call;
pub use crate::domain::runs::call::IntegrationName;
pub use crate::domain::runs::call::Outcome;
pub use crate::domain::runs::call::RunError;
pub use crate::domain::runs::confirmation::Preview;
pub use crate::domain::runs::run::Run;
pub use crate::domain::runs::run::RunStatus;
pub use crate::domain::runs::runner::Runner;
