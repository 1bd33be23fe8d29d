//! A server that cannot prove who it is gets nothing.

use std::net::Ipv4Addr;
use std::sync::Arc;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use ring::rand::SystemRandom;
use ring::signature::ECDSA_P256_SHA256_ASN1_SIGNING;
use ring::signature::EcdsaKeyPair;
use rustls::ServerConfig;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::PrivateKeyDer;
use rustls::server::ClientHello;
use rustls::server::ResolvesServerCert;
use rustls::sign::CertifiedKey;
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use crate::outbound::client::Client;
use crate::outbound::client::SendError;
use crate::outbound::guard::Egress;
use crate::outbound::tests::server::dns;
use crate::outbound::tests::server::get;
use crate::outbound::tests::server::limits;
use crate::outbound::tests::server::only;

/// Signed by itself, for `rebind.example`. The key is gone: the client gives up before it asks for a signature.
const SELF_SIGNED: &str = "\
    MIIBpDCCAUqgAwIBAgIUZA49m4udTMEwHIF18n5u3cbsynYwCgYIKoZIzj0EAwIwGTEXMBUGA1UEAwwOcmViaW5kLmV4YW1wbGUw\
    IBcNMjYxMTI1MDM1MjA3WhgPMjEyNjExMDEwMzUyMDdaMBkxFzAVBgNVBAMMDnJlYmluZC5leGFtcGxlMFkwEwYHKoZIzj0CAQYI\
    KoZIzj0DAQcDQgAEqFQvhNMyR/MpTijEnxpf8hK08Rq3k7sYNHl+a14NaqF4as8peXAP/MNqRXmp+2Usf7aKMT76ZatX5o7FENyh\
    bKNuMGwwHQYDVR0OBBYEFOvpiYNiREmaO+w9nK8+DIJNQ2ykMB8GA1UdIwQYMBaAFOvpiYNiREmaO+w9nK8+DIJNQ2ykMA8GA1Ud\
    EwEB/wQFMAMBAf8wGQYDVR0RBBIwEIIOcmViaW5kLmV4YW1wbGUwCgYIKoZIzj0EAwIDSAAwRQIgYs4/RObAhOJcLh6Fs+RBv7BS\
    Zum8Zyq716R9+P0JTDICIQD/BvgbQcLb8bDYAyvDfSG055W/PV5aBGGJM6sOEAxSTw==";

#[derive(Debug)]
struct Fixed(Arc<CertifiedKey>);

impl ResolvesServerCert for Fixed {
    fn resolve(&self, _hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.0))
    }
}

fn acceptor() -> TlsAcceptor {
    let key = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, &SystemRandom::new()).unwrap();
    let key = PrivateKeyDer::try_from(key.as_ref().to_vec()).unwrap();
    let provider = rustls::crypto::ring::default_provider();
    let key = provider.key_provider.load_private_key(key).unwrap();
    let certificate = CertificateDer::from(BASE64_STANDARD.decode(SELF_SIGNED).unwrap());
    let fixed = Fixed(Arc::new(CertifiedKey::new(vec![certificate], key)));
    let config = ServerConfig::builder_with_provider(Arc::new(provider)).with_safe_default_protocol_versions().unwrap();
    TlsAcceptor::from(Arc::new(config.with_no_client_auth().with_cert_resolver(Arc::new(fixed))))
}

#[tokio::test]
async fn a_certificate_that_is_not_trusted_gets_nothing() {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    let handshake = tokio::spawn(async move { acceptor().accept(listener.accept().await.unwrap().0).await.is_ok() });
    let egress = Egress::allowing(&address.to_string()).unwrap();
    let client = Client::with_lookup(egress, limits(), &dns(&[&["127.0.0.1"]])).unwrap();
    let url: url::Url = format!("https://rebind.example:{}/", address.port()).parse().unwrap();

    let error = client.send(get(url.clone()), &only(&url)).await.unwrap_err();

    assert!(matches!(&error, SendError::Untrusted { host, .. } if host == "rebind.example"), "{error:?}");
    assert!(!error.may_have_arrived());
    assert!(!handshake.await.unwrap(), "the connection came about");
}
