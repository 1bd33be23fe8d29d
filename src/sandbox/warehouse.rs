//! The warehouse API: tables to read, behind a service account's access token.

use actix_web::HttpResponse;
use serde::Deserialize;
use serde_json::Value;
use serde_json::json;

use crate::sandbox::access;
use crate::sandbox::call::Call;
use crate::sandbox::call::MOST_ITEMS;
use crate::sandbox::oauth::scope::Scope;
use crate::sandbox::refusal::ApiError;
use crate::sandbox::tables;
use crate::sandbox::tables::TABLES;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Question {
    table: String,
    #[serde(rename = "where")]
    condition: Option<Condition>,
    limit: Option<usize>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Condition {
    column: String,
    equals: Value,
}

/// `GET /warehouse/v1/me`
pub(crate) fn me(call: &Call) -> Result<HttpResponse, ApiError> {
    let client_email = access::service_account(call, Scope::WarehouseRead)?;
    Ok(HttpResponse::Ok().json(json!({ "client_email": client_email })))
}

/// `GET /warehouse/v1/tables`
pub(crate) fn list_tables(call: &Call) -> Result<HttpResponse, ApiError> {
    access::service_account(call, Scope::WarehouseRead)?;
    let tables = TABLES.iter().map(|table| {
        let columns = table.columns.iter().map(|(name, kind)| json!({"name": name, "type": kind})).collect::<Vec<_>>();
        json!({
            "name": table.name,
            "description": table.description,
            "columns": columns,
            "rows": table.rows().len(),
        })
    });
    Ok(HttpResponse::Ok().json(json!({"tables": tables.collect::<Vec<_>>()})))
}

/// `POST /warehouse/v1/query`: it reads, though it is a POST.
pub(crate) fn query(call: &Call) -> Result<HttpResponse, ApiError> {
    let client_email = access::service_account(call, Scope::WarehouseRead)?;
    let question: Question = call.json()?;
    let table = tables::find(&question.table).ok_or(ApiError::NotFound("table"))?;
    let limit = question.limit.unwrap_or(20);
    if !(1..=MOST_ITEMS).contains(&limit) {
        return Err(ApiError::Invalid { field: "limit", message: "must be a whole number from 1 to 100" });
    }

    let mut rows = table.rows();
    if let Some(condition) = question.condition {
        if !table.columns.iter().any(|(name, _)| *name == condition.column) {
            return Err(ApiError::Invalid { field: "where.column", message: "is not a column of this table" });
        }
        rows.retain(|row| row.get(&condition.column).is_some_and(|value| reads_as(value, &condition.equals)));
    }
    let total = rows.len();
    rows.truncate(limit);
    Ok(HttpResponse::Ok().json(json!({
        "table": table.name,
        "asked_by": client_email,
        "rows": rows,
        "total": total,
    })))
}

/// Whether a value is the wanted one. A form can send text alone, so `"3"` finds 3 and `"true"` finds true.
fn reads_as(value: &Value, wanted: &Value) -> bool {
    value == wanted || wanted.as_str() == Some(value.to_string().as_str())
}
