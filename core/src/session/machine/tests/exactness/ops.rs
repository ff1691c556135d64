//! Actions of users, the server and the network, in any order.

use proptest::prelude::*;

use super::PROJECTS;

#[derive(Debug, Clone)]
pub(super) enum Op {
    Publish(usize, u8),
    PublishStats(usize),
    /// The server handles the frames that it has received.
    Serve,
    /// The network carries this many frames.
    Carry(u8),
    /// Faults of a broker behind the server, which affect only live events.
    DropLive(usize),
    DoubleLive(usize),
    Swap(usize),
    Cut,
    /// A new connection, if one is wanted.
    Greet,
    Refuse,
    Leave(usize),
    /// A join, after a known cursor or from now on.
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
