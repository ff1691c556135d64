//! Random actions of the user, the server and the network.

use proptest::prelude::*;

use super::PROJECTS;

#[derive(Debug, Clone)]
pub(super) enum Op {
    Publish(usize, u8),
    PublishStats(usize),
    /// Lets the server handle the frames that it has received.
    Serve,
    /// Lets the network carry this many frames to the client.
    Carry(u8),
    /// Drops a live event, as a broker behind the server may.
    DropLive(usize),
    /// Delivers a live event twice.
    DoubleLive(usize),
    /// Swaps a live event with the next frame.
    Swap(usize),
    Cut,
    /// Opens a new connection, if an attempt is in progress.
    Greet,
    Refuse,
    Leave(usize),
    /// Joins a project, after its last known cursor if the flag is true.
    Join(usize, bool),
    Forget(usize, u8),
    NewLog(usize, u8),
    Run(u64),
    Jump(u64),
}

pub(super) fn ops() -> impl Strategy<Value = Op> {
    let project = || 0..PROJECTS.len();
    prop_oneof![
        12 => (project(), 1u8..6).prop_map(|(project, count)| Op::Publish(project, count)),
        2 => project().prop_map(Op::PublishStats),
        12 => Just(Op::Serve),
        14 => (1u8..12).prop_map(Op::Carry),
        3 => any::<usize>().prop_map(Op::DropLive),
        3 => any::<usize>().prop_map(Op::DoubleLive),
        4 => any::<usize>().prop_map(Op::Swap),
        2 => Just(Op::Cut),
        6 => Just(Op::Greet),
        1 => Just(Op::Refuse),
        1 => project().prop_map(Op::Leave),
        2 => (project(), any::<bool>()).prop_map(|(project, behind)| Op::Join(project, behind)),
        1 => (project(), 1u8..6).prop_map(|(project, count)| Op::Forget(project, count)),
        1 => (project(), 0u8..6).prop_map(|(project, count)| Op::NewLog(project, count)),
        8 => (0u64..2_000).prop_map(Op::Run),
        1 => prop_oneof![0u64..2_000, 0u64..4_000_000].prop_map(Op::Jump),
    ]
}
