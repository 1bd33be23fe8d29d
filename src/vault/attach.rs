//! Puts a credential onto a request, into the slots that the integration declares (D-41), and remembers what was sent so
//! that the answer can be scrubbed of it.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::HeaderName;
use http::HeaderValue;
use http::header::AUTHORIZATION;
use zeroize::Zeroizing;

use crate::outbound::request::Request;
use crate::vault::call::CallError;
use crate::vault::input::SecretFields;
use crate::vault::scrub::Scrub;
use crate::vault::slot::Slot;

/// Fills each slot from `fields`; gives what the answer has to be scrubbed of.
pub(in crate::vault) fn attach(
    request: &mut Request,
    slots: &[Slot],
    fields: &SecretFields,
) -> Result<Scrub, CallError> {
    let mut sent = Scrub::default();
    for slot in slots {
        match slot {
            Slot::Bearer { field } => header(request, &mut sent, AUTHORIZATION, "Bearer ", (field, fields))?,
            Slot::Header { field, name, prefix } => {
                let name = HeaderName::from_bytes(name.as_bytes()).map_err(|_not_a_name| CallError::Slot)?;
                header(request, &mut sent, name, prefix, (field, fields))?;
            }
            Slot::Query { field, name } => {
                let value = part(fields, field)?;
                // The caller's own parameter of that name would stand beside the credential.
                if request.url().query_pairs().any(|(taken, _)| taken == name.as_str()) {
                    return Err(CallError::Slot);
                }
                request.set_credential_query(name, value);
                sent.add(value);
            }
            Slot::Basic { username, password } => basic(request, &mut sent, (username, password), fields)?,
        }
    }
    Ok(sent)
}

fn header(
    request: &mut Request,
    sent: &mut Scrub,
    name: HeaderName,
    prefix: &str,
    (field, fields): (&str, &SecretFields),
) -> Result<(), CallError> {
    let secret = part(fields, field)?;
    let value = Zeroizing::new(format!("{prefix}{secret}"));
    request.set_credential_header(name, header_value(&value, field)?);
    sent.add(secret);
    Ok(())
}

/// RFC 7617. Vendors that want only a key take it as the user name with no password, or the other way round, so one of
/// both may be missing. A user name beside a password is no secret: answers name it rightly.
fn basic(
    request: &mut Request,
    sent: &mut Scrub,
    (username, password): (&str, &str),
    fields: &SecretFields,
) -> Result<(), CallError> {
    let name = fields.find(username).map_or("", |secret| secret.expose());
    let word = fields.find(password).map_or("", |secret| secret.expose());
    if name.is_empty() && word.is_empty() {
        return Err(CallError::MissingField(username.to_owned()));
    }
    if name.contains(':') {
        return Err(CallError::Unsendable(username.to_owned()));
    }
    let pair = Zeroizing::new(format!("{name}:{word}"));
    let value = Zeroizing::new(format!("Basic {}", *Zeroizing::new(STANDARD.encode(&*pair))));
    request.set_credential_header(AUTHORIZATION, header_value(&value, password)?);
    sent.add(if word.is_empty() { name } else { word });
    sent.add(&pair);
    Ok(())
}

fn part<'a>(fields: &'a SecretFields, field: &str) -> Result<&'a str, CallError> {
    match fields.find(field) {
        Some(secret) if !secret.is_empty() => Ok(secret.expose()),
        Some(_) | None => Err(CallError::MissingField(field.to_owned())),
    }
}

/// Printable ASCII only: `HeaderValue` itself lets tabs and other bytes through (D-41).
fn header_value(value: &str, field: &str) -> Result<HeaderValue, CallError> {
    let is_printable = value.bytes().all(|byte| (0x20..0x7f).contains(&byte));
    let value = if is_printable { HeaderValue::from_str(value).ok() } else { None };
    value.ok_or_else(|| CallError::Unsendable(field.to_owned()))
}
