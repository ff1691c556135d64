//! The kinds of faults, and how to cause them.

use std::path::Path;
use std::time::Duration;

use tokio::time::sleep;

use crate::relay::{FaultRelay, RelayMode};
use crate::server::DemoServer;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// No fault, for comparison with the other kinds.
    None,
    /// Connections end with a FIN, and for half a second, new connections are closed immediately.
    Cut,
    /// Connections end with a RST, and for half a second, new connections are closed immediately.
    Reset,
    /// Existing connections go silent permanently, as when a NAT forgets them, while new connections work.
    Silence,
    /// No data passes for 3 seconds; all delayed data then passes.
    Stall,
    /// For each client, one byte from the server is changed.
    Corruption,
    /// The server is killed with SIGKILL, and restarted on the same database.
    Kill,
    /// The server is stopped with SIGTERM, and restarted on the same database.
    Restart,
    /// The server's process is suspended for 3 seconds.
    Freeze,
}

pub(crate) const ALL_FAULTS: [Fault; 9] = [
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

const OUTAGE_DURATION: Duration = Duration::from_millis(500);
const FREEZE_DURATION: Duration = Duration::from_secs(3);

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

    /// Causes the fault once, and ends it if it lasts.
    pub(crate) async fn cause<'a>(
        self,
        server: &mut DemoServer,
        relays: impl Iterator<Item = &'a FaultRelay> + Clone,
        folder: &Path,
    ) {
        let all = |mode: RelayMode| relays.clone().for_each(|relay| relay.set_mode(mode));
        match self {
            Self::None => {}
            Self::Cut | Self::Reset => {
                all(if self == Self::Cut { RelayMode::Cut } else { RelayMode::Reset });
                sleep(OUTAGE_DURATION).await;
                all(RelayMode::Pass);
            }
            Self::Silence => {
                all(RelayMode::Silence);
                for relay in relays.clone() {
                    relay.wait_until_applied().await;
                }
                all(RelayMode::Pass);
            }
            Self::Stall => {
                all(RelayMode::Stall);
                sleep(FREEZE_DURATION).await;
                all(RelayMode::Pass);
            }
            Self::Corruption => all(RelayMode::Corrupt),
            Self::Kill | Self::Restart => {
                let port = server.port;
                server.stop(if self == Self::Kill { "KILL" } else { "TERM" }).await;
                sleep(OUTAGE_DURATION).await;
                *server = DemoServer::start(folder, port, crate::PING_SECONDS).await;
            }
            Self::Freeze => {
                server.signal("STOP");
                sleep(FREEZE_DURATION).await;
                server.signal("CONT");
            }
        }
    }
}
