//! The command line. Every flag of `serve` can also be set by an environment variable.

use std::fmt;
use std::time::Duration;

use clap::builder::FalseyValueParser;
use clap::{Args, Parser, Subcommand};

use crate::commands::AdminCommand;
use crate::{AiOptions, Error, EventLog, Limits, Server, ServerBuilder};

/// The reference AutoModerate server.
#[derive(Debug, Parser)]
#[command(name = "automoderate-server", version, about)]
pub struct Cli {
    /// Command to run.
    #[command(subcommand)]
    pub command: Command,
}

/// Subcommands of the program.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run the server until SIGTERM or SIGINT.
    Serve(Box<ServeOptions>),
    /// Commands that administer a database.
    #[command(flatten)]
    Administration(AdminCommand),
}

/// Options of `serve`.
#[derive(Args)]
pub struct ServeOptions {
    /// Address to listen on; port 0 picks a free port.
    #[arg(long, env = "AUTOMODERATE_LISTEN", value_name = "HOST:PORT", default_value = "127.0.0.1:6217")]
    listen: String,

    /// Address of a separate listener for `/metrics`, such as one that only Prometheus can reach. By default, the main listener
    /// serves `/metrics`.
    #[arg(long, env = "AUTOMODERATE_METRICS_LISTEN", value_name = "HOST:PORT")]
    metrics_listen: Option<String>,

