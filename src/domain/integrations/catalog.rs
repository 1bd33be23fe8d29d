//! The built-in integrations. They ship in the binary and cannot be changed at run time (D-22).

use std::sync::Arc;
use std::sync::LazyLock;

use crate::domain::integrations::definition::Definition;

static BUILTIN: LazyLock<Vec<Arc<Definition>>> = LazyLock::new(Vec::new);

/// Every built-in integration.
pub fn builtin() -> &'static [Arc<Definition>] {
    &BUILTIN
}
