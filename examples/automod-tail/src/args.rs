//! Command-line options.

use std::{env, path::PathBuf};

use automoderate::{Client, ClientBuilder, Cursor, Error, Overflow, ReconnectPolicy, Transports};
use clap::{CommandFactory, Parser, ValueEnum, builder::NonEmptyStringValueParser, error::ErrorKind};

/// Follows AutoModerate projects. Prints one line per event to stdout, and one line per state change to stderr.
///
/// Exit status: 0 after --count events, SIGINT or SIGTERM, or if the reader of stdout closes it; 1 if stdout can't be
/// written to; 2 for invalid usage; 3 if the credentials are refused; 4 if a project is refused; 5 if the connection
/// fails for good. Secrets can also be passed in the environment variables AUTOMODERATE_API_KEY, AUTOMODERATE_PASSWORD
/// and AUTOMODERATE_SESSION, which other users of this machine can't see.
#[derive(Parser, Debug)]
#[command(name = "automod-tail", version)]
pub(crate) struct Args {
    /// URL of the server, as `http(s)://host[:port][/prefix]`.
    #[arg(long, env = "AUTOMODERATE_URL")]
    url: String,
    /// Another URL of the server, which is tried if the previous one fails. May be given several times.
    #[arg(long, value_name = "URL")]
    fallback_url: Vec<String>,
    /// API key of a project. Together with --session or --email, the key is used for REST, which recovers decisions
    /// from servers without an event log, and for the socket if the server refuses the session or
    /// the login.
    #[arg(long)]
    api_key: Option<String>,
    /// Value of the web session cookie.
    #[arg(long, conflicts_with = "email")]
    session: Option<String>,
    /// Email address for a login through the web form.
    #[arg(long)]
    email: Option<String>,
    /// Password for --email.
    #[arg(long, requires = "email")]
    password: Option<String>,
    /// Id of a project to follow. May be given several times.
    #[arg(long = "project", required = true, num_args = 1.., value_name = "ID", value_parser = NonEmptyStringValueParser::new())]
    pub(crate) projects: Vec<String>,
    /// Start after this cursor or event id instead of now.
    #[arg(long, value_name = "CURSOR")]
    pub(crate) after: Option<Cursor>,
    /// Exit after this many events. Notices of missing events are not counted.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) count: Option<u64>,
    /// Print JSON: `{"event","project_id","event_id","origin","data"}` per event, and `{"state",…}` per state change.
    #[arg(long)]
    pub(crate) json: bool,
    /// Transports to use.
    #[arg(long, value_enum, default_value_t = Transport::Auto)]
    transport: Transport,
    /// Give up after this many attempts to reconnect. By default, never give up. The first connection is tried only
    /// once.
    #[arg(long, value_name = "N")]
    attempts: Option<u32>,
    /// PEM file with certificate authorities to trust, in addition to the system's.
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
    /// Creates a client. Exits with status 2 if the CA file can't be read, or if `--email` is given without a password.
    pub(crate) fn create_client(&self) -> Result<Client, Error> {
        // With an event log, a slow reader still receives every event.
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
                Err(error) => exit_with_usage_error(&format!("--ca {}: {error}", path.display())),
            }
        }
        if let Some(attempts) = self.attempts {
            builder = builder.reconnect(ReconnectPolicy { attempts: Some(attempts), ..ReconnectPolicy::default() });
        }
        self.with_credentials(builder).build()
    }

    /// Sets the credentials. Options take precedence over environment variables.
    fn with_credentials(&self, mut builder: ClientBuilder) -> ClientBuilder {
        let from_env = |name| env::var(name).ok().filter(|value| !value.is_empty());
        if let Some(key) = &self.api_key {
            builder = builder.api_key(key.as_str());
        }
        if let Some(email) = &self.email {
            let password = self.password.clone().or_else(|| from_env("AUTOMODERATE_PASSWORD"));
            let Some(password) = password else {
                exit_with_usage_error("--email needs --password, or AUTOMODERATE_PASSWORD");
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

/// Prints a usage error and exits with status 2.
fn exit_with_usage_error(text: &str) -> ! {
    Args::command().error(ErrorKind::ValueValidation, text).exit()
}
