//! .
use serde_json::Value;

use crate::domain::integrations::definition::ActionDefinition;
use crate::domain::integrations::validation::FieldError;
use crate::outbound::request::Request;

impl ActionDefinition {
    /// The request for `input`, without a credential.
    pub fn build(&self, input: &Value) -> Result<Request, Vec<FieldError>> {
        self.validate(input)?;
        Ok(Request::new(self.method.clone(), self.server.clone()))
    }
}
