//! Readers that use this SDK with all of its features.

use std::hint::black_box;

use automoderate::{Client, Event, ModerationUpdate, Project};

use crate::{
    EventLog,
    usage::{Cost, CostMeter},
};

/// Reads one event at a time.
pub(crate) fn read(port: u16, log: EventLog, events: usize) -> Cost {
    measure(port, log, async |project, meter| {
        let mut stream = project.events();
        let mut seen = 0;
        while seen < events {
            let event = stream.next().await.expect("the stream continues").expect("no error");
            meter.start();
            check_event(&event, &mut seen, log);
        }
        seen
    })
}

/// Reads up to 256 available events with each call.
pub(crate) fn read_batches(port: u16, log: EventLog, events: usize) -> Cost {
    measure(port, log, async |project, meter| {
        let mut stream = project.events();
        let mut seen = 0;
        while seen < events {
            let batch = stream.next_batch(256).await.expect("no error");
            meter.start();
            for event in &batch {
                check_event(event, &mut seen, log);
            }
        }
        seen
    })
}

/// Measures a client that runs on a single thread, like the hand-written loop.
fn measure(port: u16, log: EventLog, read: impl AsyncFnOnce(Project, &mut CostMeter) -> usize) -> Cost {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let url = format!("http://127.0.0.1:{port}");
        let client = Client::builder(url).connect().await.expect("a connection");
        let project = client.join(log.project_id()).await.expect("a project");
        let mut meter = CostMeter::default();
        let seen = read(project, &mut meter).await;
        let cost = meter.stop(seen);
        client.close().await;
        cost
    })
}

fn check_event(event: &Event, seen: &mut usize, log: EventLog) {
    let Event::ModerationUpdate(update) = event else { panic!("{event:?} after {seen} events") };
    *seen += 1;
    if log == EventLog::Present {
        assert_eq!(update.meta.event_id, Some(*seen as u64), "ids must be consecutive");
    }
    read_fields(update);
}

fn read_fields(update: &ModerationUpdate) {
    let texts = [&update.content_id, &update.content_preview];
    black_box(texts.iter().map(|text| text.len()).sum::<usize>());
    black_box(update.project_id.as_ref().map(|id| id.as_str().len()));
    black_box((&update.status, &update.content_type, &update.moderator_type));
    black_box((update.moderator_name.as_ref().map(String::len), update.rule_name.as_ref().map(String::len)));
    black_box(update.timestamp.as_str().len());
    black_box(update.meta_data.as_ref().map(|raw| raw.as_str().len()));
    black_box((update.results_count, update.processing_time, update.meta.event_id, update.meta.received_at));
}
