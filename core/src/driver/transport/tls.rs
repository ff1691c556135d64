//! TLS with rustls. By default, the platform's root certificates are trusted, or Mozilla's if those can't be loaded.

use std::sync::Arc;

use rustls::{
    ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme,
    client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    crypto::CryptoProvider,
    pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime, pem::PemObject},
};

use crate::{Error, events::Secret};

/// TLS options set by the user.
#[derive(Debug, Clone, Default)]
pub(crate) struct TlsOptions {
    /// PEM certificates to trust in addition to the platform's certificates.
    pub(crate) extra_ca: Vec<Vec<u8>>,
    /// PEM certificate chain and key of the client.
    pub(crate) client_certificate: Option<(Vec<u8>, Secret)>,
    pub(crate) accept_invalid_certs: bool,
    /// Complete configuration, which replaces all other options.
    pub(crate) config: Option<ClientConfig>,
}

impl TlsOptions {
    /// Returns `true` if any option is set that must be checked before the first connection.
    pub(crate) fn has_options_to_check(&self) -> bool {
        !self.extra_ca.is_empty() || self.client_certificate.is_some() || self.config.is_some()
    }

    /// Returns `true` if a complete configuration is combined with options that it would replace.
    pub(crate) fn is_contradictory(&self) -> bool {
        let has_others = !self.extra_ca.is_empty() || self.client_certificate.is_some() || self.accept_invalid_certs;
        self.config.is_some() && has_others
    }
}

/// Returns the cryptography provider that is based on the crate `ring`.
#[cfg(feature = "tls-ring")]
fn crypto_provider() -> Result<Arc<CryptoProvider>, Error> {
    Ok(Arc::new(rustls::crypto::ring::default_provider()))
}

/// Returns the cryptography provider that the application has installed as the process's default.
#[cfg(not(feature = "tls-ring"))]
fn crypto_provider() -> Result<Arc<CryptoProvider>, Error> {
    CryptoProvider::get_default().cloned().ok_or_else(|| {
        let text = "tls_config: no cryptography provider for TLS; set this option, install rustls's default provider, or \
                    enable the feature `tls-ring`";
        Error::invalid_argument(text)
    })
}

/// Creates the TLS configuration for all connections of a client.
pub(crate) fn client_config(options: &TlsOptions) -> Result<ClientConfig, Error> {
    if let Some(config) = &options.config {
        let mut config = config.clone();
        // A protocol other than HTTP/1.1 would break WebSocket.
        config.alpn_protocols.clear();
        return Ok(config);
    }
    let provider = crypto_provider()?;
    let wrong = |what: &str, error: &dyn std::fmt::Display| Error::invalid_argument(format!("{what}: {error}"));
    let builder = ClientConfig::builder_with_provider(provider.clone())
        .with_safe_default_protocol_versions()
        .map_err(|error| wrong("tls", &error))?;
    let mut extra = Vec::new();
    for pem in &options.extra_ca {
        let before = extra.len();
        for certificate in CertificateDer::pem_slice_iter(pem) {
            extra.push(certificate.map_err(|error| wrong("extra_ca", &error))?);
        }
        if extra.len() == before {
            return Err(Error::invalid_argument("extra_ca: it contains no PEM certificate"));
        }
    }
    let builder = if options.accept_invalid_certs {
        builder.dangerous().with_custom_certificate_verifier(Arc::new(AcceptAnyCertificate(provider)))
    } else {
        with_trusted_roots(builder, provider, extra)?
    };
    match &options.client_certificate {
        None => Ok(builder.with_no_client_auth()),
        Some((chain, key)) => {
            let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(chain).collect();
            let chain = chain.map_err(|error| wrong("client_certificate", &error))?;
            let key = PrivateKeyDer::from_pem_slice(key.expose().as_bytes())
                .map_err(|_| Error::invalid_argument("client_certificate: the key is not a PEM private key"))?;
            builder.with_client_auth_cert(chain, key).map_err(|error| wrong("client_certificate", &error))
        }
    }
}

type WantsVerifier = rustls::ConfigBuilder<ClientConfig, rustls::WantsVerifier>;
type WantsClientCert = rustls::ConfigBuilder<ClientConfig, rustls::client::WantsClientCert>;

#[cfg(all(unix, not(any(target_vendor = "apple", target_os = "android"))))]
fn with_trusted_roots(
    builder: WantsVerifier,
    _provider: Arc<CryptoProvider>,
    extra: Vec<CertificateDer<'static>>,
) -> Result<WantsClientCert, Error> {
    let mut store = RootCertStore::empty();
    store.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    if store.is_empty() {
        store.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
    }
    for certificate in extra {
        store.add(certificate).map_err(|error| Error::invalid_argument(format!("extra_ca: {error}")))?;
    }
    Ok(builder.with_root_certificates(store))
}

#[cfg(not(all(unix, not(any(target_vendor = "apple", target_os = "android")))))]
fn with_trusted_roots(
    builder: WantsVerifier,
    provider: Arc<CryptoProvider>,
    extra: Vec<CertificateDer<'static>>,
) -> Result<WantsClientCert, Error> {
    match rustls_platform_verifier::Verifier::new_with_extra_roots(extra.clone(), provider) {
        Ok(verifier) => Ok(builder.dangerous().with_custom_certificate_verifier(Arc::new(verifier))),
        Err(_) => {
            let mut store = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
            for certificate in extra {
                store.add(certificate).map_err(|error| Error::invalid_argument(format!("extra_ca: {error}")))?;
            }
            Ok(builder.with_root_certificates(store))
        }
    }
}

/// Verifier that accepts any certificate, for tests against servers without a valid certificate.
#[derive(Debug)]
struct AcceptAnyCertificate(Arc<CryptoProvider>);

impl ServerCertVerifier for AcceptAnyCertificate {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        rustls::crypto::verify_tls12_signature(message, cert, dss, &self.0.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        rustls::crypto::verify_tls13_signature(message, cert, dss, &self.0.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
