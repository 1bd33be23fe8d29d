//! The people who have accounts at the sandbox.

/// A person with an account.
#[derive(Debug)]
pub struct Person {
    /// The address that names the account.
    pub email: &'static str,
    /// What to call them.
    pub name: &'static str,
}

/// Everyone who has an account. The last one is an inbox that several people look after.
pub const PEOPLE: [Person; 5] = [
    Person { email: "ada@sandbox.example", name: "Ada" },
    Person { email: "eve@sandbox.example", name: "Eve" },
    Person { email: "max@sandbox.example", name: "Max" },
    Person { email: "mia@sandbox.example", name: "Mia" },
    Person { email: "team@sandbox.example", name: "Team calendar" },
];

/// The person whose account has that address.
pub(crate) fn find(email: &str) -> Option<&'static Person> {
    PEOPLE.iter().find(|person| person.email == email)
}
