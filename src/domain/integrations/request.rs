//! From an action and its input to a request (D-41).
//!
//! There is no free-form address: a path is the document's, with one checked segment for each variable; the rest goes
//! through serializers. At the end the address is compared with what it was meant to be, since it is the `url` crate's
//! reading of it that counts.

use http::HeaderName;
use http::HeaderValue;
use http::header::ACCEPT;
use serde_json::Map;
use serde_json::Value;
use url::Url;

use crate::domain::integrations::definition::ActionDefinition;
use crate::domain::integrations::definition::BodyContent;
use crate::domain::integrations::definition::BodyShape;
use crate::domain::integrations::definition::Encoding;
use crate::domain::integrations::definition::Location;
use crate::domain::integrations::definition::Parameter;
use crate::domain::integrations::definition::Spread;
use crate::domain::integrations::definition::Style;
use crate::domain::integrations::serialize;
use crate::domain::integrations::validation::FieldError;
use crate::outbound::label::Label;
use crate::outbound::origin::Origin;
use crate::outbound::request::Request;

/// The longest value of a header.
const MAX_HEADER: usize = 1024;
/// Asked for where the document fixes nothing else.
const JSON_FIRST: HeaderValue = HeaderValue::from_static("application/json, */*;q=0.5");

/// A part of a path template.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Piece<'t> {
    Literal(&'t str),
    Variable(&'t str),
}

impl Parameter {
    /// A variable of the path that the document does not describe.
    pub(in crate::domain::integrations) fn path(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            location: Location::Path,
            style: Style::Simple,
            explode: false,
            allow_reserved: false,
            required: true,
            fixed: None,
            default: None,
        }
    }

    /// What is sent: the fixed value, the caller's, or the default.
    fn value<'v>(&'v self, input: &'v Value) -> Option<&'v Value> {
        let given = self.fixed.as_ref().or_else(|| input.get(&self.name).filter(|value| !value.is_null()));
        given.or(self.default.as_ref())
    }
}

impl ActionDefinition {
    /// The request for `input`, without a credential. Where each connection has an address of its own, it goes to the
    /// example's: to be looked at, not to be sent.
    pub fn build(&self, input: &Value) -> Result<Request, Vec<FieldError>> {
        self.build_at((&self.server, &self.origin), input)
    }

    /// The request for `input` at the address of a connection's tenant.
    pub fn build_for(&self, tenant: Option<&Label>, input: &Value) -> Result<Request, Vec<FieldError>> {
        let (server, origin) = self.server_of(tenant).ok_or_else(|| {
            let message =
                "The connection does not say at which address it is used. Its owner can replace its credential.";
            vec![FieldError::new("", message)]
        })?;
        self.build_at((&server, &origin), input)
    }

    fn build_at(&self, at: (&Url, &Origin), input: &Value) -> Result<Request, Vec<FieldError>> {
        self.validate(input)?;
        let mut errors = Vec::new();
        let url = self.url(at, input).map_err(|error| errors.push(error)).ok();
        let mut headers = Vec::new();
        for parameter in self.at(Location::Header) {
            match parameter.value(input).map(|value| header(parameter, value)).transpose() {
                Ok(header) => headers.extend(header),
                Err(error) => errors.push(error),
            }
        }
        let Some(url) = url.filter(|_| errors.is_empty()) else { return Err(errors) };
        if !headers.iter().any(|(name, _)| name == ACCEPT) {
            headers.insert(0, (ACCEPT, JSON_FIRST));
        }
        let request = Request::new(self.method.clone(), url);
        let request = headers.into_iter().fold(request, |request, (name, value)| request.header(name, value));
        Ok(match self.body.as_ref().and_then(|shape| body(shape, input).map(|bytes| (shape, bytes))) {
            Some((shape, bytes)) => request.body(shape.content_type, bytes),
            None => request,
        })
    }

    fn at(&self, location: Location) -> impl Iterator<Item = &Parameter> {
        self.parameters.iter().filter(move |parameter| parameter.location == location)
    }

    fn url(&self, (server, origin): (&Url, &Origin), input: &Value) -> Result<Url, FieldError> {
        let unsafe_path = || FieldError::new("", "The address of this action cannot be built from these values.");
        let base = server.path().trim_end_matches('/');
        let mut path = base.to_owned();
        let mut prefix = None;
        for piece in pieces(&self.path).ok_or_else(unsafe_path)? {
            match piece {
                Piece::Literal(text) => path.push_str(&serialize::literal(text)),
                Piece::Variable(name) => {
                    prefix = prefix.or_else(|| Some(path.clone()));
                    path.push_str(&self.segment(name, input)?);
                }
            }
        }
        let mut url = server.clone();
        url.set_path(&path);
        let query = self.query(input);
        url.set_query(if query.is_empty() { None } else { Some(query.as_str()) });
        let kept = url.path() == path
            && url.path().starts_with(prefix.as_deref().unwrap_or(&path))
            && Origin::of(&url).is_ok_and(|sent_to| sent_to == *origin);
        if kept { Ok(url) } else { Err(unsafe_path()) }
    }

    fn query(&self, input: &Value) -> String {
        let given = self.at(Location::Query).filter_map(|parameter| Some((parameter, parameter.value(input)?)));
        given.flat_map(|(parameter, value)| serialize::query(parameter, value)).collect::<Vec<_>>().join("&")
    }

