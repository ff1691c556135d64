//! Attacks on the real server, each while another tenant submits and reads. The tenant must not notice any attack.
//!
//! The server, the attacker, and the tenant are three processes. The attacker runs with `nice` 19, so it uses only the processor
//! time that the other two processes do not need. The results therefore show harm to the server, not a lack of processors for the
//! tenant's client. Each attack has its own server and database. The attacker has an account, a project, a key, and up to 250
//! addresses.
//!
//! `cargo test` runs each attack for one second. `make hostile` runs each attack for ten seconds on an optimized server, also checks
//! the tail latencies unless the machine is busy, and prints the table for `docs/security.md`. A word on the command line selects the
//! attacks whose names contain the word.
//!
//! In the short version, an attack during which only a latency exceeds its limit runs once more, and the second run decides.
#![allow(clippy::unwrap_used, reason = "a failed unwrap ends the run")]
#![allow(clippy::cast_precision_loss, reason = "printed figures need no full precision")]

mod account;
mod attacker;
mod attacks;
mod raw_connection;
mod server;
mod tenant;
mod verdict;

use std::process::{ExitCode, Stdio};
use std::time::Duration;

use tokio::io::AsyncWriteExt as _;
use tokio::process::Command;
use tokio::time::{Instant, sleep, timeout};

use attacker::{AttackOrder, Target};
use attacks::Attack;
use server::MeasuredServer;
use tenant::Tenant;
use verdict::{AttackRun, Criteria};

/// Environment variable that makes a process run as the attacker. Its value is the name of the attack.
const ATTACK_VARIABLE: &str = "HOSTILE_ATTACK";
/// Time after the end of an attack within which the attacker must have exited.
const EXIT_TIMEOUT: Duration = Duration::from_secs(20);

/// The durations of a run's two phases, and the criteria of the run.
#[derive(Debug, Clone, Copy)]
struct RunPlan {
    time_alone: Duration,
    time_attacked: Duration,
    /// The criteria of the run, which include latencies only if the machine is otherwise idle.
    criteria: Criteria,
    /// True if an attack is repeated once when its run fails only because a latency exceeded its limit.
    may_repeat: bool,
}

impl RunPlan {
    fn from_environment() -> Self {
        let is_long = std::env::var_os("HOSTILE_LONG").is_some();
        let criteria = match (is_machine_busy(), is_long) {
            (true, _) => Criteria::Harm,
            (false, false) => Criteria::Liveness,
            (false, true) => Criteria::Latencies,
        };
        if is_long {
            Self {
                time_alone: Duration::from_secs(5),
                time_attacked: Duration::from_secs(10),
                criteria,
                may_repeat: false,
            }
        } else {
            Self {
                time_alone: Duration::from_millis(300),
                time_attacked: Duration::from_secs(1),
                criteria,
                may_repeat: true,
            }
        }
    }
}

/// Returns true if the load average of the last minute shows that other programs are running.
fn is_machine_busy() -> bool {
    let load = std::fs::read_to_string("/proc/loadavg").unwrap();
    let load: f64 = load.split(' ').next().unwrap().parse().unwrap();
    load > 1.5
}

fn main() -> ExitCode {
    if let Ok(name) = std::env::var(ATTACK_VARIABLE) {
        attacker::run_attack(&name);
        return ExitCode::SUCCESS;
    }
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if arguments.iter().any(|argument| argument == "--list") {
        return ExitCode::SUCCESS;
    }
    let words: Vec<_> = arguments.iter().filter(|argument| !argument.starts_with('-')).collect();
    let chosen = |attack: &&Attack| words.is_empty() || words.iter().any(|word| attack.name.contains(word.as_str()));
    let chosen: Vec<_> = attacks::ALL_ATTACKS.iter().filter(chosen).collect();
    if chosen.is_empty() {
        return ExitCode::SUCCESS;
    }
    let _ = rustls::crypto::ring::default_provider().install_default();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(run_all(&chosen, RunPlan::from_environment()))
}

async fn run_all(chosen: &[&Attack], plan: RunPlan) -> ExitCode {
    if plan.criteria == Criteria::Harm {
        println!("The machine is busy with other things: latencies are printed but do not decide.\n");
    }
    println!("{}", verdict::TABLE_HEAD);
    let mut complaints = Vec::new();
    for attack in chosen {
        let mut run = run_attack(attack, plan).await;
        // In a short run, a single slow answer may be due to the machine. Harm that the attack causes would show again.
        let is_only_slow = plan.may_repeat && run.failed_criteria(Criteria::Harm).is_empty();
        let slow_answers = run.failed_criteria(plan.criteria);
        if is_only_slow && !slow_answers.is_empty() {
            eprintln!("repeated: {}", slow_answers.join("; "));
            run = run_attack(attack, plan).await;
        }
        println!("{}", run.row());
        complaints.extend(run.failed_criteria(plan.criteria));
    }
    for complaint in &complaints {
        eprintln!("FAILED: {complaint}");
    }
    if complaints.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

async fn run_attack(attack: &Attack, plan: RunPlan) -> AttackRun {
    let server = MeasuredServer::start().await;
    let target = account::create_attacker_account(&server).await;
    let tenant = Tenant::start(&server).await;
    let start = Instant::now();
    sleep(plan.time_alone).await;
    let usage_before = server.usage();
    server.reset_peak_memory();
    let begin = Instant::now();
    let tally = run_attacker(attack.name, target, plan.time_attacked).await;
    let end = Instant::now();
    let record = tenant.stop().await;
    let (observed_alone, observed_during) = (record.between(start..begin), record.between(begin..end));
    let usage_after = server.usage();
    let late_errors = record.between(end..Instant::now()).errors;
    AttackRun {
        attack: attack.name,
        observed_alone,
        observed_during,
        late_errors,
        usage_before,
        usage_after,
        tally,
        server_log: server.stop().await,
    }
}

/// Runs the attack in its own process, and returns the tally.
async fn run_attacker(name: &str, target: Target, time: Duration) -> attacker::AttackTally {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .env(ATTACK_VARIABLE, name)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let order = serde_json::to_vec(&AttackOrder { target, millis: u64::try_from(time.as_millis()).unwrap() }).unwrap();
    child.stdin.take().unwrap().write_all(&order).await.unwrap();
    let output =
        timeout(time + EXIT_TIMEOUT, child.wait_with_output()).await.expect("the attacker exits in time").unwrap();
    serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{name}: the attacker failed"))
}
