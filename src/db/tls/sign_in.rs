//! The server's side of a sign-in, passed on to libpq with one change.
//!
//! Over TLS a server offers `SCRAM-SHA-256-PLUS`, which ties the sign-in to the TLS connection. libpq sees no TLS and
//! treats that offer as an attack ("server offered SCRAM-SHA-256-PLUS authentication over a non-SSL connection").
//! So the offer is taken off. Nothing is lost but that tie: the forwarder has verified the server's certificate.

use std::io;

use tokio::io::AsyncRead;
use tokio::io::AsyncReadExt;
use tokio::io::AsyncWrite;
use tokio::io::AsyncWriteExt;

const AUTHENTICATION: u8 = b'R';
const OK: u32 = 0;
const SASL: u32 = 10;
const BOUND_TO_TLS: &[u8] = b"SCRAM-SHA-256-PLUS";
/// Nothing that is said before a sign-in is over comes near this.
const LONGEST_MESSAGE: usize = 64 * 1024;

/// Passes the server's messages on until it has accepted the sign-in (or closed the connection).
pub(super) async fn pass<R, W>(server: &mut R, client: &mut W) -> io::Result<()>
where
    R: AsyncRead + Unpin,
    W: AsyncWrite + Unpin,
{
    loop {
        let kind = match server.read_u8().await {
            Ok(kind) => kind,
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(()),
            Err(error) => return Err(error),
        };
        let length = usize::try_from(server.read_u32().await?).unwrap_or(usize::MAX);
        if !(4..=LONGEST_MESSAGE).contains(&length) {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "a message of an impossible length"));
        }
        let mut body = vec![0; length - 4];
        server.read_exact(&mut body).await?;
        let stage = (kind == AUTHENTICATION).then(|| stage_of(&body)).flatten();
        if stage == Some(SASL) {
            body = without_tie_to_tls(&body);
        }
        client.write_all(&message(kind, &body)).await?;
        client.flush().await?;
        if stage == Some(OK) {
            return Ok(());
        }
    }
}

fn stage_of(body: &[u8]) -> Option<u32> {
    body.first_chunk().map(|stage| u32::from_be_bytes(*stage))
}

/// The body is the stage, then names that each end with a zero, then one more zero.
fn without_tie_to_tls(body: &[u8]) -> Vec<u8> {
    let Some((stage, names)) = body.split_first_chunk::<4>() else {
        return body.to_vec();
    };
    let mut kept = stage.to_vec();
    for name in names.split(|byte| *byte == 0).filter(|name| !name.is_empty() && *name != BOUND_TO_TLS) {
        kept.extend_from_slice(name);
        kept.push(0);
    }
    kept.push(0);
    kept
}

/// A message of the protocol: a letter, the length of all that follows, the body.
pub(super) fn message(kind: u8, body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(body.len() + 4).unwrap_or(u32::MAX);
    let mut message = vec![kind];
    message.extend_from_slice(&length.to_be_bytes());
    message.extend_from_slice(body);
    message
}

#[cfg(test)]
mod tests {
    use crate::db::tls::sign_in::message;
    use crate::db::tls::sign_in::pass;

    async fn passed(from_server: &[u8]) -> std::io::Result<Vec<u8>> {
        let mut client = Vec::new();
        pass(&mut &*from_server, &mut client).await.map(|()| client)
    }

    #[tokio::test]
    async fn the_offer_that_is_tied_to_tls_is_taken_off() {
        let offer = message(b'R', b"\0\0\0\x0aSCRAM-SHA-256-PLUS\0SCRAM-SHA-256\0\0");

        let told = passed(&offer).await.unwrap();

        assert_eq!(told, message(b'R', b"\0\0\0\x0aSCRAM-SHA-256\0\0"));
    }

    #[tokio::test]
    async fn other_messages_pass_unchanged_up_to_the_acceptance() {
        let before =
            [message(b'N', b"SNOTICE\0\0"), message(b'R', b"\0\0\0\x05salt"), message(b'R', b"\0\0\0\0")].concat();
        let after = message(b'S', b"TimeZone\0UTC\0");

        let told = passed(&[before.clone(), after].concat()).await.unwrap();

        assert_eq!(told, before);
    }

    #[tokio::test]
    async fn a_refusal_passes_and_the_end_is_no_failure() {
        let refusal = message(b'E', b"SFATAL\0C28P01\0Mpassword authentication failed\0\0");

        assert_eq!(passed(&refusal).await.unwrap(), refusal);
    }

    #[tokio::test]
    async fn an_impossible_length_is_refused() {
        assert!(passed(b"R\xff\xff\xff\xff").await.is_err());
        assert!(passed(b"R\0\0\0\x03").await.is_err());
    }
}
