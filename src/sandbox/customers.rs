//! What the CRM holds, and the keys that open it.

use chrono::DateTime;
use chrono::Utc;
use serde::Deserialize;
use serde::Serialize;

/// A key to the CRM. The sandbox's first page shows it: its secrets are no secrets.
#[derive(Debug)]
pub struct CrmKey {
    /// What to send as `X-Api-Key`.
    pub key: &'static str,
    /// The account it opens, as the CRM calls it.
    pub account: &'static str,
    /// What it may do there.
    pub rights: CrmRights,
}

/// What a key may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CrmRights {
    /// Read and write.
    Full,
    /// Read.
    ReadOnly,
}

/// The keys there are.
pub const CRM_KEYS: [CrmKey; 2] = [
    CrmKey { key: "crm_live_demo4kQ7mZx2Vt9bLw5Rj8Hn3", account: "Acme CRM (production key)", rights: CrmRights::Full },
    CrmKey {
        key: "crm_read_demo8Yc1sFp6Gd4uTe9Kv2Mq7",
        account: "Acme CRM (read-only key)",
        rights: CrmRights::ReadOnly,
    },
];

/// The CRM's contacts and deals.
#[derive(Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Crm {
    last_id: u64,
    pub(crate) contacts: Vec<Contact>,
    pub(crate) deals: Vec<Deal>,
}

/// A person whom Acme sells to.
#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Contact {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) email: String,
    pub(crate) company: Option<String>,
    pub(crate) phone: Option<String>,
    pub(crate) created_at: DateTime<Utc>,
}

/// A sale, hoped for or made.
#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Deal {
    pub(crate) id: String,
    pub(crate) contact_id: String,
    pub(crate) title: String,
    pub(crate) amount: u64,
    pub(crate) currency: Currency,
    pub(crate) stage: Stage,
    pub(crate) closes_on: Option<chrono::NaiveDate>,
    pub(crate) note: Option<String>,
    pub(crate) created_at: DateTime<Utc>,
}

#[derive(Clone, Copy, Default, Serialize, Deserialize)]
pub(crate) enum Currency {
    #[default]
    #[serde(rename = "EUR")]
    Euro,
    #[serde(rename = "USD")]
    Dollar,
    #[serde(rename = "GBP")]
    Pound,
}

#[derive(Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Stage {
    #[default]
    New,
    Qualified,
    Proposal,
    Won,
    Lost,
}

/// The key that was sent, if it is one.
pub(crate) fn find_key(sent: &str) -> Option<&'static CrmKey> {
    CRM_KEYS.iter().find(|key| key.key == sent)
}

impl CrmRights {
    /// As a person reads it.
    pub(crate) fn words(self) -> &'static str {
        match self {
            Self::Full => "read and write",
            Self::ReadOnly => "read only",
        }
    }
}

impl Crm {
    /// Gives an empty CRM something to look at.
    pub(crate) fn fill(&mut self, now: DateTime<Utc>) {
        if self.last_id > 0 {
            return;
        }
        for (name, email, company) in [
            ("Lena Fischer", "lena@northwind.example", "Northwind"),
            ("Jonas Weber", "jonas@fabrikam.example", "Fabrikam"),
            ("Amara Okafor", "amara@contoso.example", "Contoso"),
            ("Pierre Dubois", "pierre@tailspin.example", "Tailspin Toys"),
            ("Sofia Rossi", "sofia@litware.example", "Litware"),
        ] {
            let id = self.next_id("con");
            self.contacts.push(Contact {
                id,
                name: name.to_owned(),
                email: email.to_owned(),
                company: Some(company.to_owned()),
                phone: None,
                created_at: now,
            });
        }
        for (contact_id, title, amount, stage) in [
            ("con_1", "Northwind: 40 seats", 18_400, Stage::Proposal),
            ("con_2", "Fabrikam: pilot", 3_500, Stage::Qualified),
            ("con_3", "Contoso: renewal", 52_000, Stage::Won),
        ] {
            let id = self.next_id("deal");
            self.deals.push(Deal {
                id,
                contact_id: contact_id.to_owned(),
                title: title.to_owned(),
                amount,
                currency: Currency::Euro,
                stage,
                closes_on: None,
                note: None,
                created_at: now,
            });
        }
    }

    /// An id that was not used before.
    pub(crate) fn next_id(&mut self, kind: &str) -> String {
        self.last_id += 1;
        format!("{kind}_{}", self.last_id)
    }
}
