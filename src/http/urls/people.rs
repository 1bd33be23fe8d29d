//! The addresses of a workspace's people, groups and roles.

use crate::http::urls::Urls;
use crate::kernel::ids::ConnectionId;
use crate::kernel::ids::GroupId;
use crate::kernel::ids::UserId;

impl Urls {
    /// People.
    pub fn people(&self) -> String {
        format!("{}/people", self.base)
    }

    /// Something of the list: `invitations`, `adoptions`.
    pub fn people_part(&self, part: &str) -> String {
        format!("{}/people/{part}", self.base)
    }

    /// Where a key that was left behind is given to somebody.
    pub fn adoption(&self, id: &ConnectionId) -> String {
        format!("{}/people/adoptions/{id}", self.base)
    }

    /// One person.
    pub fn person(&self, id: &UserId) -> String {
        format!("{}/people/{id}", self.base)
    }

    /// Something of a person: `role`, `withdrawal`, `deactivation`, `reactivation`.
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