    fn segment(&self, name: &str, input: &Value) -> Result<String, FieldError> {
        let parameter = self.at(Location::Path).find(|parameter| parameter.name == name);
        let Some((parameter, value)) = parameter.and_then(|it| Some((it, it.value(input)?))) else {
            return Err(FieldError::new(name, "Please fill this in."));
        };
        let wrong = |message: &str| FieldError::new(name, message);
        let whole = serialize::simple(value, parameter.explode, |text| Ok(text.to_owned()))?;
        check_segment(&whole).map_err(wrong)?;
        serialize::simple(value, parameter.explode, |text| {
            check_segment(text).map_err(wrong)?;
            Ok(serialize::encode(text))
        })
    }
}

fn check_segment(text: &str) -> Result<(), &'static str> {
    if text.is_empty() {
        return Err("Please fill this in.");
    }
    if text == "." || text == ".." {
        return Err("This cannot stand in an address.");
    }
    if text.contains(['/', '\\', '%']) || text.chars().any(char::is_control) {
        return Err("This cannot have a slash, a backslash, a percent sign or a control character in it.");
    }
    Ok(())
}

fn header(parameter: &Parameter, value: &Value) -> Result<(HeaderName, HeaderValue), FieldError> {
    let wrong = |message: &str| FieldError::new(&parameter.name, message);
    let text = if parameter.style == Style::Json {
        value.to_string()
    } else {
        serialize::simple(value, parameter.explode, |text| Ok(text.to_owned()))?
    };
    if text.len() > MAX_HEADER {
        return Err(wrong("This is too long for a header: at most 1024 characters."));
    }
    if !text.bytes().all(|byte| (b' '..=b'~').contains(&byte)) {
        return Err(wrong("This goes into a header, which takes one line of plain letters, digits and signs."));
    }
    let name = parameter.name.parse::<HeaderName>().ok().filter(|name| !is_forbidden_header(name.as_str()));
    let pair = name.and_then(|name| Some((name, HeaderValue::from_str(&text).ok()?)));
    pair.ok_or_else(|| wrong("This header cannot be sent."))
}

/// The body, if the input has one or one must be sent.
fn body(shape: &BodyShape, input: &Value) -> Option<Vec<u8>> {
    let object;
    let value = match &shape.content {
        BodyContent::Whole(name) => match input.get(name) {
            Some(value) => value,
            None if shape.required => &Value::Null,
            None => return None,
        },
        BodyContent::Properties { names, fixed, defaults, spread } => {
            let mut fields = fields(names, (fixed, defaults), input);
            if let Some(Spread { name, names, fixed, defaults }) = spread {
                fields.insert(name.clone(), Value::Object(self::fields(names, (fixed, defaults), input)));
            }
            if fields.is_empty() && !shape.required {
                return None;
            }
            object = Value::Object(fields);
            &object
        }
    };
    Some(match (shape.encoding, value) {
        (Encoding::Json, value) => value.to_string().into_bytes(),
        (Encoding::Form, Value::Object(object)) => serialize::form(object, &shape.styles).into_bytes(),
        (Encoding::Form, other) => serialize::scalar(other).into_bytes(),
    })
}

type Pairs = Vec<(String, Value)>;

/// What was given under these names, with what is always sent, and what is sent where nothing was given.
fn fields(names: &[String], (fixed, defaults): (&Pairs, &Pairs), input: &Value) -> Map<String, Value> {
    let given = names.iter().filter_map(|name| Some((name.clone(), input.get(name)?.clone())));
    let left_out = defaults.iter().filter(|(name, _)| input.get(name).is_none());
    given.chain(left_out.cloned()).chain(fixed.iter().cloned()).collect()
}

/// The variables of a path template; `None` where no request could be sent to it.
pub(in crate::domain::integrations) fn variables(template: &str) -> Option<Vec<&str>> {
    let pieces = pieces(template)?;
    let mut names = Vec::new();
    for piece in pieces {
        if let Piece::Variable(name) = piece
            && !names.contains(&name)
        {
            names.push(name);
        }
    }
    Some(names)
}

fn pieces(template: &str) -> Option<Vec<Piece<'_>>> {
    let odd = |c: char| c.is_control() || matches!(c, '\\' | '?' | '#' | '%');
    let is_dots = |segment: &str| segment == "." || segment == "..";
    if !template.starts_with('/')
        || template.contains("//")
        || template.contains(odd)
        || template.split('/').any(is_dots)
    {
        return None;
    }
    let mut pieces = Vec::new();
    let mut rest = template;
    while let Some((literal, after)) = rest.split_once('{') {
        let (name, after) = after.split_once('}')?;
        if literal.contains('}') || name.is_empty() || name.contains(['{', '/']) {
            return None;
        }
        pieces.extend([Piece::Literal(literal), Piece::Variable(name)]);
        rest = after;
    }
    pieces.push(Piece::Literal(rest));
    if rest.contains('}') { None } else { Some(pieces) }
}

/// Headers that decide where a request goes, how it is framed or who sends it; no action sets them.
pub(in crate::domain::integrations) fn is_forbidden_header(name: &str) -> bool {
    const NAMES: [&str; 18] = [
        "host",
        "authorization",
        "cookie",
        "cookie2",
        "set-cookie",
        "content-length",
        "content-type",
        "transfer-encoding",
        "connection",
        "keep-alive",
        "te",
        "trailer",
        "upgrade",
        "expect",
        "forwarded",
        "x-real-ip",
        "x-original-url",
        "x-rewrite-url",
    ];
    const PREFIXES: [&str; 4] = ["proxy-", "x-forwarded-", "x-http-method", "sec-"];
    let name = name.to_ascii_lowercase();
    NAMES.contains(&name.as_str()) || PREFIXES.iter().any(|prefix| name.starts_with(prefix))
}