    /// Database URL: `sqlite://PATH` or `postgres://USER:PASSWORD@HOST/NAME` (PostgreSQL 13 or newer). A missing SQLite file is created;
    /// the PostgreSQL database must exist. Without `--no-migrate`, the server creates the tables and updates outdated ones. Other users of
    /// this machine can read the command line, so set the environment variable instead, or keep the password in `~/.pgpass`.
    #[arg(
        long,
        env = "AUTOMODERATE_DATABASE",
        hide_env_values = true,
        value_name = "URL",
        default_value = "sqlite://automoderate.db"
    )]
    database: String,

    /// Redis URL: `redis://[USER:PASSWORD@]HOST[:PORT][/DATABASE]`, or `rediss://` for TLS. Servers that share a PostgreSQL database
    /// announce their commits through Redis. Without Redis, they poll the database four times a second. Redis stores no data, and the
    /// servers keep working while Redis is down.
    #[arg(long, env = "AUTOMODERATE_REDIS", hide_env_values = true, value_name = "URL")]
    redis: Option<String>,

    /// Create a user, a project with sample rules, and an API key, unless they already exist, and print the credentials. The environment
    /// variable is `true` or `false`.
    #[arg(long, env = "AUTOMODERATE_DEMO", value_parser = FalseyValueParser::new())]
    demo: bool,

    /// Refuse to start if the database's tables are outdated. By default, the server updates them, like `automoderate-server migrate`.
    /// The environment variable is `true` or `false`.
    #[arg(long, env = "AUTOMODERATE_NO_MIGRATE", value_parser = FalseyValueParser::new())]
    no_migrate: bool,

    /// Maximum number of concurrent real-time connections per address; 0 means no limit.
    #[arg(long, env = "AUTOMODERATE_MAX_CONNECTIONS_PER_IP", value_name = "N", default_value_t = Limits::default().connections_per_ip)]
    max_connections_per_ip: usize,

    /// Maximum number of concurrent HTTP connections per address, excluding WebSockets; 0 means no limit. Trusted proxies are exempt.
    #[arg(long, env = "AUTOMODERATE_CONNECTIONS_PER_ADDRESS", value_name = "N", default_value_t = Limits::default().connections_per_address)]
    connections_per_address: usize,

    /// Maximum number of events that a client may send per minute on one connection; 0 means no limit.
    #[arg(long, env = "AUTOMODERATE_MAX_EVENTS_PER_MINUTE", value_name = "N", default_value_t = Limits::default().events_per_minute)]
    max_events_per_minute: usize,

    /// Maximum number of projects that a connection may have joined at the same time; 0 means no limit.
    #[arg(long, env = "AUTOMODERATE_MAX_ROOMS", value_name = "N", default_value_t = Limits::default().rooms)]
    max_rooms: usize,

    /// Maximum number of failed sign-ins per minute from one address; 0 means no limit.
    #[arg(long, env = "AUTOMODERATE_MAX_FAILED_LOGINS", value_name = "N", default_value_t = Limits::default().failed_logins_per_minute)]
    max_failed_logins: usize,

    /// Maximum number of failed sign-ins to one account within 15 minutes, from all addresses together; 0 means no limit. Each
    /// browser that has signed in to the account before has a separate limit.
    #[arg(long, env = "AUTOMODERATE_MAX_FAILED_LOGINS_PER_ACCOUNT", value_name = "N", default_value_t = Limits::default().failed_logins_per_account)]
    max_failed_logins_per_account: usize,

    /// Proxy whose `X-Forwarded-For` header is trusted: an address, or a network such as `10.0.0.0/8`. Repeat the option, or separate
    /// several values with commas.
    #[arg(long = "trusted-proxy", env = "AUTOMODERATE_TRUSTED_PROXY", value_name = "ADDRESS", value_delimiter = ',')]
    trusted_proxies: Vec<String>,

    /// Number of items awaiting review above which a warning is sent to the project; 0 disables the warning.
    #[arg(long, env = "AUTOMODERATE_REVIEW_QUEUE_WARNING", value_name = "N", default_value_t = 100)]
    review_queue_warning: u32,

    /// OpenAI-compatible endpoint for `ai_prompt` rules, such as `https://api.openai.com/v1`. Without an endpoint, items that only such a
    /// rule could decide on are queued for review.
    #[arg(long, env = "AUTOMODERATE_AI_BASE_URL", value_name = "URL")]
    ai_base_url: Option<String>,

    /// API key of the AI endpoint. Other users of this machine can read the command line, so set the environment variable instead.
    #[arg(long, env = "AUTOMODERATE_AI_API_KEY", hide_env_values = true, value_name = "KEY")]
    ai_api_key: Option<String>,

    /// Name of the model that the AI endpoint runs.
    #[arg(long, env = "AUTOMODERATE_AI_MODEL", value_name = "NAME", default_value_t = AiOptions::default().model)]
    ai_model: String,

    /// Seconds to wait for the AI endpoint's answer after a question is sent. Without an answer, the item is queued for review.
    #[arg(long, env = "AUTOMODERATE_AI_TIMEOUT", value_name = "SECONDS", default_value = "10", value_parser = parse_positive_seconds)]
    ai_timeout: Duration,

    /// Maximum number of concurrent requests to the AI endpoint.
    #[arg(long, env = "AUTOMODERATE_AI_CONCURRENCY", value_name = "N", default_value_t = AiOptions::default().concurrency)]
    ai_concurrency: usize,

    /// Maximum number of requests to the AI endpoint per project per minute; 0 means no limit. Items over the limit are queued for
    /// review.
    #[arg(long, env = "AUTOMODERATE_AI_QUESTIONS_PER_MINUTE", value_name = "N", default_value_t = AiOptions::default().questions_per_minute)]
    ai_questions_per_minute: usize,

    /// Seconds between two Engine.IO pings.
    #[arg(long, env = "AUTOMODERATE_PING_INTERVAL", value_name = "SECONDS", default_value = "25", value_parser = parse_positive_seconds)]
    ping_interval: Duration,

    /// Seconds to wait for the answer to a ping.
    #[arg(long, env = "AUTOMODERATE_PING_TIMEOUT", value_name = "SECONDS", default_value = "20", value_parser = parse_positive_seconds)]
    ping_timeout: Duration,

    /// Maximum number of events kept for replay per project; 0 keeps all events.
    #[arg(long, env = "AUTOMODERATE_LOG_MAX_EVENTS", value_name = "N", default_value_t = EventLog::default().max_events)]
    log_max_events: u64,

    /// Seconds for which an event is kept for replay; 0 keeps events forever.
    #[arg(long, env = "AUTOMODERATE_LOG_MAX_AGE", value_name = "SECONDS", default_value = "604800", value_parser = parse_seconds)]
    log_max_age: Duration,

    /// Seconds for which an audit log entry is kept; 0 keeps entries forever.
    #[arg(long, env = "AUTOMODERATE_AUDIT_MAX_AGE", value_name = "SECONDS", default_value = "31536000", value_parser = parse_seconds)]
    audit_max_age: Duration,

    /// Seconds that a REST request may take, from the end of its headers to its response.
    #[arg(long, env = "AUTOMODERATE_REQUEST_TIMEOUT", value_name = "SECONDS", default_value = "30", value_parser = parse_positive_seconds)]
    request_timeout: Duration,

    /// Seconds to keep serving after SIGTERM or SIGINT while `/ready` returns 503, so that load balancers send new clients elsewhere.
    #[arg(long, env = "AUTOMODERATE_LAME_DUCK", value_name = "SECONDS", default_value = "0", value_parser = parse_seconds)]
    lame_duck: Duration,

    /// Origin whose pages may use the REST interface and the session cookie, such as `https://app.example`. Repeat the option, or
    /// separate several values with commas.
    #[arg(long = "allowed-origin", env = "AUTOMODERATE_ALLOWED_ORIGIN", value_name = "ORIGIN", value_delimiter = ',')]
    allowed_origins: Vec<String>,

    /// Mark all cookies `Secure`, and instruct browsers to use only TLS; for a server behind a TLS proxy.
    #[arg(long, env = "AUTOMODERATE_SECURE_COOKIES", value_parser = FalseyValueParser::new())]
    secure_cookies: bool,

    /// Log level on stderr: `error`, `warn`, `info`, `debug` or `trace`, or a filter such as `automoderate_server=debug`.
    #[arg(long, env = "AUTOMODERATE_LOG", value_name = "FILTER", default_value = "info")]
    pub log: String,
}

