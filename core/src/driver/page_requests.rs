//! Forwarding of the readers' page requests and capacities to the machine.

use crate::{
    delivery::Hub,
    session::{Command, Input, Machine, Now},
};

/// Passes the readers' page requests and capacities to the machine. Returns `true` if there were any.
pub(crate) fn forward_page_requests_and_capacities(machine: &mut Machine, hub: &Hub, now: Now) -> bool {
    let pages = hub.page_requests().into_iter().map(Command::RequestPage);
    let projects = machine.projects_awaiting_capacity().to_vec();
    let capacities = projects.into_iter().filter_map(|project| {
        let events = hub.fastest_reader_page_capacity(&project)?;
        Some(Command::ReaderCapacity { project, events })
    });
    let commands: Vec<_> = pages.chain(capacities).collect();
    let any = !commands.is_empty();
    for command in commands {
        machine.handle(now, Input::Command(command));
    }
    any
}
