//! The demo. It starts the reference server on a temporary database, joins a project through a relay, and submits
//! texts. It prints the events as they arrive, cuts the connection halfway, and finally counts lost and repeated
//! decisions.

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

/// Interval between submissions, long enough that the output can be read.
const SUBMISSION_INTERVAL: Duration = Duration::from_millis(120);
/// Duration of the cut. Submitting the second half of the texts takes longer.
const CUT_DURATION: Duration = Duration::from_millis(1500);
/// Time limit for receiving the last events.
const COMPLETION_TIMEOUT: Duration = Duration::from_secs(30);

#[tokio::main]
async fn main() -> ExitCode {
    match run_demo().await {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("the demo failed: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run_demo() -> Result<bool, Box<dyn Error>> {
    let server = Server::builder().demo(true).start().await?;
    let demo = server.demo().ok_or("the server made no demo project")?.clone();
    let relay = Relay::start(server.address()).await?;
    show::print_step(&format!("the reference server runs at {} on a temporary SQLite file", server.base_url()));

    let client = Client::builder(relay.url()).api_key(demo.api_key.as_str()).build()?;
    let states = tokio::spawn(print_states(client.state_changes()));
    client.connect().await?;
    let project = client.join(demo.project_id.as_str()).await?;
    show::print_step(&format!("joined project {}; every line below is a typed event", project.id()));

    let tally = Arc::new(Mutex::new(Tally::default()));
    let reader = tokio::spawn(print_and_count(project.events(), tally.clone()));

    // Texts are submitted directly to the server, so that the cut affects only the reading client.
    let writer = Client::builder(server.base_url()).api_key(demo.api_key.as_str()).build()?;
    let (before, after) = texts::COMMENTS.split_at(texts::COMMENTS.len() / 2);
    submit(&writer, before, &tally).await?;
    show::print_step(&format!("cutting the connection for {:.1} s; submissions continue", CUT_DURATION.as_secs_f64()));
    relay.cut();
    let restored = async {
        tokio::time::sleep(CUT_DURATION).await;
        relay.restore();
        show::print_step("the network is back");
    };
    let (submitted, ()) = tokio::join!(submit(&writer, after, &tally), restored);
    submitted?;

    let complete = async {
        while !tally.lock().await.is_complete() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let in_time = tokio::time::timeout(COMPLETION_TIMEOUT, complete).await.is_ok();
    let cursor = project.cursor().map(|cursor| cursor.to_string());
    client.close().await;
    reader.await??;
    states.await?;
    server.shutdown().await;

    let tally = tally.lock().await;
    show::print_step(&format!(
        "{} events live, {} replayed after the cut; the cursor to resume from is {}",
        tally.live_count(),
        tally.replayed_count(),
        cursor.as_deref().unwrap_or("none"),
    ));
    show::print_result(&format!(
        "lost {}, twice {}, of {}",
        tally.lost_count(),
        tally.duplicate_count(),
        tally.submitted_count()
    ));
    Ok(in_time && tally.is_successful())
}

async fn submit(writer: &Client, texts: &[&str], tally: &Mutex<Tally>) -> Result<(), automoderate::Error> {
    for (n, text) in texts.iter().enumerate() {
        let user = ["ada", "grace", "linus"][n % 3];
        let metadata = json!({"user_id": user, "source": "comments"});
        let decided = writer.moderate(Submission::text(*text).metadata(metadata)).await?;
        tally.lock().await.record_submission(decided.content_id);
        tokio::time::sleep(SUBMISSION_INTERVAL).await;
    }
    Ok(())
}

async fn print_and_count(mut events: EventStream, tally: Arc<Mutex<Tally>>) -> Result<(), automoderate::Error> {
    while let Some(event) = events.next().await {
        let event = event?;
        show::print_event(&event);
        if let Event::ModerationUpdate(update) = &event {
            tally.lock().await.record_update(update);
        }
    }
    Ok(())
}

async fn print_states(mut states: StateChanges) {
    while let Some(state) = states.next().await {
        match state {
            State::Idle => {}
            State::Reconnecting { attempt, retry_in, cause } => {
                show::print_state(&format!(
                    "reconnecting: attempt {attempt} in {:.1} s ({cause})",
                    retry_in.as_secs_f64()
                ));
            }
            other => show::print_state(other.as_str()),
        }
    }
}
