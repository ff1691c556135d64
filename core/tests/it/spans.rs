//! Every log record about a client's connection is inside a span that names the client's server, so a program can
//! distinguish the records of clients that use different servers.

use std::{
    io::{self, Write},
    sync::{Arc, Mutex},
};

use automoderate::testing::Script;

use crate::common::{client_builder, connect, let_tasks_run};

/// An in-memory writer for log records.
#[derive(Clone, Default)]
struct LogBuffer(Arc<Mutex<Vec<u8>>>);

impl Write for LogBuffer {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[tokio::test(start_paused = true)]
async fn each_log_record_names_the_server() {
    let log = LogBuffer::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt().with_ansi(false).with_writer(move || writer.clone()).finish();
    let _default = tracing::subscriber::set_default(subscriber);
    let script = Script::new();
    let (client, server) = connect(client_builder(&script), &script).await;
    drop(server);
    let_tasks_run().await;
    client.close().await;
    let log = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    assert!(log.contains("automoderate::"), "nothing was logged");
    let span = format!("automoderate{{server=\"{}\"}}", client.url());
    for line in log.lines().filter(|line| line.contains("automoderate::")) {
        assert!(line.contains(&span), "{line}");
    }
}
