//! .
use crate::domain::integrations::definition::ActionDefinition;

impl ActionDefinition {
    /// What an approval of this action is bound to.
    pub fn fingerprint(&self) -> [u8; 32] {
        [0; 32]
    }
}
