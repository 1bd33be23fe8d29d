//! The addresses of a workspace's people, groups and roles.

use crate::http::urls::Urls;
use crate::http::urls::with_query;
use crate::kernel::ids::GroupId;
use crate::kernel::ids::UserId;

impl Urls {
    /// People.
    pub fn people(&self) -> String {
        format!("{}/people", self.base)
    }

    /// The list of people, narrowed to those with this in their name or address.
    pub fn people_with(&self, query: &str) -> String {
        with_query(&self.people(), "q", query)
    }

    /// Something of the list: `invitations`, `adoptions`.
    pub fn people_part(&self, part: &str) -> String {
        format!("{}/people/{part}", self.base)
    }

    /// One person.
    pub fn person(&self, id: &UserId) -> String {
        format!("{}/people/{id}", self.base)
    }

    /// Something of a person: `role`, `deactivation`, `reactivation`.
    pub fn person_part(&self, id: &UserId, part: &str) -> String {
        format!("{}/people/{id}/{part}", self.base)
    }

    /// Groups.
    pub fn groups(&self) -> String {
        format!("{}/groups", self.base)
    }

    /// One group.
    pub fn group(&self, id: &GroupId) -> String {
        format!("{}/groups/{id}", self.base)
    }

    /// Something of a group: `name`, `members`, `addresses`, `deletion`.
    pub fn group_part(&self, id: &GroupId, part: &str) -> String {
        format!("{}/groups/{id}/{part}", self.base)
    }

    /// Roles.
    pub fn roles(&self) -> String {
        format!("{}/roles", self.base)
    }
}
