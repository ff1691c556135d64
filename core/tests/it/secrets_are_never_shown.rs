//! No key, password or cookie appears in any text of the crate.

use automoderate::{ApiKeyVia, Client, Credentials, Secret, testing::Script};

use crate::common::builder;

const SECRET: &str = "am_S3cr3t-S3cr3t-S3cr3t";

fn check(what: &impl std::fmt::Debug) {
    let (plain, pretty) = (format!("{what:?}"), format!("{what:#?}"));
    assert!(!plain.contains("S3cr3t") && !pretty.contains("S3cr3t"), "{plain}");
}

#[tokio::test(start_paused = true)]
async fn in_debug_texts() {
    check(&Secret::from(SECRET));
    check(&Credentials::ApiKey(SECRET.into()));
    check(&Credentials::Session(SECRET.into()));
    check(&Credentials::Password { email: "a@b".into(), password: SECRET.into() });
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
        check(&builder);
        check(&builder.build().unwrap());
    }
}

#[tokio::test(start_paused = true)]
async fn while_it_is_used() {
    for via in [ApiKeyVia::Query, ApiKeyVia::Auth, ApiKeyVia::Header] {
        let script = Script::new();
        let server = async {
            let dial = script.next_dial().await;
            check(&dial);
            let mut server = dial.accept();
            server.handshake().await;
            server
        };
        let (client, server) = tokio::join!(builder(&script).api_key(SECRET).api_key_via(via).connect(), server);
        let client = client.unwrap();
        check(&client);
        check(&client.events());
        check(&client.state());
        check(&server);
        server.cut();
        script.next_dial().await.refuse(401, "go away");
        let mut states = client.state_changes();
        while let Some(state) = states.next().await {
            check(&state);
        }
        let error = client.join("p").await.unwrap_err();
        check(&error);
        assert!(!error.to_string().contains("S3cr3t"));
    }
}

#[tokio::test(start_paused = true)]
async fn nor_what_a_server_says_back() {
    let shown = format!("invalid API key {SECRET}");
    // Refused by HTTP, by CONNECT_ERROR, by an event, and at a join.
    for how in 0..4 {
        let script = Script::new();
        let server = async {
            let dial = script.next_dial().await;
            if how == 0 {
                dial.refuse(401, &shown);
                return None;
            }
            let mut server = dial.accept();
            server.open(86_400_000, 86_400_000);
            server.expect_connect().await;
            match how {
                1 => server.send(format!(r#"44{{"message":"{shown}"}}"#)),
                2 => server.send(format!(r#"42["authentication_failed",{{"message":"{shown}"}}]"#)),
                _ => server.send(r#"40{"sid":"n"}"#),
            }
            Some(server)
        };
        let (client, server) = tokio::join!(builder(&script).api_key(SECRET).connect(), server);
        let error = match (client, server) {
            (Err(error), _) => error,
            (Ok(client), Some(mut server)) => {
                let refuse = async {
                    server.refuse_join("p", &shown).await;
                };
                tokio::join!(client.join("p"), refuse).0.unwrap_err()
            }
            _ => unreachable!(),
        };
        assert!(["authentication_failed", "join_timeout"].contains(&error.code()), "{error}");
        assert!(error.to_string().contains("invalid API key ***"), "{error}");
        assert!(!error.to_string().contains("S3cr3t") && !format!("{:?}", error.body()).contains("S3cr3t"));
        check(&error);
    }
}

#[test]
fn nor_in_errors_about_them() {
    for error in [
        Client::builder("http://localhost").header("x-key", format!("{SECRET}\n")).build().unwrap_err(),
        Client::builder(format!("http://u:{SECRET}@host")).build().unwrap_err(),
        Client::builder(format!("http://host/?api_key={SECRET}")).build().unwrap_err(),
        Client::builder("http://localhost").proxy(format!("socks5://u:{SECRET}@h:1")).build().unwrap_err(),
    ] {
        check(&error);
        assert!(!error.to_string().contains("S3cr3t"), "{error}");
    }
}
