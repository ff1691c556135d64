//! Connects, joins, and passes every event to the printer.

use std::pin::pin;

use automoderate::{Client, Error, Event, EventStream};
use futures_util::{Stream, StreamExt, stream};

use crate::{
    args::Args,
    exit::{self, Outcome},
    print::Printer,
};

/// Follows the projects until enough events have arrived, or an error or a signal ends it.
pub(crate) async fn follow(args: &Args, printer: Printer) -> Outcome {
    let client = match args.client() {
        Ok(client) => client,
        Err(error) => return printer.finish(Outcome::Failed(error)).await,
    };
    let mut states = client.state_changes();
    let (told, teller) = (client.clone(), printer.clone());
    let tell_states = tokio::spawn(async move {
        while let Some(state) = states.next().await {
            teller.state(&state, told.url());
        }
    });
    let outcome = tokio::select! {
        // Biased, so that an error caused by a signal does not overtake the signal.
        biased;
        () = exit::signal() => Outcome::Interrupted,
        outcome = all_written(args, &client, &printer) => outcome.map_or_else(Outcome::Failed, |()| Outcome::Done),
    };
    // Tells the server, and prints the last states too.
    client.close().await;
    let _ = tell_states.await;
    printer.finish(outcome).await
}

async fn all_written(args: &Args, client: &Client, printer: &Printer) -> Result<(), Error> {
    let outcome = events(args, client, printer).await;
    printer.written().await;
    outcome
}

async fn events(args: &Args, client: &Client, printer: &Printer) -> Result<(), Error> {
    client.connect().await?;
    // A project's stream has the project's events, and ends with it; the client's stream has events without a project.
    let mut streams = stream::SelectAll::new();
    streams.push(only(client.events(), false).boxed());
    let joins = stream::iter(&args.projects).then(|id| async move {
        match &args.after {
            Some(cursor) => client.join_after(id.as_str(), cursor.clone()).await,
            None => client.join(id.as_str()).await,
        }
    });
    let mut joins = pin!(joins.fuse());
    let mut gone = pin!(printer.gone());
    let mut left = args.count;
    loop {
        let event = tokio::select! {
            // Events of the first projects do not wait until the last one is joined.
            Some(project) = joins.next() => {
                streams.push(only(project?.events(), true).boxed());
                continue;
            }
            () = &mut gone => return Ok(()),
            event = streams.next() => match event {
                Some(event) => event?,
                None => return Ok(()),
            },
        };
        if !printer.event(&event).await {
            return Ok(());
        }
        // Notices of loss are printed, but don't count.
        if !matches!(event, Event::Gap(_) | Event::Lagged(_)) {
            left = left.map(|left| left - 1);
        }
        if left == Some(0) {
            return Ok(());
        }
    }
}

/// The events of a stream that belong to a project, or to none; and its end.
fn only(events: EventStream, attributed: bool) -> impl Stream<Item = Result<Event, Error>> {
    events.filter(move |event| {
        let wanted = event.as_ref().map_or(true, |event| event.project_id().is_some() == attributed);
        async move { wanted }
    })
}
