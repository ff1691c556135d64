//! Toolchains, servers, and packages that steps need. For each of these needs, a `setup.sh` fetches what is not installed.

use std::collections::BTreeMap;

use anyhow::{Result, bail};
use xshell::cmd;

use crate::workspace::Workspace;

/// Variables that setup scripts have printed.
pub(crate) type Environment = BTreeMap<String, String>;

/// The kind of output that a setup script prints.
#[derive(Debug, Clone, Copy)]
enum ScriptOutput {
    /// Output that is ignored.
    Nothing,
    /// `KEY=VALUE` pairs, separated by whitespace.
    Variables,
    /// A single value, which is stored in the variable of this name.
    Value(&'static str),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Need {
    Chromium,
    Kotlin,
    NodePackages,
    NodeReference,
    Postgres,
    Prometheus,
    PythonEnvironment,
    PythonReference,
    Redis,
    Schemathesis,
    ServerPeers,
    StandIns,
    StockClients,
    Swift,
    Valgrind,
}

use Need::{
    Chromium, Kotlin, NodePackages, NodeReference, Postgres, Prometheus, PythonEnvironment, PythonReference, Redis,
    Schemathesis, ServerPeers, StandIns, StockClients, Swift, Valgrind,
};

/// The needs of `make test`, in the order in which they are fetched.
const NEEDS_OF_TESTS: [Need; 13] = [
    PythonReference,
    Postgres,
    StandIns,
    StockClients,
    Redis,
    Prometheus,
    Schemathesis,
    Swift,
    PythonEnvironment,
    NodeReference,
    NodePackages,
    Chromium,
    Kotlin,
];

impl Need {
    /// Returns the name for messages, the setup script with its arguments, and the kind of output that the script prints.
    fn setup(self) -> (&'static str, &'static [&'static str], ScriptOutput) {
        match self {
            Chromium => {
                ("Chromium and the dashboard's packages", &["server-ref/dashboard/setup.sh"], ScriptOutput::Nothing)
            }
            Kotlin => (
                "Java and Kotlin's compiler",
                &["bindings-swift/Kotlin/setup.sh"],
                ScriptOutput::Value("KOTLIN_LIBRARIES"),
            ),
            NodePackages => ("the Node packages", &["bindings-node/setup.sh"], ScriptOutput::Nothing),
            NodeReference => ("TypeDoc", &["docs/reference/setup.sh", "node"], ScriptOutput::Nothing),
            Postgres => ("PostgreSQL", &["server-ref/tests/postgres/setup.sh"], ScriptOutput::Variables),
            Prometheus => ("Prometheus", &["server-ref/tests/prometheus/setup.sh"], ScriptOutput::Variables),
            PythonEnvironment => {
                ("the Python environment", &["bindings-python/setup.sh"], ScriptOutput::Value("PYTHON_ENVIRONMENT"))
            }
            PythonReference => {
                ("pdoc, typos and shellcheck", &["docs/reference/setup.sh", "python"], ScriptOutput::Nothing)
            }
            Redis => ("Redis", &["server-ref/tests/redis/setup.sh"], ScriptOutput::Variables),
            Schemathesis => ("Schemathesis", &["server-ref/tests/schema/setup.sh"], ScriptOutput::Variables),
            ServerPeers => (
                "other servers for comparison",
                &["server-ref/benches/reference/peers/setup.sh"],
                ScriptOutput::Variables,
            ),
            StandIns => (
                "Flask-SocketIO, python-socketio and npm socket.io",
                &["core/tests/standins/setup.sh"],
                ScriptOutput::Variables,
            ),
            StockClients => ("rust_socketio", &["server-ref/tests/stock/setup.sh"], ScriptOutput::Variables),
            Swift => ("Swift", &["bindings-swift/setup.sh"], ScriptOutput::Value("SWIFT_RUN")),
            Valgrind => ("Valgrind and its runner", &["core/benches/instructions/setup.sh"], ScriptOutput::Variables),
        }
    }

    pub(crate) fn name(self) -> &'static str {
        self.setup().0
    }

    /// Runs the setup script, which fetches what is missing, and returns the variables that it printed.
    pub(crate) fn set_up(self, workspace: &Workspace) -> Result<Environment> {
        let (_, command, printed) = self.setup();
        let (script, arguments) = (command[0], &command[1..]);
        let text = workspace.read(cmd!(workspace.shell, "{script} {arguments...}"))?;
        Ok(match printed {
            ScriptOutput::Nothing => Environment::new(),
            ScriptOutput::Value(name) => Environment::from([(name.to_owned(), text)]),
            ScriptOutput::Variables => parse_variables(&text),
        })
    }
}

fn parse_variables(text: &str) -> Environment {
    text.split_whitespace()
        .filter_map(|word| word.split_once('='))
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
}

/// Sets up all needs of a step. Returns `None` if a need is unavailable and the step must be skipped.
///
/// # Errors
///
/// On CI, an unavailable need is an error.
pub(crate) fn set_up(workspace: &Workspace, step: &str, needs: &[Need]) -> Result<Option<Environment>> {
    let mut environment = Environment::new();
    for need in needs {
        match need.set_up(workspace) {
            Ok(variables) => environment.extend(variables),
            Err(error) if Workspace::is_on_ci() => {
                return Err(error.context(format!("{step} needs {}, whose setup failed", need.name())));
            }
            Err(error) => {
                eprintln!("SKIPPED: {step}, because the setup of {} failed: {error:#}", need.name());
                return Ok(None);
            }
        }
    }
    Ok(Some(environment))
}

/// Sets up the needs of all tests, one after another, and reports all failures at the end.
pub(crate) fn fetch(workspace: &Workspace) -> Result<()> {
    let mut failed = Vec::new();
    for need in NEEDS_OF_TESTS {
        println!("{}", need.name());
        if let Err(error) = need.set_up(workspace) {
            eprintln!("{error:#}");
            failed.push(need.name());
        }
    }
    if !failed.is_empty() {
        bail!("not available here: {}", failed.join(", "));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_are_separated_by_lines_or_spaces() {
        let expected = Environment::from([("A".to_owned(), "1".to_owned()), ("B".to_owned(), "/x=y".to_owned())]);
        assert_eq!(parse_variables("A=1\nB=/x=y\n"), expected);
        assert_eq!(parse_variables("A=1 B=/x=y"), expected);
    }
}
