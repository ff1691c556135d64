//! The faults.

use std::path::Path;
use std::time::Duration;

use tokio::time::sleep;

use crate::relay::{Mode, Relay};
use crate::server::Program;

/// One kind of fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// Nothing.
    None,
    /// Connections end with a FIN; new ones are refused for half a second.
    Cut,
    /// The same with a RST.
    Reset,
    /// Connections go silent for good, as when a NAT forgets them; new ones work.
    Silence,
    /// Nothing passes for 3 seconds, then everything does.
    Stall,
    /// One byte that the server sends is changed.
    Corruption,
    /// `kill -9`, and a new start on the same database.
    Kill,
    /// SIGTERM, and a new start.
    Restart,
    /// The server's process is stopped for 3 seconds.
    Freeze,
}

pub(crate) const ALL: [Fault; 9] = [
    Fault::None,
    Fault::Cut,
    Fault::Reset,
    Fault::Silence,
    Fault::Stall,
    Fault::Corruption,
    Fault::Kill,
    Fault::Restart,
    Fault::Freeze,
];

const OUTAGE: Duration = Duration::from_millis(500);
const LONG: Duration = Duration::from_secs(3);

impl Fault {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Cut => "cut",
            Self::Reset => "reset",
            Self::Silence => "silence",
            Self::Stall => "stall",
            Self::Corruption => "corruption",
            Self::Kill => "kill",
            Self::Restart => "restart",
            Self::Freeze => "freeze",
        }
    }

    /// Causes the fault once, and repairs it.
    pub(crate) async fn strike<'a>(
        self,
        server: &mut Program,
        relays: impl Iterator<Item = &'a Relay> + Clone,
        folder: &Path,
    ) {
        let all = |mode: Mode| relays.clone().for_each(|relay| relay.set(mode));
        match self {
            Self::None => {}
            Self::Cut | Self::Reset => {
                all(if self == Self::Cut { Mode::Cut } else { Mode::Reset });
                sleep(OUTAGE).await;
                all(Mode::Pass);
            }
            Self::Silence => {
                all(Mode::Silence);
                for relay in relays.clone() {
                    relay.has_struck().await;
                }
                all(Mode::Pass);
            }
            Self::Stall => {
                all(Mode::Stall);
                sleep(LONG).await;
                all(Mode::Pass);
            }
            Self::Corruption => all(Mode::Corrupt),
            Self::Kill | Self::Restart => {
                let port = server.port;
                server.stop(if self == Self::Kill { "KILL" } else { "TERM" }).await;
                sleep(OUTAGE).await;
                *server = Program::start(folder, port, crate::PINGS).await;
            }
            Self::Freeze => {
                server.signal("STOP");
                sleep(LONG).await;
                server.signal("CONT");
            }
        }
    }
}
