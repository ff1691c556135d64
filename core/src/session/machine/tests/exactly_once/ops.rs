//! Random actions of the user, the server and the network.

use proptest::prelude::*;

use super::PROJECTS;

#[derive(Debug, Clone)]
pub(super) enum LogOp {
    Publish(usize, u8),
    PublishStats(usize),
    /// Lets the server handle the frames that it has received.
    HandleRequests,
    /// Lets the network carry this many frames to the client.
    DeliverFrames(u8),
    /// Drops a live event, as a broker behind the server may.
    DropLive(usize),
    /// Delivers a live event twice.
    DuplicateLive(usize),
    /// Swaps a live event with the next frame.
    SwapLive(usize),
    DropConnection,
    /// Opens a new connection if an attempt is in progress.
    CompleteHandshake,
    FailDial,
    Leave(usize),
    /// Joins a project. If the flag is true, the client resumes after the last known cursor.
    Join(usize, bool),
    ExpireEvents(usize, u8),
    RecreateLog(usize, u8),
    RunFor(u64),
    AdvanceAtOnce(u64),
}

pub(super) fn any_op() -> impl Strategy<Value = LogOp> {
    let project = || 0..PROJECTS.len();
    prop_oneof![
        12 => (project(), 1u8..6).prop_map(|(project, count)| LogOp::Publish(project, count)),
        2 => project().prop_map(LogOp::PublishStats),
        12 => Just(LogOp::HandleRequests),
        14 => (1u8..12).prop_map(LogOp::DeliverFrames),
        3 => any::<usize>().prop_map(LogOp::DropLive),
        3 => any::<usize>().prop_map(LogOp::DuplicateLive),
        4 => any::<usize>().prop_map(LogOp::SwapLive),
        2 => Just(LogOp::DropConnection),
        6 => Just(LogOp::CompleteHandshake),
        1 => Just(LogOp::FailDial),
        1 => project().prop_map(LogOp::Leave),
        2 => (project(), any::<bool>()).prop_map(|(project, from_last_cursor)| LogOp::Join(project, from_last_cursor)),
        1 => (project(), 1u8..6).prop_map(|(project, count)| LogOp::ExpireEvents(project, count)),
        1 => (project(), 0u8..6).prop_map(|(project, count)| LogOp::RecreateLog(project, count)),
        8 => (0u64..2_000).prop_map(LogOp::RunFor),
        1 => prop_oneof![0u64..2_000, 0u64..4_000_000].prop_map(LogOp::AdvanceAtOnce),
    ]
}
