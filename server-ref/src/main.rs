//! The `automoderate-server` program.

use std::error::Error;
use std::io::Write as _;
use std::process::ExitCode;

use automoderate_server::commands::AdminCommand;
use automoderate_server::config::{Cli, Command, ServeOptions};
use automoderate_server::{RunningServer, telemetry};
use clap::Parser as _;
use serde_json::json;
use tokio::signal::unix::{SignalKind, signal};

/// Exit code of `migrate --check` when migrations are pending.
const MIGRATIONS_PENDING_EXIT_CODE: u8 = 3;

#[tokio::main]
async fn main() -> ExitCode {
    let done = match Cli::parse().command {
        Command::Serve(options) => serve(&options).await.map(|()| ExitCode::SUCCESS),
        Command::Administration(command) => administer(command).await,
    };
    done.unwrap_or_else(|error| {
        eprintln!("automoderate-server: {}", error_with_causes(&*error));
        ExitCode::FAILURE
    })
}

async fn administer(command: AdminCommand) -> Result<ExitCode, Box<dyn Error>> {
    let answer = command.run().await?;
    let mut stdout = std::io::stdout().lock();
    writeln!(stdout, "{answer}")?;
    stdout.flush()?;
    Ok(if answer.has_pending_migrations() { ExitCode::from(MIGRATIONS_PENDING_EXIT_CODE) } else { ExitCode::SUCCESS })
}

async fn serve(options: &ServeOptions) -> Result<(), Box<dyn Error>> {
    telemetry::init(&options.log)?;
    // The handlers are installed before the server reports that it is ready, because a signal that arrives after this report must drain the
    // server.
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let server = options.builder()?.start().await?;
    print_ready_line(&server)?;
    if let Some(url) = server.setup_url() {
        eprintln!("automoderate-server: there is no user yet; create the first administrator at {url}");
    }
    let hint = if server.demo().is_some() { "; stdout shows the email and the password" } else { "" };
    tracing::info!("the web dashboard is at {}/{hint}", server.base_url());
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    tracing::info!("draining");
    tokio::select! {
        () = server.shutdown() => tracing::info!("stopped"),
        // SIGINT during the drain means that the operator does not want to wait for it to end.
        _ = interrupt.recv() => tracing::warn!("stopped without draining"),
    }
    Ok(())
}

/// Prints the JSON line that announces that the server is ready. This line is the only output of `serve` on stdout.
fn print_ready_line(server: &RunningServer) -> std::io::Result<()> {
    let line = match server.demo() {
        None => json!({"base_url": server.base_url()}),
        Some(demo) => json!({
            "base_url": server.base_url(),
            "project_id": demo.project_id,
            "api_key": demo.api_key,
            "email": demo.email,
            "password": demo.password,
        }),
    };
    let mut stdout = std::io::stdout().lock();
    writeln!(stdout, "{line}")?;
    stdout.flush()
}

fn error_with_causes(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}
