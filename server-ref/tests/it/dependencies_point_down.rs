//! Each top-level module of the crate imports only from lower layers, and the imports within certain folders form no cycle.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;
use std::{fs, path::Path};

use regex::Regex;

/// Layers from lowest to highest. Modules of one layer must not import one another.
const LAYERS: [&[&str]; 9] = [
    &["client_address", "error", "ids", "options", "rate_limiter", "telemetry", "time"],
    &["metrics"],
    &["store"],
    &["auth", "nodes"],
    &["moderation", "realtime"],
    &["app"],
    &["http"],
    &["commands", "serve"],
    &["config"],
];

static CRATE_PATHS: LazyLock<Regex> = LazyLock::new(|| path_pattern("crate::"));

/// Folders whose modules must not import one another in a cycle.
const FOLDERS_WITHOUT_CYCLES: [&str; 5] = ["app", "moderation", "nodes", "realtime", "serve"];

#[test]
fn imports_point_down() {
    let sources = source_files();
    assert!(sources.len() > 100, "{}", sources.len());
    let root = &sources.iter().find(|(name, _)| name == "lib.rs").unwrap().1;
    let exported = imported_names(root);
    let wrong: Vec<_> = sources
        .iter()
        .filter_map(|(name, text)| Some((name, module_of(name)?, text)))
        .flat_map(|(name, module, text)| {
            upward_imports(module, text, &exported).into_iter().map(move |path| format!("{name}: {path}"))
        })
        .collect();
    assert!(wrong.is_empty(), "imports that do not point down:\n{}", wrong.join("\n"));
}

#[test]
fn folders_have_no_circles() {
    let sources = source_files();
    let circles: Vec<_> =
        FOLDERS_WITHOUT_CYCLES.iter().filter_map(|folder| modules_in_cycles(folder, &sources)).collect();
    assert!(circles.is_empty(), "{}", circles.join("\n"));
}

#[test]
fn violations_are_found() {
    let exported =
        BTreeMap::from([("Server".to_owned(), "serve".to_owned()), ("Error".to_owned(), "error".to_owned())]);
    let found = |module, text: &str| upward_imports(module, &strip_comments_and_tests(text), &exported);
    assert_eq!(found("moderation", "use crate::app::App;"), ["crate::app"]);
    assert_eq!(found("realtime", "fn f() { crate::moderation::g() }"), ["crate::moderation"]);
    assert_eq!(found("http", "use crate::Server;"), ["crate::Server"]);
    assert_eq!(found("http", "use crate::{Error, serve::DemoCredentials};"), ["crate::serve"]);
    assert!(found("http", "use crate::Error;\nuse crate::app::App;\nuse crate::http::page;").is_empty());
    assert!(
        found("store", "/// [`Server`](crate::Server)\n#[cfg(test)]\nmod tests { use crate::app::App; }").is_empty()
    );

    let file = |name: &str, text: &str| (format!("realtime/{name}.rs"), text.to_owned());
    let line =
        [file("mod", "use a::A;"), file("a", ""), file("b", "use super::A;"), file("b/c", "use super::super::a;")];
    assert_eq!(modules_in_cycles("realtime", &line), None);
    let ring = [
        file("mod", "use a::A;"),
        file("a", "use super::{c, d};"),
        file("b", "use super::A;"),
        file("c", "use super::b::B;"),
        file("d", ""),
    ];
    assert_eq!(modules_in_cycles("realtime", &ring).unwrap(), "realtime: a, b, c");
}

/// Returns the paths that this module imports from other modules that are not in a lower layer.
fn upward_imports(module: &str, text: &str, exported: &BTreeMap<String, String>) -> Vec<String> {
    let names = first_names(text, &CRATE_PATHS).into_iter();
    let wrong = names.filter(|name| {
        let of = if layer_level(name).is_some() { Some(name) } else { exported.get(name) };
        of.is_some_and(|of| of != module && layer_level(of) >= layer_level(module))
    });
    wrong.map(|name| format!("crate::{name}")).collect()
}

