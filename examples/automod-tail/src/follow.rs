//! Connect, join, and hand every event to the printer.

use automoderate::{Client, Error, Event};
use futures_util::{StreamExt, stream};

use crate::{args::Args, exit::Outcome, print::Printer};

/// Follows the projects until enough events have come, or something ends it.
pub(crate) async fn follow(args: &Args, printer: Printer) -> Outcome {
    let client = match args.client() {
        Ok(client) => client,
        Err(error) => return Outcome::Failed(error),
    };
    let mut states = client.state_changes();
    let told = client.clone();
    let tell_states = tokio::spawn(async move {
        while let Some(state) = states.next().await {
            printer.state(&state, told.url());
        }
    });
    let outcome = events(args, &client, printer).await;
    // The last states are worth telling too.
    client.close().await;
    let _ = tell_states.await;
    match outcome {
        Ok(()) => Outcome::Done,
        Err(error) => Outcome::Failed(error),
    }
}

async fn events(args: &Args, client: &Client, printer: Printer) -> Result<(), Error> {
    client.connect().await?;
    // A project's stream has what belongs to the project, and ends with it; the client's has what belongs to none.
    let mut streams = stream::SelectAll::new();
    let unattributed = client.events().filter(|event| {
        let wanted = !event.as_ref().is_ok_and(|event| event.project_id().is_some());
        async move { wanted }
    });
    streams.push(unattributed.boxed());
    for id in &args.projects {
        let project = match &args.after {
            Some(cursor) => client.join_after(id.as_str(), cursor.clone()).await?,
            None => client.join(id.as_str()).await?,
        };
        let attributed = project.events().filter(|event| {
            let wanted = event.as_ref().map_or(true, |event| event.project_id().is_some());
            async move { wanted }
        });
        streams.push(attributed.boxed());
    }
    let mut left = args.count;
    while let Some(event) = streams.next().await {
        let event = event?;
        if !printer.event(&event) {
            return Ok(());
        }
        // Notices of losses are printed, but nobody asked for so many of them.
        if !matches!(event, Event::Gap(_) | Event::Lagged(_)) {
            left = left.map(|left| left - 1);
        }
        if left == Some(0) {
            return Ok(());
        }
    }
    Ok(())
}
