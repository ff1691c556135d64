//! Actions that a simulation schedules.

use std::time::Duration;

use tokio::sync::oneshot;

use super::{
    network::Side,
    plans::ReaderPlan,
    rest_backfills::RestQuery,
    server::{ClientRequest, LiveEvent},
};
use crate::{Error, rest::ResponseBody};

/// Scheduled action. Unless stated otherwise, the numbers in a variant identify a client and its run, or a
/// connection.
#[derive(Debug)]
pub(super) enum ScheduledAction {
    /// A timer of a client fires.
    Timer(usize, u64),
    /// A client's connection attempt ends.
    Dialed {
        client: usize,
        run_number: u64,
        attempt: u64,
        node: usize,
        fails: bool,
    },
    /// Frames arrive at one side of a connection.
    DeliverFrames(u64, Side),
    /// One side of a connection notices that the connection has closed.
    NoticeClosed(u64, Side),
    SendPing(u64),
    /// The server handles a client's request.
    HandleRequest(u64, ClientRequest),
    SendFrames(u64, Vec<String>),
    /// An event of the project with this number is published. The flag is set if the event must be of a kind that the
    /// log keeps.
    Publish(usize, bool),
    /// A live event reaches the server's sockets.
    Broadcast(LiveEvent),
    /// The server decides on an item of a project without a log. The numbers identify the project and the item.
    DecideContent(usize, usize, &'static str),
    /// The server closes a connection that it has just accepted. The flag is set if the server sends a DISCONNECT
    /// first.
    DropConnection(u64, bool),
    /// A program emits an event that the server does not know.
    EmitCustomEvent(usize, u64),
    /// A program replaces a stream that it dropped or that ended because its reader was too slow. The last number
    /// identifies the project; `None` stands for a stream of all projects.
    ReopenStream(usize, u64, ReaderPlan, Option<usize>),
    /// A client's computer wakes up after sleeping for this time.
    EndSleep(usize, Duration),
    /// The checks after a client's wake-up are due. The last number identifies the wake-up.
    CheckWakeUp(usize, u64, u64),
    /// A flagged item of the project with this number is reviewed.
    ReviewContent(usize),
    StartServer,
    /// The node with this number starts.
    StartNode(usize),
    /// A REST request of a client's backfill arrives at the server.
    RestRequestArrived {
        client: usize,
        run_number: u64,
        backfill: u64,
        query: RestQuery,
        reply: oneshot::Sender<Result<ResponseBody, Error>>,
    },
    /// The response to a backfill's REST request arrives at the client.
    RestResponseArrived {
        client: usize,
        run_number: u64,
        backfill: u64,
        reply: oneshot::Sender<Result<ResponseBody, Error>>,
        response: Result<ResponseBody, Error>,
    },
    StartProgram(usize),
    RestartProgram {
        client: usize,
        run_number: u64,
        down: Duration,
    },
    /// A program joins a project. The last number identifies the project.
    Join(usize, u64, usize),
    /// A reader takes events from its stream. The last number identifies the reader.
    RunReader(usize, u64, u64),
    InjectFault,
    /// The sizes of the clients' tables and queues are measured.
    MeasureEntryCount,
    /// The fault phase ends.
    EndFaults,
    CheckCompletion,
}
