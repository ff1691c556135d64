//! TLS: trusted certificate authorities, client certificates, and the errors for untrusted or invalid certificates.

use automoderate::{
    Stage, Transports,
    rustls::{
        self, RootCertStore,
        pki_types::{CertificateDer, pem::PemObject},
    },
};

use crate::fixtures::{
    client_builder, demo_api_key, demo_project_id, next_update, self_signed_certificate, start_demo_server, start_tls,
    start_tls_for_client, within_timeout,
};

#[tokio::test]
async fn an_extra_authority_is_trusted() {
    let server = start_demo_server().await;
    let tls = start_tls(server.address()).await;
    for transports in [Transports::WebSocket, Transports::Polling] {
        for url in [tls.url.clone(), tls.url.replace("https", "wss")] {
            let builder =
                client_builder(url).extra_ca(tls.ca.as_str()).api_key(demo_api_key(&server)).transports(transports);
            let client = within_timeout("connecting", builder.connect()).await.unwrap();
            let mut events = client.join(demo_project_id(&server)).await.unwrap().events();
            let id = client.moderate("over TLS").await.unwrap().content_id;
            assert_eq!(next_update(&mut events).await.content_id, id);
            client.close().await;
        }
    }
}

#[tokio::test]
async fn a_custom_tls_config_serves_websocket_polling_and_rest() {
    let server = start_demo_server().await;
    let tls = start_tls(server.address()).await;
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(tls.ca.as_bytes()).unwrap()).unwrap();
    let provider = rustls::crypto::ring::default_provider().into();
    let versions = rustls::ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let mut settings = versions.unwrap().with_root_certificates(roots).with_no_client_auth();
    settings.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    for transports in [Transports::WebSocket, Transports::Polling] {
        let builder =
            client_builder(&tls.url).tls_config(settings.clone()).api_key(demo_api_key(&server)).transports(transports);
        let client = within_timeout("connecting", builder.connect()).await.unwrap();
        let mut events = client.join(demo_project_id(&server)).await.unwrap().events();
        let id = client.moderate("over TLS").await.unwrap().content_id;
        assert_eq!(next_update(&mut events).await.content_id, id);
        client.close().await;
    }
}

#[tokio::test]
async fn an_unknown_authority_is_refused() {
    let server = start_demo_server().await;
    let tls = start_tls(server.address()).await;
    let error = within_timeout("the refusal", client_builder(&tls.url).api_key(demo_api_key(&server)).connect())
        .await
        .unwrap_err();
    assert_eq!((error.code(), error.stage()), ("connect_failed", Some(Stage::Tls)), "{error}");
    let builder = client_builder(&tls.url).danger_accept_invalid_certs(true).api_key(demo_api_key(&server));
    within_timeout("connecting", builder.connect()).await.unwrap().close().await;
}

#[tokio::test]
async fn a_client_certificate_is_presented_on_request() {
    let server = start_demo_server().await;
    let own = self_signed_certificate("client");
    let tls = start_tls_for_client(server.address(), Some(&own)).await;
    for transports in [Transports::WebSocket, Transports::Polling] {
        let builder =
            || client_builder(&tls.url).extra_ca(tls.ca.as_str()).api_key(demo_api_key(&server)).transports(transports);
        let error = within_timeout("the refusal", builder().connect()).await.unwrap_err();
        assert_eq!(error.code(), "connect_failed", "{error}");
        let builder = builder().client_certificate(own.cert.pem(), own.signing_key.serialize_pem());
        within_timeout("connecting", builder.connect()).await.unwrap().close().await;
    }
}

#[tokio::test]
async fn invalid_certificates_are_refused_by_build() {
    let error = client_builder("https://localhost").extra_ca("nonsense").build().unwrap_err();
    assert!(error.to_string().starts_with("extra_ca:"), "{error}");
    let settings = rustls::ClientConfig::builder_with_provider(rustls::crypto::ring::default_provider().into())
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(RootCertStore::empty())
        .with_no_client_auth();
    let error = client_builder("https://localhost").tls_config(settings).extra_ca("nonsense").build().unwrap_err();
    assert!(error.to_string().starts_with("tls_config:"), "{error}");
    let error = client_builder("https://localhost").client_certificate("nonsense", "nonsense").build().unwrap_err();
    assert!(error.to_string().starts_with("client_certificate:"), "{error}");
}