/// Shows only the address, because some of the other options contain secrets.
impl fmt::Debug for ServeOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Serve").field("listen", &self.listen).finish_non_exhaustive()
    }
}

impl ServeOptions {
    /// Returns a builder for the server that these options describe.
    ///
    /// # Errors
    /// Returns an error if a trusted proxy is neither an address nor a network.
    pub fn builder(&self) -> Result<ServerBuilder, Error> {
        let builder = Server::builder()
            .listen(&self.listen)
            .database(&self.database)
            .demo(self.demo)
            .migrate(!self.no_migrate)
            .limits(Limits {
                connections_per_ip: self.max_connections_per_ip,
                connections_per_address: self.connections_per_address,
                events_per_minute: self.max_events_per_minute,
                rooms: self.max_rooms,
                failed_logins_per_minute: self.max_failed_logins,
                failed_logins_per_account: self.max_failed_logins_per_account,
            })
            .event_log(EventLog { max_events: self.log_max_events, max_age: self.log_max_age })
            .audit_max_age(self.audit_max_age)
            .ping(self.ping_interval, self.ping_timeout)
            .request_timeout(self.request_timeout)
            .lame_duck(self.lame_duck)
            .allowed_origins(&self.allowed_origins)
            .secure_cookies(self.secure_cookies)
            .review_queue_warning(self.review_queue_warning)
            .ai(AiOptions {
                base_url: self.ai_base_url.clone(),
                api_key: self.ai_api_key.clone(),
                model: self.ai_model.clone(),
                timeout: self.ai_timeout,
                concurrency: self.ai_concurrency,
                questions_per_minute: self.ai_questions_per_minute,
            });
        let builder = match &self.redis {
            Some(url) => builder.redis(url),
            None => builder,
        };
        let builder = match &self.metrics_listen {
            Some(address) => builder.metrics_listen(address),
            None => builder,
        };
        builder.trusted_proxies(&self.trusted_proxies)
    }
}

fn parse_seconds(text: &str) -> Result<Duration, String> {
    let seconds: f64 = text.parse().map_err(|_| "not a number of seconds".to_owned())?;
    Duration::try_from_secs_f64(seconds).map_err(|error| error.to_string())
}

fn parse_positive_seconds(text: &str) -> Result<Duration, String> {
    match parse_seconds(text)? {
        Duration::ZERO => Err("must be more than 0".into()),
        duration => Ok(duration),
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn every_flag_has_a_variable_and_a_description() {
        let cli = Cli::command();
        cli.clone().debug_assert();
        let serve = cli.find_subcommand("serve").unwrap();
        for arg in serve.get_arguments().filter(|arg| arg.get_id() != "help") {
            assert!(arg.get_help().is_some(), "{}", arg.get_id());
            let name = arg.get_long().unwrap().to_uppercase().replace('-', "_");
            assert_eq!(arg.get_env().unwrap().to_str().unwrap(), format!("AUTOMODERATE_{name}"));
        }
    }

    #[test]
    fn durations_are_given_in_seconds() {
        assert_eq!(parse_seconds("0.5"), Ok(Duration::from_millis(500)));
        assert_eq!(parse_seconds("0"), Ok(Duration::ZERO));
        assert!(parse_positive_seconds("0").is_err());
        assert!(parse_seconds("-1").is_err() && parse_seconds("x").is_err() && parse_seconds("inf").is_err());
    }
}
