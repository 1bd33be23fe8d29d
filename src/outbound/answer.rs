//! Reads an answer within its limits, and hands on only what is needed of it (D-45, D-46).

use std::net::IpAddr;

use http::HeaderMap;
use http::StatusCode;
use http::header;
use tokio::time::Instant;
use tokio::time::timeout_at;

use crate::outbound::client::Limits;
use crate::outbound::failure::Phase;
use crate::outbound::failure::SendError;
use crate::outbound::guard::Egress;
use crate::outbound::origin::Origin;
use crate::outbound::request::Response;
use crate::outbound::unpack::Fault;
use crate::outbound::unpack::Unpacker;

const MOST_HEADERS: usize = 100;
const MOST_HEADER_BYTES: usize = 32 * 1024;

/// Room that is made ahead on the word of a `Content-Length`.
const MOST_RESERVED_BYTES: usize = 256 * 1024;

const HANDED_ON: [&str; 7] =
    ["content-type", "content-length", "retry-after", "x-request-id", "link", "ratelimit", "ratelimit-policy"];
const HANDED_ON_PREFIXES: [&str; 3] = ["ratelimit-", "x-ratelimit-", "x-rate-limit-"];

/// An answer whose head has arrived.
pub(in crate::outbound) struct Answer<'a> {
    pub(in crate::outbound) host: &'a str,
    pub(in crate::outbound) port: u16,
    pub(in crate::outbound) started: Instant,
    pub(in crate::outbound) deadline: Instant,
    pub(in crate::outbound) response: reqwest::Response,
}

impl Answer<'_> {
    /// Checks the head and reads the body.
    pub(in crate::outbound) async fn read(self, egress: &Egress, limits: &Limits) -> Result<Response, SendError> {
        self.check_peer(egress)?;
        self.check_head()?;
        let status = self.response.status().as_u16();
        let (unpacker, is_packed) = self.unpacker(limits)?;
        let headers = headers_to_hand_on(self.response.headers(), is_packed);
        let started = self.started;
        let body = self.body(unpacker, limits).await?;
        Ok(Response { status, headers, body, duration: started.elapsed() })
    }

    /// The connection was made to a checked address; this asks again, of the address that answered.
    fn check_peer(&self, egress: &Egress) -> Result<(), SendError> {
        let stray = || SendError::StrayPeer { host: self.host.to_owned() };
        let peer: IpAddr = self.response.remote_addr().ok_or_else(stray)?.ip();
        egress.check_addresses(self.host, self.port, &[peer]).map_err(|_blocked| stray())
    }

    fn check_head(&self) -> Result<(), SendError> {
        let status = self.response.status();
        let headers = self.response.headers();
        let header_bytes: usize = headers.iter().map(|(name, value)| name.as_str().len() + value.len() + 4).sum();
        if headers.len() > MOST_HEADERS || header_bytes > MOST_HEADER_BYTES {
            return Err(self.malformed("it has too many headers"));
        }
        if status.is_informational() {
            return Err(self.malformed("it ends before it begins"));
        }
        if status.is_redirection() && status != StatusCode::NOT_MODIFIED {
            let to = headers.get(header::LOCATION).and_then(|location| location.to_str().ok());
            let to = to.and_then(|location| self.response.url().join(location).ok());
            let to_origin = to.and_then(|url| Origin::of(&url).ok()).map(|origin| origin.to_string());
            return Err(SendError::Redirected { host: self.host.to_owned(), status: status.as_u16(), to_origin });
        }
        Ok(())
    }

    /// An unpacker for the body, and whether the body is packed.
    fn unpacker(&self, limits: &Limits) -> Result<(Unpacker, bool), SendError> {
        let mut codings = self.response.headers().get_all(header::CONTENT_ENCODING).iter();
        let coding = codings.next().map(http::HeaderValue::as_bytes);
        if codings.next().is_some() {
            return Err(self.fault(Fault::UnknownCoding, limits));
        }
        let mut unpacker = Unpacker::new(coding, limits.response_bytes).map_err(|fault| self.fault(fault, limits))?;
        if let Some(length) = self.response.content_length() {
            let length = usize::try_from(length).unwrap_or(usize::MAX);
            if length > limits.response_bytes {
                return Err(self.fault(Fault::TooLarge, limits));
            }
            unpacker.reserve(length.min(MOST_RESERVED_BYTES));
        }
        Ok((unpacker, coding.is_some()))
    }

    async fn body(mut self, mut unpacker: Unpacker, limits: &Limits) -> Result<Vec<u8>, SendError> {
        loop {
            let patience = self.deadline.min(Instant::now() + limits.idle_read);
            match timeout_at(patience, self.response.chunk()).await {
                Ok(Ok(Some(chunk))) => unpacker.push(&chunk).map_err(|fault| self.fault(fault, limits))?,
                Ok(Ok(None)) => return unpacker.finish().map_err(|fault| self.fault(fault, limits)),
                Ok(Err(error)) => return Err(SendError::of(error, self.host)),
                Err(_elapsed) => {
                    return Err(SendError::TimedOut { host: self.host.to_owned(), phase: Phase::Body });
                }
            }
        }
    }

    fn fault(&self, fault: Fault, limits: &Limits) -> SendError {
        let host = self.host.to_owned();
        match fault {
            Fault::TooLarge => SendError::TooLarge { host, limit_bytes: limits.response_bytes },
            Fault::Inflated => SendError::Inflated { host },
            Fault::Damaged => self.malformed("its compressed body is damaged or cut off"),
            Fault::UnknownCoding => self.malformed("it is compressed in a way that was not asked for"),
        }
    }

    fn malformed(&self, problem: &'static str) -> SendError {
        SendError::Malformed { host: self.host.to_owned(), problem }
    }
}

/// The headers of D-46. The length of a body that was packed on the way is not the length of what is handed on.
fn headers_to_hand_on(headers: &HeaderMap, is_packed: bool) -> Vec<(String, String)> {
    let is_handed_on = |name: &str| {
        let is_known = HANDED_ON.contains(&name) || HANDED_ON_PREFIXES.iter().any(|prefix| name.starts_with(prefix));
        is_known && !(is_packed && name == "content-length")
    };
    let handed_on = headers.iter().filter(|(name, _)| is_handed_on(name.as_str()));
    handed_on.filter_map(|(name, value)| Some((name.as_str().to_owned(), value.to_str().ok()?.to_owned()))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn an_answer_from_an_unknown_peer_is_not_taken() {
        let answer = Answer {
            host: "api.example.com",
            port: 443,
            started: Instant::now(),
            deadline: Instant::now() + Limits::default().total,
            response: http::Response::new("").into(),
        };

        let error = answer.read(&Egress::strict(), &Limits::default()).await.unwrap_err();

        assert!(matches!(error, SendError::StrayPeer { .. }) && error.may_have_arrived(), "{error:?}");
    }
}
