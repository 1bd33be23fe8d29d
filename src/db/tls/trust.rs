//! Whom to believe: Mozilla's roots, or the authorities of `sslrootcert`, and nobody else.
//!
//! There is no way to switch the verification off. A server with a certificate of its own is reached by naming that
//! certificate's authority.

use std::path::Path;
use std::sync::Arc;

use rustls::ClientConfig;
use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use tokio_rustls::TlsConnector;

use crate::db::tls::TlsError;

/// A connector that trusts the authorities in the PEM file `roots`, or the web's without one.
pub(super) fn connector(roots: Option<&Path>) -> Result<TlsConnector, TlsError> {
    let roots = match roots {
        Some(path) => read(path)?,
        None => RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() },
    };
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(TlsError::Setup)?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(TlsConnector::from(Arc::new(config)))
}

fn read(path: &Path) -> Result<RootCertStore, TlsError> {
    let unusable = |source| TlsError::RootCertificate { path: path.to_path_buf(), source };
    let mut store = RootCertStore::empty();
    let certificates = CertificateDer::pem_file_iter(path).map_err(|error| unusable(Some(Box::new(error))))?;
    for certificate in certificates {
        let certificate = certificate.map_err(|error| unusable(Some(Box::new(error))))?;
        store.add(certificate).map_err(|error| unusable(Some(Box::new(error))))?;
    }
    if store.is_empty() { Err(unusable(None)) } else { Ok(store) }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use crate::db::tls::TlsError;
    use crate::db::tls::trust::connector;

    #[test]
    fn a_root_certificate_that_is_not_there_is_named() {
        let refused = connector(Some(Path::new("/nowhere/ca.pem"))).err();

        assert!(
            matches!(refused, Some(TlsError::RootCertificate { path, .. }) if path == Path::new("/nowhere/ca.pem"))
        );
    }

    #[test]
    fn a_file_without_certificates_is_refused() {
        assert!(matches!(connector(Some(Path::new("/dev/null"))), Err(TlsError::RootCertificate { .. })));
    }
}