/// Returns a pattern for paths that begin with one of the given prefixes, which are separated by `|`.
fn path_pattern(prefixes: &str) -> Regex {
    Regex::new(&format!(r"(?:^|[^:\w])(?:{prefixes})(?:(\w+)|\{{([^}}]*)\}})")).unwrap()
}

/// Returns each name that directly follows the prefix of a path.
fn first_names(text: &str, paths: &Regex) -> Vec<String> {
    let groups = paths.captures_iter(text).map(|path| path.get(1).or(path.get(2)).unwrap().as_str());
    let names = groups.flat_map(|group| group.split(',')).map(|name| name.trim().split("::").next().unwrap());
    names.filter(|name| !name.is_empty()).map(str::to_owned).collect()
}

fn layer_level(module: &str) -> Option<usize> {
    LAYERS.iter().position(|layer| layer.contains(&module))
}

/// Returns the module of a file, or `None` for a crate root.
fn module_of(name: &str) -> Option<&str> {
    let module = name.split(['/', '.']).next()?;
    assert!(layer_level(module).is_some() || name == "lib.rs" || name == "main.rs", "{name} is in no layer");
    layer_level(module).map(|_| module)
}

/// Returns the modules of a folder that import one another in a cycle, or depend on such modules.
fn modules_in_cycles(folder: &str, sources: &[(String, String)]) -> Option<String> {
    let prefix = format!("{folder}/");
    let files: Vec<_> = sources.iter().filter_map(|(name, text)| Some((name.strip_prefix(&prefix)?, text))).collect();
    let reexported =
        files.iter().find(|(name, _)| *name == "mod.rs").map(|(_, text)| imported_names(text)).unwrap_or_default();
    let mut imports: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    let mut patterns = BTreeMap::new();
    for (name, text) in files.iter().filter(|(name, _)| *name != "mod.rs") {
        let module = name.split(['/', '.']).next().unwrap();
        let depth = name.matches('/').count() + usize::from(!name.ends_with("/mod.rs"));
        let paths = patterns
            .entry(depth)
            .or_insert_with(|| path_pattern(&format!("{}|crate::{folder}::", "super::".repeat(depth))));
        let modules = first_names(text, paths)
            .into_iter()
            .map(|name| reexported.get(&name).cloned().unwrap_or(name))
            .filter(|other| other != module && other != "super");
        imports.entry(module).or_default().extend(modules);
    }
    // The loop repeatedly removes modules that import none of the others. Each remaining module is in a cycle or depends on one.
    loop {
        let left: BTreeSet<String> = imports.keys().map(|module| (*module).to_owned()).collect();
        let before = imports.len();
        imports.retain(|_, others| others.iter().any(|other| left.contains(other)));
        if imports.len() == before {
            break;
        }
    }
    (!imports.is_empty()).then(|| format!("{folder}: {}", imports.into_keys().collect::<Vec<_>>().join(", ")))
}

/// Returns the names that a file imports with `use`, each with its module.
fn imported_names(text: &str) -> BTreeMap<String, String> {
    let pattern = Regex::new(r"\buse (\w+)::(?:(\w+)|\{([^}]*)\})").unwrap();
    let mut found = BTreeMap::new();
    for path in pattern.captures_iter(text) {
        for name in path.get(2).or(path.get(3)).unwrap().as_str().split(',') {
            found.insert(name.trim().to_owned(), path[1].to_owned());
        }
    }
    found
}

/// Returns the name and the code of every source file. The code excludes comments, and unit tests at the end of a file.
fn source_files() -> Vec<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut folders = vec![root.clone()];
    let mut all = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.strip_prefix(&root).unwrap().to_str().unwrap().replace('\\', "/");
            if path.is_dir() {
                folders.push(path);
            } else if name.ends_with(".rs") {
                all.push((name, strip_comments_and_tests(&fs::read_to_string(path).unwrap())));
            }
        }
    }
    all
}

/// Removes comments, and the unit tests at the end of a file.
fn strip_comments_and_tests(text: &str) -> String {
    let text = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
    text.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n")
}
