"""The parts of this machine that an empty one takes over: its Rust, and its access to package registries."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

# Variables of package managers for sources, proxies and certificates.
VARIABLES = re.compile(
    r"(https?|all|no)_proxy|SSL_CERT_(FILE|DIR)|(CURL|REQUESTS)_CA_BUNDLE|NODE_EXTRA_CA_CERTS|GIT_SSL_CAINFO"
    r"|PIP_(INDEX_URL|EXTRA_INDEX_URL|CERT|PROXY|TRUSTED_HOST|DEFAULT_TIMEOUT|RETRIES)|npm_config_\w+"
    r"|CARGO_(HTTP|NET|SOURCE|REGISTRY|REGISTRIES)_\w+",
    re.IGNORECASE,
)
# Settings of package managers: those below HOME are mounted, the others copied.
SETTINGS = ["etc/pip.conf", "etc/npmrc"]
PRIVATE_SETTINGS = [".npmrc", ".config/pip/pip.conf", ".pip/pip.conf", ".cargo/config.toml", ".cargo/config"]
APT = ("Acquire::Check", "Acquire::http", "Acquire::Retries")


def environment() -> dict[str, str]:
    """The environment of a root shell, with rustup's programs on its PATH."""
    taken = {name: value for name, value in os.environ.items() if VARIABLES.fullmatch(name)}
    path = "/root/.cargo/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
    return {
        **taken,
        "HOME": "/root",
        "USER": "root",
        "PATH": path,
        "LANG": "C.UTF-8",
        "TERM": "dumb",
        "DEBIAN_FRONTEND": "noninteractive",
    }


def furnish(root: Path) -> None:
    """Mounts and settings of a machine; they end with this process's namespace."""
    _mount("-t", "proc", "proc", str(root / "proc"))
    _mount("--rbind", "/dev", str(root / "dev"))
    for name in ["etc/resolv.conf", "etc/hosts", *SETTINGS]:
        if (Path("/") / name).exists():
            shutil.copy(Path("/") / name, root / name)
    apt = subprocess.run(["apt-config", "dump"], check=True, capture_output=True, text=True).stdout
    settings = (line for line in apt.splitlines(keepends=True) if line.startswith(APT) and '""' not in line)
    (root / "etc/apt/apt.conf.d/90machine").write_text("".join(settings))
    # Used as soon as ca-certificates is installed.
    authorities = Path("/usr/local/share/ca-certificates")
    if authorities.is_dir():
        shutil.copytree(authorities, root / "usr/local/share/ca-certificates", dirs_exist_ok=True)
    for name in PRIVATE_SETTINGS:
        if (Path.home() / name).is_file():
            _show(Path.home() / name, root / "root" / name)


def install_rust(root: Path) -> str:
    """Mounts this machine's toolchain where rustup would put it, and returns its version."""
    sysroot = Path(_output("rustc", "--print", "sysroot"))
    if not (sysroot / "bin/cargo").exists() or sysroot == Path("/usr"):
        raise SystemExit("walkthrough: the Rust on the PATH is not one of rustup's")
    there = root / "root/.rustup/toolchains" / sysroot.name
    _show(sysroot, there)
    programs = root / "root/.cargo/bin"
    programs.mkdir(parents=True, exist_ok=True)
    for program in (sysroot / "bin").iterdir():
        (programs / program.name).symlink_to(Path("/root/.rustup/toolchains") / sysroot.name / "bin" / program.name)
    return _output("rustc", "--version").split()[1]


def _show(here: Path, there: Path) -> None:
    """The same file or folder, read-only."""
    if here.is_dir():
        there.mkdir(parents=True)
    else:
        there.parent.mkdir(parents=True, exist_ok=True)
        there.touch()
    _mount("--bind", str(here), str(there))
    _mount("-o", "remount,bind,ro", str(there))


def _mount(*arguments: str) -> None:
    subprocess.run(["mount", *arguments], check=True)


def _output(*command: str) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()
