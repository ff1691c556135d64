//! The documentation and the API references, built as a site.

use anyhow::Result;
use xshell::cmd;

use crate::need::{
    Environment,
    Need::{NodeReference, PythonEnvironment, PythonReference, Swift},
};
use crate::step::Step;
use crate::workspace::Workspace;

const MDBOOK_VERSION: &str = "0.5.4";

const REFERENCE_STEPS: &[Step] = &[
    Step { name: "the Rust reference", about: "", needs: &[], run: |workspace, _| build_reference(workspace, "rust") },
    Step {
        name: "the Python reference",
        about: "",
        needs: &[PythonEnvironment, PythonReference],
        run: build_python_reference,
    },
    Step {
        name: "the Node reference",
        about: "",
        needs: &[NodeReference],
        run: |workspace, _| build_reference(workspace, "node"),
    },
    Step {
        name: "the Swift reference",
        about: "",
        needs: &[Swift],
        run: |workspace, _| build_reference(workspace, "swift"),
    },
];

pub(crate) fn build_site(workspace: &Workspace) -> Result<()> {
    let mdbook = ".cache/mdbook/bin/mdbook";
    let version = workspace.read(cmd!(workspace.shell, "{mdbook} --version").ignore_stderr()).unwrap_or_default();
    if !version.ends_with(&format!("v{MDBOOK_VERSION}")) {
        workspace.run(cmd!(
            workspace.shell,
            "cargo install --quiet --locked --root .cache/mdbook mdbook@{MDBOOK_VERSION}"
        ))?;
    }
    workspace.run(cmd!(workspace.shell, "{mdbook} build docs"))?;
    for folder in ["check", "reference"] {
        workspace.shell.remove_path(workspace.root.join("target/book").join(folder))?;
    }
    for step in REFERENCE_STEPS {
        step.run(workspace)?;
    }
    println!("target/book/index.html");
    Ok(())
}

fn build_python_reference(workspace: &Workspace, environment: &Environment) -> Result<()> {
    let folder = &environment["PYTHON_ENVIRONMENT"];
    let path = format!("{folder}/bin:{}", workspace.shell.var("PATH")?);
    workspace.run(
        cmd!(workspace.shell, "maturin develop --quiet -m bindings-python/Cargo.toml")
            .env("VIRTUAL_ENV", folder)
            .env("PATH", path),
    )?;
    build_reference(workspace, "python")
}

fn build_reference(workspace: &Workspace, language: &str) -> Result<()> {
    workspace.run(cmd!(workspace.shell, "docs/reference/make.sh {language} target/book/api/{language}"))
}
