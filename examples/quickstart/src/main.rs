//! The demo. It starts the reference server on a temporary database, joins a project through a relay, submits texts,
//! prints the typed events as they come, cuts the connection in the middle, and counts: lost 0, twice 0.

mod relay;
mod show;
mod tally;
mod texts;

use std::{error::Error, process::ExitCode, sync::Arc, time::Duration};

use automoderate::{Client, Event, EventStream, State, StateChanges, Submission};
use automoderate_server::Server;
use serde_json::json;
use tokio::sync::Mutex;

use relay::Relay;
use tally::Tally;

/// The pause between two submissions, so that people can read along.
const PACE: Duration = Duration::from_millis(120);
/// The duration of the cut.
const CUT: Duration = Duration::from_millis(1500);
/// The longest wait for the last events.
const PATIENCE: Duration = Duration::from_secs(30);

#[tokio::main]
async fn main() -> ExitCode {
    match demo().await {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("the demo failed: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn demo() -> Result<bool, Box<dyn Error>> {
    let server = Server::builder().demo(true).start().await?;
    let demo = server.demo().ok_or("the server made no demo project")?.clone();
    let relay = Relay::start(server.address()).await?;
    show::step(&format!("the reference server runs at {} on a temporary SQLite file", server.base_url()));

    let client = Client::builder(relay.url()).api_key(demo.api_key.as_str()).build()?;
    let states = tokio::spawn(print_states(client.state_changes()));
    client.connect().await?;
    let project = client.join(demo.project_id.as_str()).await?;
    show::step(&format!("joined project {}; every line below is a typed event", project.id()));

    let tally = Arc::new(Mutex::new(Tally::default()));
    let reader = tokio::spawn(read(project.events(), tally.clone()));

    // Submissions go directly to the server: the cut affects only the client's connection.
    let writer = Client::builder(server.base_url()).api_key(demo.api_key.as_str()).build()?;
    let (before, after) = texts::ALL.split_at(texts::ALL.len() / 2);
    submit(&writer, before, &tally).await?;
    show::step(&format!("cutting the connection for {:.1} s; submissions continue", CUT.as_secs_f64()));
    relay.cut();
    let mended = async {
        tokio::time::sleep(CUT).await;
        relay.mend();
        show::step("the network is back");
    };
    let (submitted, ()) = tokio::join!(submit(&writer, after, &tally), mended);
    submitted?;

    let complete = async {
        while !tally.lock().await.complete() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let in_time = tokio::time::timeout(PATIENCE, complete).await.is_ok();
    let cursor = project.cursor().map(|cursor| cursor.to_string());
    client.close().await;
    reader.await??;
    states.await?;
    server.shutdown().await;

    let tally = tally.lock().await;
    show::step(&format!(
        "{} events live, {} replayed after the cut; the cursor to resume from is {}",
        tally.live(),
        tally.replayed(),
        cursor.as_deref().unwrap_or("none"),
    ));
    show::result(&format!("lost {}, twice {}, of {}", tally.lost(), tally.twice(), tally.submitted()));
    Ok(in_time && tally.good())
}

async fn submit(writer: &Client, texts: &[&str], tally: &Mutex<Tally>) -> Result<(), automoderate::Error> {
    for (n, text) in texts.iter().enumerate() {
        let user = ["ada", "grace", "linus"][n % 3];
        let metadata = json!({"user_id": user, "source": "comments"});
        let decided = writer.moderate(Submission::text(*text).metadata(metadata)).await?;
        tally.lock().await.submitted_one(decided.content_id);
        tokio::time::sleep(PACE).await;
    }
    Ok(())
}

async fn read(mut events: EventStream, tally: Arc<Mutex<Tally>>) -> Result<(), automoderate::Error> {
    while let Some(event) = events.next().await {
        let event = event?;
        show::event(&event);
        if let Event::ModerationUpdate(update) = &event {
            tally.lock().await.received_one(update);
        }
    }
    Ok(())
}

async fn print_states(mut states: StateChanges) {
    while let Some(state) = states.next().await {
        match state {
            State::Idle => {}
            State::Reconnecting { attempt, retry_in, cause } => {
                show::state(&format!("reconnecting: attempt {attempt} in {:.1} s ({cause})", retry_in.as_secs_f64()));
            }
            other => show::state(other.as_str()),
        }
    }
}
