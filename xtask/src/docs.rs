//! The documentation and the API references as a site.

use anyhow::Result;
use xshell::cmd;

use crate::need::{
    Environment,
    Need::{NodeReference, PythonEnvironment, PythonReference, Swift},
};
use crate::step::Step;
use crate::work::Work;

const MDBOOK: &str = "0.5.4";

const REFERENCES: &[Step] = &[
    Step { name: "the Rust reference", about: "", needs: &[], run: |work, _| reference(work, "rust") },
    Step { name: "the Python reference", about: "", needs: &[PythonEnvironment, PythonReference], run: python },
    Step { name: "the Node reference", about: "", needs: &[NodeReference], run: |work, _| reference(work, "node") },
    Step { name: "the Swift reference", about: "", needs: &[Swift], run: |work, _| reference(work, "swift") },
];

pub(crate) fn site(work: &Work) -> Result<()> {
    let mdbook = ".cache/mdbook/bin/mdbook";
    let version = work.read(cmd!(work.shell, "{mdbook} --version").ignore_stderr()).unwrap_or_default();
    if !version.ends_with(&format!("v{MDBOOK}")) {
        work.run(cmd!(work.shell, "cargo install --quiet --locked --root .cache/mdbook mdbook@{MDBOOK}"))?;
    }
    work.run(cmd!(work.shell, "{mdbook} build docs"))?;
    for folder in ["check", "reference"] {
        work.shell.remove_path(work.root.join("target/book").join(folder))?;
    }
    for step in REFERENCES {
        step.run(work)?;
    }
    println!("target/book/index.html");
    Ok(())
}

fn python(work: &Work, environment: &Environment) -> Result<()> {
    let folder = &environment["PYTHON_ENVIRONMENT"];
    let path = format!("{folder}/bin:{}", work.shell.var("PATH")?);
    work.run(
        cmd!(work.shell, "maturin develop --quiet -m bindings-python/Cargo.toml")
            .env("VIRTUAL_ENV", folder)
            .env("PATH", path),
    )?;
    reference(work, "python")
}

fn reference(work: &Work, language: &str) -> Result<()> {
    work.run(cmd!(work.shell, "docs/reference/make.sh {language} target/book/api/{language}"))
}
