//! Toolchains, servers and packages that tests need. A `setup.sh` next to those tests fetches each, and does nothing when it is there.

use std::collections::BTreeMap;

use anyhow::{Result, bail};
use xshell::cmd;

use crate::workspace::Workspace;

/// The variables that the setup scripts have printed.
pub(crate) type Environment = BTreeMap<String, String>;

/// The output of a setup script.
#[derive(Debug, Clone, Copy)]
enum Printed {
    /// Nothing of interest.
    Nothing,
    /// Lines of `KEY=VALUE`.
    Variables,
    /// One value, which becomes the variable of this name.
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

/// In the order in which `make test` needs them.
const OF_THE_TESTS: [Need; 13] = [
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
    /// The name in messages, the script with its arguments, and what that prints.
    fn setup(self) -> (&'static str, &'static [&'static str], Printed) {
        match self {
            Chromium => ("Chromium and the dashboard's packages", &["server-ref/dashboard/setup.sh"], Printed::Nothing),
            Kotlin => {
                ("Java and Kotlin's compiler", &["bindings-swift/Kotlin/setup.sh"], Printed::Value("KOTLIN_LIBRARIES"))
            }
            NodePackages => ("the Node packages", &["bindings-node/setup.sh"], Printed::Nothing),
            NodeReference => ("TypeDoc", &["docs/reference/setup.sh", "node"], Printed::Nothing),
            Postgres => ("PostgreSQL", &["server-ref/tests/postgres/setup.sh"], Printed::Variables),
            Prometheus => ("Prometheus", &["server-ref/tests/prometheus/setup.sh"], Printed::Variables),
            PythonEnvironment => {
                ("the Python environment", &["bindings-python/setup.sh"], Printed::Value("PYTHON_ENVIRONMENT"))
            }
            PythonReference => ("pdoc, typos and shellcheck", &["docs/reference/setup.sh", "python"], Printed::Nothing),
            Redis => ("Redis", &["server-ref/tests/redis/setup.sh"], Printed::Variables),
            Schemathesis => ("Schemathesis", &["server-ref/tests/schema/setup.sh"], Printed::Variables),
            ServerPeers => {
                ("other servers to compare with", &["server-ref/benches/reference/peers/setup.sh"], Printed::Variables)
            }
            StandIns => (
                "Flask-SocketIO, python-socketio and npm socket.io",
                &["core/tests/standins/setup.sh"],
                Printed::Variables,
            ),
            StockClients => ("rust_socketio", &["server-ref/tests/stock/setup.sh"], Printed::Variables),
            Swift => ("Swift", &["bindings-swift/setup.sh"], Printed::Value("SWIFT_RUN")),
            Valgrind => ("Valgrind and its runner", &["core/benches/instructions/setup.sh"], Printed::Variables),
        }
    }

    pub(crate) fn name(self) -> &'static str {
        self.setup().0
    }

    /// Fetches it, unless it is there.
    pub(crate) fn set_up(self, workspace: &Workspace) -> Result<Environment> {
        let (_, command, printed) = self.setup();
        let (script, arguments) = (command[0], &command[1..]);
        let text = workspace.read(cmd!(workspace.shell, "{script} {arguments...}"))?;
        Ok(match printed {
            Printed::Nothing => Environment::new(),
            Printed::Value(name) => Environment::from([(name.to_owned(), text)]),
            Printed::Variables => variables(&text),
        })
    }
}

fn variables(text: &str) -> Environment {
    text.split_whitespace()
        .filter_map(|word| word.split_once('='))
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
}

/// Sets up all needs of a step. `None`: something is not available here, and the step is skipped; under CI that is an error.
pub(crate) fn set_up(workspace: &Workspace, step: &str, needs: &[Need]) -> Result<Option<Environment>> {
    let mut environment = Environment::new();
    for need in needs {
        match need.set_up(workspace) {
            Ok(variables) => environment.extend(variables),
            Err(error) if Workspace::on_ci() => {
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

/// Sets up every need of the tests, one after another. A failure is reported at the end and stops none of the others.
pub(crate) fn fetch(workspace: &Workspace) -> Result<()> {
    let mut failed = Vec::new();
    for need in OF_THE_TESTS {
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
    fn a_setup_script_prints_variables_in_lines_or_in_one() {
        let expected = Environment::from([("A".to_owned(), "1".to_owned()), ("B".to_owned(), "/x=y".to_owned())]);
        assert_eq!(variables("A=1\nB=/x=y\n"), expected);
        assert_eq!(variables("A=1 B=/x=y"), expected);
    }
}
