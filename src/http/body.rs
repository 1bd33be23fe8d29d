//! Reads a body within a size and a time: actix bounds the head alone, and a body that trickles in would hold its place
//! for ever (D-71, D-72).

use std::time::Duration;

use actix_web::dev::Payload;
use futures_util::StreamExt;

use crate::http::error::Error;

const DEADLINE: Duration = Duration::from_secs(10);

/// The whole body, at most `max_bytes` of it.
pub(in crate::http) async fn read(payload: Payload, max_bytes: usize) -> Result<Vec<u8>, Error> {
    let read = async {
        let mut payload = payload;
        let mut body = Vec::new();
        while let Some(chunk) = payload.next().await {
            let chunk = chunk.map_err(|_broken| Error::bad_request("The request's body did not arrive whole."))?;
            if body.len() + chunk.len() > max_bytes {
                return Err(Error::too_large(max_bytes));
            }
            body.extend_from_slice(&chunk);
        }
        Ok(body)
    };
    tokio::time::timeout(DEADLINE, read).await.unwrap_or_else(|_late| Err(Error::too_slow()))
}
