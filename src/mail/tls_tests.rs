//! TLS with a mail server, for real: what it is told only once nobody can listen, and what it is not told at all when it
//! cannot prove who it is. The certificates are for these tests alone.

use std::sync::Arc;

use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::Certificate;
use lettre::transport::smtp::client::TlsParameters;
use lettre::transport::smtp::extension::ClientId;
use rustls::ServerConfig;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::PrivateKeyDer;
use rustls::pki_types::pem::PemObject;
use tokio::io::AsyncBufReadExt;
use tokio::io::AsyncRead;
use tokio::io::AsyncWrite;
use tokio::io::AsyncWriteExt;
use tokio::io::BufReader;
use tokio::net::TcpListener;
use tokio::net::TcpStream;
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;

use crate::mail::failure::Failure;
use crate::mail::failure::SendError;
use crate::mail::failure::Step;
use crate::mail::message::tests::sample;
use crate::mail::server::Security;
use crate::mail::server::Server;
use crate::mail::smtp::Smtp;

const AUTHORITY: &[u8] = include_bytes!("testdata/test-authority.pem");
const CERTIFICATE: &[u8] = include_bytes!("testdata/test-server.pem");
const KEY: &[u8] = include_bytes!("testdata/test-server-key.pem");

/// When the server begins TLS.
#[derive(Clone, Copy)]
enum Tls {
    AtOnce,
    WhenAsked,
}

/// What the server was told: in the clear, and under TLS.
#[derive(Default)]
struct Heard {
    clear: Vec<String>,
    hidden: Vec<String>,
}

fn acceptor() -> TlsAcceptor {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let chain = vec![CertificateDer::from_pem_slice(CERTIFICATE).unwrap()];
    let key = PrivateKeyDer::from_pem_slice(KEY).unwrap();
    let config = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    TlsAcceptor::from(Arc::new(config.with_no_client_auth().with_single_cert(chain, key).unwrap()))
}

/// A mail server for one connection, which signs people in by `mechanism` once TLS is there.
async fn server(tls: Tls, mechanism: &'static str) -> (u16, JoinHandle<Heard>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let heard = async move {
        let (stream, _) = listener.accept().await.unwrap();
        serve(stream, tls, mechanism).await
    };
    (port, tokio::spawn(heard))
}

async fn serve(mut stream: TcpStream, tls: Tls, mechanism: &str) -> Heard {
    let mut heard = Heard::default();
    if let Tls::WhenAsked = tls {
        converse(&mut stream, &mut heard.clear, "250-fine\r\n250 STARTTLS", true).await;
    }
    // A client that does not trust the certificate ends it here.
    let Ok(mut stream) = acceptor().accept(stream).await else { return heard };
    let offers = format!("250-fine\r\n250 AUTH {mechanism}");
    converse(&mut stream, &mut heard.hidden, &offers, matches!(tls, Tls::AtOnce)).await;
    heard
}

/// Until the client leaves, or TLS is to begin.
async fn converse(
    stream: &mut (impl AsyncRead + AsyncWrite + Unpin),
    heard: &mut Vec<String>,
    offers: &str,
    greets: bool,
) {
    let mut stream = BufReader::new(stream);
    let mut within_mail = false;
    if greets {
        stream.write_all(b"220 ready\r\n").await.unwrap();
    }
    let mut line = String::new();
    while stream.read_line(&mut line).await.is_ok_and(|read| read > 0) {
        let said = std::mem::take(&mut line).trim_end().to_owned();
        heard.push(said.clone());
        if within_mail && said != "." {
            continue;
        }
        within_mail = said == "DATA";
        let answer = match said.as_str() {
            hello if hello.starts_with("EHLO") => offers,
            "STARTTLS" => "220 go on",
            "DATA" => "354 go on",
            "AUTH LOGIN" => "334 VXNlcm5hbWU6",
            "YWRh" => "334 UGFzc3dvcmQ6",
            "aHVudGVyMg==" => "235 welcome",
            plain if plain.starts_with("AUTH PLAIN") => "235 welcome",
            _ => "250 fine",
        };
        stream.write_all(format!("{answer}\r\n").as_bytes()).await.unwrap();
        stream.flush().await.unwrap();
        if said == "STARTTLS" {
            return;
        }
    }
}

/// Somebody who trusts the test's authority, or only those that everyone trusts.
async fn send(port: u16, tls: Tls, trusts: bool) -> Result<(), SendError> {
    let mut parameters = TlsParameters::builder("localhost".to_owned());
    if trusts {
        parameters = parameters.add_root_certificate(Certificate::from_pem(AUTHORITY).unwrap());
    }
    let parameters = parameters.build_rustls().unwrap();
    let security = match tls {
        Tls::AtOnce => Security::TlsFromTheFirstByte(parameters),
        Tls::WhenAsked => Security::StartTls(parameters),
    };
    let server = Server {
        host: "127.0.0.1".to_owned(),
        port,
        security,
        hello: ClientId::Domain("odeus.example".to_owned()),
        credentials: Some(Credentials::new("ada".to_owned(), "hunter2".to_owned())),
    };
    let mail = sample().build(&"Odeus <odeus@example.com>".parse().unwrap()).unwrap();
    Smtp::new(server).send(&mail).await
}

#[tokio::test]
async fn a_password_and_a_mail_are_said_under_tls_alone() {
    for (tls, mechanism) in [(Tls::WhenAsked, "PLAIN"), (Tls::AtOnce, "PLAIN"), (Tls::WhenAsked, "LOGIN")] {
        let (port, heard) = server(tls, mechanism).await;

        send(port, tls, true).await.unwrap();

        let Heard { clear, hidden } = heard.await.unwrap();
        match tls {
            Tls::WhenAsked => assert_eq!(clear, ["EHLO odeus.example", "STARTTLS"]),
            Tls::AtOnce => assert!(clear.is_empty(), "{clear:?}"),
        }
        assert!(hidden.iter().any(|line| line.starts_with(&format!("AUTH {mechanism}"))), "{hidden:?}");
        assert!(hidden.contains(&"RCPT TO:<ada@example.com>".to_owned()), "{hidden:?}");
        assert!(hidden.iter().any(|line| line.starts_with("Message-ID:")), "{hidden:?}");
    }
}

#[tokio::test]
async fn a_server_that_cannot_prove_who_it_is_is_told_nothing() {
    for tls in [Tls::WhenAsked, Tls::AtOnce] {
        let (port, heard) = server(tls, "PLAIN").await;

        let error = send(port, tls, false).await.unwrap_err();

        assert!(matches!(error, SendError::Transient(Failure::Broken { step: Step::Connect, .. })), "{error:?}");
        let Heard { clear, hidden } = heard.await.unwrap();
        assert!(hidden.is_empty(), "{hidden:?}");
        assert!(!clear.iter().any(|line| line.starts_with("AUTH") || line.starts_with("MAIL")), "{clear:?}");
    }
}
