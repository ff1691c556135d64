//! Attacks on the real server, each while another tenant submits and reads: the tenant must not notice.
//!
//! The server, the attacker and the tenant are three processes. The attacker runs with `nice` 19, so that it takes the processor time
//! which the other two leave: what is measured is the harm to the server, not the lack of processors for the tenant's client.
//! Every attack has a server and a database of its own. The attacker has an account, a project and a key, and up to 250 addresses.
//!
//! `cargo test` gives each attack one second. `make hostile` gives each ten, on an optimised server, checks the tail of the
//! latencies too, and prints the table of `docs/security.md`. A word on the command line chooses the attacks whose names have it.
#![allow(clippy::unwrap_used, reason = "a failed unwrap ends the run")]
#![allow(clippy::cast_precision_loss, reason = "figures for people")]

mod account;
mod attacker;
mod attacks;
mod line;
mod server;
mod tenant;
mod verdict;

use std::process::{ExitCode, Stdio};
use std::time::Duration;

use tokio::io::AsyncWriteExt as _;
use tokio::process::Command;
use tokio::time::{Instant, sleep, timeout};

use attacker::{Order, Target};
use attacks::Attack;
use server::Server;
use tenant::Tenant;
use verdict::{Judges, Run};

/// The variable that makes a process the attacker, and names its attack.
const ROLE: &str = "HOSTILE_ATTACK";
/// The attacker ends by itself; later than this after its time it hangs.
const OVERTIME: Duration = Duration::from_secs(20);

/// The length of a run, and its criteria.
#[derive(Debug, Clone, Copy)]
struct Plan {
    alone: Duration,
    attack: Duration,
    /// Latencies decide only on a machine that is not busy with other things.
    judges: Judges,
}

impl Plan {
    fn of_environment() -> Self {
        let is_long = std::env::var_os("HOSTILE_LONG").is_some();
        let judges = match (is_busy(), is_long) {
            (true, _) => Judges::Harm,
            (false, false) => Judges::Life,
            (false, true) => Judges::Latencies,
        };
        if is_long {
            Self { alone: Duration::from_secs(5), attack: Duration::from_secs(10), judges }
        } else {
            Self { alone: Duration::from_millis(300), attack: Duration::from_secs(1), judges }
        }
    }
}

/// More than one processor's worth of other programs ran in the last minute.
fn is_busy() -> bool {
    let load = std::fs::read_to_string("/proc/loadavg").unwrap();
    let load: f64 = load.split(' ').next().unwrap().parse().unwrap();
    load > 1.5
}

fn main() -> ExitCode {
    if let Ok(name) = std::env::var(ROLE) {
        attacker::run(&name);
        return ExitCode::SUCCESS;
    }
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if arguments.iter().any(|argument| argument == "--list") {
        return ExitCode::SUCCESS;
    }
    let words: Vec<_> = arguments.iter().filter(|argument| !argument.starts_with('-')).collect();
    let chosen = |attack: &&Attack| words.is_empty() || words.iter().any(|word| attack.name.contains(word.as_str()));
    let chosen: Vec<_> = attacks::ALL.iter().filter(chosen).collect();
    if chosen.is_empty() {
        return ExitCode::SUCCESS;
    }
    let _ = rustls::crypto::ring::default_provider().install_default();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(all(&chosen, Plan::of_environment()))
}

async fn all(chosen: &[&Attack], plan: Plan) -> ExitCode {
    if plan.judges == Judges::Harm {
        println!("The machine is busy with other things: latencies are shown, and not judged.\n");
    }
    println!("{}", verdict::HEAD);
    let mut complaints = Vec::new();
    for attack in chosen {
        let run = one(attack, plan).await;
        println!("{}", run.row());
        complaints.extend(run.complaints(plan.judges));
    }
    for complaint in &complaints {
        eprintln!("FAILED: {complaint}");
    }
    if complaints.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

async fn one(attack: &Attack, plan: Plan) -> Run {
    let server = Server::start().await;
    let target = account::prepare(&server).await;
    let tenant = Tenant::start(&server).await;
    let start = Instant::now();
    sleep(plan.alone).await;
    let quiet = server.usage();
    server.forget_peak();
    let begin = Instant::now();
    let tally = attacked(attack.name, target, plan.attack).await;
    let end = Instant::now();
    let record = tenant.stop().await;
    let (alone, during) = (record.within(start..begin), record.within(begin..end));
    let after = server.usage();
    let late = record.within(end..Instant::now()).errors;
    Run { attack: attack.name, alone, during, late, quiet, after, tally, log: server.stop().await }
}

/// Runs the attack in a process of its own, and returns what it has come to.
async fn attacked(name: &str, target: Target, time: Duration) -> attacker::Tally {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .env(ROLE, name)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let order = serde_json::to_vec(&Order { target, millis: u64::try_from(time.as_millis()).unwrap() }).unwrap();
    child.stdin.take().unwrap().write_all(&order).await.unwrap();
    let output = timeout(time + OVERTIME, child.wait_with_output()).await.expect("the attacker ends").unwrap();
    serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{name}: the attacker failed"))
}
