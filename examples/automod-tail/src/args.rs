//! The command line.

use std::{env, path::PathBuf};

use automoderate::{Client, ClientBuilder, Cursor, Error, Overflow, ReconnectPolicy, Transports};
use clap::{CommandFactory, Parser, ValueEnum, builder::NonEmptyStringValueParser, error::ErrorKind};

/// Follows AutoModerate projects: one line per event on stdout, and one per state change on stderr.
///
/// Exit status: 0 after --count events, SIGINT or SIGTERM; 1 stdout can't be written; 2 bad usage; 3 the credentials were refused; 4 a project was
/// refused; 5 gave up connecting. Secrets are also taken from AUTOMODERATE_API_KEY, AUTOMODERATE_PASSWORD and
/// AUTOMODERATE_SESSION, which other users of this machine can't see.
#[derive(Parser, Debug)]
#[command(name = "automod-tail", version)]
pub(crate) struct Args {
    /// The server, as `http(s)://host[:port][/prefix]`.
    #[arg(long, env = "AUTOMODERATE_URL")]
    url: String,
    /// Another address of the server, which is tried if the previous one fails; may be given several times.
    #[arg(long, value_name = "URL")]
    fallback_url: Vec<String>,
    /// A project's API key. Together with --session or --email it is used for REST, which recovers decisions from
    /// servers without an event log, and for the socket where the server refuses the session.
    #[arg(long)]
    api_key: Option<String>,
    /// The value of the web session's cookie.
    #[arg(long, conflicts_with = "email")]
    session: Option<String>,
    /// Log in through the web form with this address.
    #[arg(long)]
    email: Option<String>,
    /// The password for --email.
    #[arg(long, requires = "email")]
    password: Option<String>,
    /// A project to follow; may be given several times.
    #[arg(long = "project", required = true, num_args = 1.., value_name = "ID", value_parser = NonEmptyStringValueParser::new())]
    pub(crate) projects: Vec<String>,
    /// Begin after this cursor or event id, instead of now.
    #[arg(long, value_name = "CURSOR")]
    pub(crate) after: Option<Cursor>,
    /// End after this many events; notices of missing ones are not counted.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) count: Option<u64>,
    /// Write JSON: `{"event","project_id","event_id","origin","data"}` per event, `{"state",…}` per change of state.
    #[arg(long)]
    pub(crate) json: bool,
    /// The transports to the server.
    #[arg(long, value_enum, default_value_t = Transport::Auto)]
    transport: Transport,
    /// Give up after this many attempts to reconnect; without it, never. The first connection is tried once.
    #[arg(long, value_name = "N")]
    attempts: Option<u32>,
    /// A PEM file with authorities to trust in addition to the system's.
    #[arg(long, value_name = "FILE")]
    ca: Option<PathBuf>,
}

#[derive(ValueEnum, Clone, Copy, Debug)]
enum Transport {
    Auto,
    Websocket,
    Polling,
}

impl Args {
    /// The client for the options.
    pub(crate) fn client(&self) -> Result<Client, Error> {
        // A slow reader still receives everything if the server keeps a log.
        let mut builder = Client::builder(&self.url).overflow(Overflow::Replay).transports(match self.transport {
            Transport::Auto => Transports::Auto,
            Transport::Websocket => Transports::WebSocket,
            Transport::Polling => Transports::Polling,
        });
        for url in &self.fallback_url {
            builder = builder.fallback_url(url);
        }
        if let Some(path) = &self.ca {
            match std::fs::read(path) {
                Ok(pem) => builder = builder.extra_ca(pem),
                Err(error) => bad_usage(&format!("--ca {}: {error}", path.display())),
            }
        }
        if let Some(attempts) = self.attempts {
            builder = builder.reconnect(ReconnectPolicy { attempts: Some(attempts), ..ReconnectPolicy::default() });
        }
        self.with_credentials(builder).build()
    }

    /// The command line takes precedence over the environment.
    fn with_credentials(&self, mut builder: ClientBuilder) -> ClientBuilder {
        let from_env = |name| env::var(name).ok().filter(|value| !value.is_empty());
        if let Some(key) = &self.api_key {
            builder = builder.api_key(key.as_str());
        }
        if let Some(email) = &self.email {
            let password = self.password.clone().or_else(|| from_env("AUTOMODERATE_PASSWORD"));
            let Some(password) = password else {
                bad_usage("--email needs --password, or AUTOMODERATE_PASSWORD");
            };
            return builder.password(email, password);
        }
        if let Some(cookie) = &self.session {
            return builder.session(cookie.as_str());
        }
        if self.api_key.is_some() {
            return builder;
        }
        if let Some(key) = from_env("AUTOMODERATE_API_KEY") {
            return builder.api_key(key);
        }
        match from_env("AUTOMODERATE_SESSION") {
            Some(cookie) => builder.session(cookie),
            None => builder,
        }
    }
}

/// Ends the program with status 2.
fn bad_usage(text: &str) -> ! {
    Args::command().error(ErrorKind::ValueValidation, text).exit()
}
