//! Follows projects: connects, joins, and passes every event to the printer.

use std::pin::pin;

use automoderate::{Client, Error, Event, EventStream};
use futures_util::{Stream, StreamExt, stream};

use crate::{
    args::Args,
    exit::{self, Outcome},
    print::Printer,
};

/// Follows the projects until enough events have arrived, an error occurs, a signal arrives, or stdout is closed or
/// can't be written to.
pub(crate) async fn follow(args: &Args, printer: Printer) -> Outcome {
    let client = match args.create_client() {
        Ok(client) => client,
        Err(error) => return printer.print_outcome_and_flush(Outcome::Failed(error)).await,
    };
    let mut states = client.state_changes();
    let (state_client, state_printer) = (client.clone(), printer.clone());
    let print_states = tokio::spawn(async move {
        while let Some(state) = states.next().await {
            state_printer.print_state(&state, state_client.url());
        }
    });
    let outcome = tokio::select! {
        // Biased, so that a signal takes precedence over an error that it causes.
        biased;
        () = exit::wait_for_signal() => Outcome::Interrupted,
        outcome = follow_and_flush(args, &client, &printer) => outcome.map_or_else(Outcome::Failed, |()| Outcome::Done),
    };
    // Closing prints the final states.
    client.close().await;
    let _ = print_states.await;
    printer.print_outcome_and_flush(outcome).await
}

async fn follow_and_flush(args: &Args, client: &Client, printer: &Printer) -> Result<(), Error> {
    let outcome = print_events(args, client, printer).await;
    printer.flush_events().await;
    outcome
}

async fn print_events(args: &Args, client: &Client, printer: &Printer) -> Result<(), Error> {
    client.connect().await?;
    // Each project's stream yields the project's events and the error that ended the stream. Of the events in the
    // client's stream, only those without a project are taken.
    let mut streams = stream::SelectAll::new();
    streams.push(filter_by_project_presence(client.events(), false).boxed());
    let joins = stream::iter(&args.projects).then(|id| async move {
        match &args.after {
            Some(cursor) => client.join_after(id.as_str(), cursor.clone()).await,
            None => client.join(id.as_str()).await,
        }
    });
    let mut joins = pin!(joins.fuse());
    let mut output_closed = pin!(printer.wait_until_output_closed());
    let mut remaining = args.count;
    loop {
        let event = tokio::select! {
            // Joining is interleaved with reading, so that events of the first projects are printed at once.
            Some(project) = joins.next() => {
                streams.push(filter_by_project_presence(project?.events(), true).boxed());
                continue;
            }
            () = &mut output_closed => return Ok(()),
            event = streams.next() => match event {
                Some(event) => event?,
                None => return Ok(()),
            },
        };
        if !printer.print_event(&event).await {
            return Ok(());
        }
        // Notices of missing events are printed but not counted.
        if !matches!(event, Event::Gap(_) | Event::Lagged(_)) {
            remaining = remaining.map(|remaining| remaining - 1);
        }
        if remaining == Some(0) {
            return Ok(());
        }
    }
}

/// Filters a stream for events with a project, or without one. Errors always pass.
fn filter_by_project_presence(events: EventStream, has_project: bool) -> impl Stream<Item = Result<Event, Error>> {
    events.filter(move |event| {
        let wanted = event.as_ref().map_or(true, |event| event.project_id().is_some() == has_project);
        async move { wanted }
    })
}
