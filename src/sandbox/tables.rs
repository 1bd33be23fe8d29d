//! The warehouse's tables: made up, the same each time.

use serde_json::Map;
use serde_json::Value;
use serde_json::json;

/// A table with its columns.
pub(crate) struct Table {
    pub(crate) name: &'static str,
    pub(crate) description: &'static str,
    /// Names, with the JSON type of what is in them.
    pub(crate) columns: &'static [(&'static str, &'static str)],
    rows: fn() -> Vec<Value>,
}

/// One row, by column.
pub(crate) type Row = Map<String, Value>;

/// The tables there are.
pub(crate) const TABLES: [Table; 3] = [
    Table {
        name: "customers",
        description: "Everyone who ever bought something",
        columns: &[
            ("id", "integer"),
            ("name", "string"),
            ("country", "string"),
            ("plan", "string"),
            ("active", "boolean"),
        ],
        rows: customers,
    },
    Table {
        name: "orders",
        description: "What they bought, by month of 2026",
        columns: &[
            ("id", "integer"),
            ("customer_id", "integer"),
            ("month", "string"),
            ("amount", "integer"),
            ("status", "string"),
        ],
        rows: orders,
    },
    Table {
        name: "revenue",
        description: "Paid orders of 2026 added up, by country",
        columns: &[("country", "string"), ("orders", "integer"), ("amount", "integer")],
        rows: revenue,
    },
];

const CUSTOMERS: [(u32, &str, &str, &str, bool); 8] = [
    (1, "Northwind", "DE", "team", true),
    (2, "Fabrikam", "DE", "pilot", true),
    (3, "Contoso", "US", "enterprise", true),
    (4, "Tailspin Toys", "FR", "team", true),
    (5, "Litware", "AT", "team", false),
    (6, "Proseware", "US", "pilot", false),
    (7, "Adatum", "NO", "enterprise", true),
    (8, "Wingtip", "FR", "pilot", true),
];

struct Order {
    id: u32,
    customer: u32,
    country: &'static str,
    month: u32,
    amount: u32,
    status: &'static str,
}

pub(crate) fn find(name: &str) -> Option<&'static Table> {
    TABLES.iter().find(|table| table.name == name)
}

impl Table {
    /// All its rows.
    pub(crate) fn rows(&self) -> Vec<Row> {
        (self.rows)().into_iter().filter_map(|row| row.as_object().cloned()).collect()
    }
}

fn customers() -> Vec<Value> {
    CUSTOMERS
        .iter()
        .map(|(id, name, country, plan, active)| {
            json!({"id": id, "name": name, "country": country, "plan": plan, "active": active})
        })
        .collect()
}

fn orders() -> Vec<Value> {
    every_order()
        .iter()
        .map(|order| {
            json!({
                "id": order.id,
                "customer_id": order.customer,
                "month": format!("2026-{:02}", order.month),
                "amount": order.amount,
                "status": order.status,
            })
        })
        .collect()
}

fn revenue() -> Vec<Value> {
    let paid: Vec<Order> = every_order().into_iter().filter(|order| order.status == "paid").collect();
    let mut countries: Vec<&str> = paid.iter().map(|order| order.country).collect();
    countries.sort_unstable();
    countries.dedup();
    countries
        .into_iter()
        .map(|country| {
            let own = || paid.iter().filter(|order| order.country == country);
            let amount: u32 = own().map(|order| order.amount).sum();
            json!({"country": country, "orders": own().count(), "amount": amount})
        })
        .collect()
}

/// Eight customers, four orders each; every seventh order is still open, every eleventh was cancelled.
fn every_order() -> Vec<Order> {
    (1_u32..=32)
        .zip(CUSTOMERS.iter().cycle())
        .map(|(id, (customer, _, country, ..))| Order {
            id: 1000 + id,
            customer: *customer,
            country,
            month: (id - 1) / 4 + 1,
            amount: 400 + (id * 137) % 900,
            status: if id % 7 == 0 {
                "open"
            } else if id % 11 == 0 {
                "cancelled"
            } else {
                "paid"
            },
        })
        .collect()
}
