//! No key, password, cookie, or other secret option appears in an error, a state, or debug output.

use automoderate::{ApiKeyVia, Client, Credentials, Secret, testing::Script};

use crate::common::client_builder;

const SECRET: &str = "am_S3cr3t-S3cr3t-S3cr3t";

fn expect_no_secret_in_debug(what: &impl std::fmt::Debug) {
    let (plain, pretty) = (format!("{what:?}"), format!("{what:#?}"));
    assert!(!plain.contains("S3cr3t") && !pretty.contains("S3cr3t"), "{plain}");
}

#[tokio::test(start_paused = true)]
async fn debug_output_hides_secrets() {
    expect_no_secret_in_debug(&Secret::from(SECRET));
    expect_no_secret_in_debug(&Credentials::ApiKey(SECRET.into()));
    expect_no_secret_in_debug(&Credentials::Session(SECRET.into()));
    expect_no_secret_in_debug(&Credentials::Password { email: "a@b".into(), password: SECRET.into() });
    let plain = || Client::builder("http://localhost");
    for builder in [
        plain().api_key(SECRET),
        plain().api_key(SECRET).api_key_via(ApiKeyVia::Auth),
        plain().session(SECRET),
        plain().password("a@b", SECRET),
        plain().header("authorization", SECRET),
        plain().query("token", SECRET),
        plain().proxy(format!("http://user:{SECRET}@localhost:1")),
        plain().credentials_provider(|_| async { Ok(Credentials::ApiKey(SECRET.into())) }),
    ] {
        expect_no_secret_in_debug(&builder);
        expect_no_secret_in_debug(&builder.build().unwrap());
    }
}

#[tokio::test(start_paused = true)]
async fn errors_and_states_of_a_client_hide_its_key() {
    for via in [ApiKeyVia::Query, ApiKeyVia::Auth, ApiKeyVia::Header] {
        let script = Script::new();
        let server = async {
            let dial = script.next_dial().await;
            expect_no_secret_in_debug(&dial);
            let mut server = dial.accept();
            server.handshake().await;
            server
        };
        let (client, server) = tokio::join!(client_builder(&script).api_key(SECRET).api_key_via(via).connect(), server);
        let client = client.unwrap();
        expect_no_secret_in_debug(&client);
        expect_no_secret_in_debug(&client.events());
        expect_no_secret_in_debug(&client.state());
        expect_no_secret_in_debug(&server);
        server.cut();
        script.next_dial().await.refuse(401, "go away");
        let mut states = client.state_changes();
        while let Some(state) = states.next().await {
            expect_no_secret_in_debug(&state);
        }
        let error = client.join("p").await.unwrap_err();
        expect_no_secret_in_debug(&error);
        assert!(!error.to_string().contains("S3cr3t"));
    }
}

#[tokio::test(start_paused = true)]
async fn messages_that_echo_the_key_are_redacted() {
    let message = format!("invalid API key {SECRET}");
    // The server refuses the key with an HTTP status, a CONNECT_ERROR, an event, or a refused join.
    for refusal in 0..4 {
        let script = Script::new();
        let server = async {
            let dial = script.next_dial().await;
            if refusal == 0 {
                dial.refuse(401, &message);
                return None;
            }
            let mut server = dial.accept();
            server.open(86_400_000, 86_400_000);
            server.expect_connect().await;
            match refusal {
                1 => server.send(format!(r#"44{{"message":"{message}"}}"#)),
                2 => server.send(format!(r#"42["authentication_failed",{{"message":"{message}"}}]"#)),
                _ => server.send(r#"40{"sid":"n"}"#),
            }
            Some(server)
        };
        let (client, server) = tokio::join!(client_builder(&script).api_key(SECRET).connect(), server);
        let error = match (client, server) {
            (Err(error), _) => error,
            (Ok(client), Some(mut server)) => {
                let refuse = async {
                    server.refuse_join("p", &message).await;
                };
                tokio::join!(client.join("p"), refuse).0.unwrap_err()
            }
            _ => unreachable!(),
        };
        assert!(["authentication_failed", "join_timeout"].contains(&error.code()), "{error}");
        assert!(error.to_string().contains("invalid API key ***"), "{error}");
        assert!(!error.to_string().contains("S3cr3t") && !format!("{:?}", error.body()).contains("S3cr3t"));
        expect_no_secret_in_debug(&error);
    }
}

#[test]
fn errors_about_invalid_secrets_hide_them() {
    for error in [
        Client::builder("http://localhost").header("x-key", format!("{SECRET}\n")).build().unwrap_err(),
        Client::builder(format!("http://u:{SECRET}@host")).build().unwrap_err(),
        Client::builder(format!("http://host/?api_key={SECRET}")).build().unwrap_err(),
        Client::builder("http://localhost").proxy(format!("socks5://u:{SECRET}@h:1")).build().unwrap_err(),
    ] {
        expect_no_secret_in_debug(&error);
        assert!(!error.to_string().contains("S3cr3t"), "{error}");
    }
}
