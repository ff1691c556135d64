"""Provides an empty machine with this machine's Rust toolchain and access to package registries."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

# Environment variables with which package managers find sources, proxies and certificates.
INHERITED_VARIABLES = re.compile(
    r"(https?|all|no)_proxy|SSL_CERT_(FILE|DIR)|(CURL|REQUESTS)_CA_BUNDLE|NODE_EXTRA_CA_CERTS|GIT_SSL_CAINFO"
    r"|PIP_(INDEX_URL|EXTRA_INDEX_URL|CERT|PROXY|TRUSTED_HOST|DEFAULT_TIMEOUT|RETRIES)|npm_config_\w+"
    r"|CARGO_(HTTP|NET|SOURCE|REGISTRY|REGISTRIES)_\w+",
    re.IGNORECASE,
)
# Settings of package managers: files in the home folder are mounted, and the other files are copied.
SETTINGS_FILES = ["etc/pip.conf", "etc/npmrc"]
HOME_SETTINGS_FILES = [".npmrc", ".config/pip/pip.conf", ".pip/pip.conf", ".cargo/config.toml", ".cargo/config"]
APT_SETTINGS = ("Acquire::Check", "Acquire::http", "Acquire::Retries")


def root_environment() -> dict[str, str]:
    """Returns the environment of a root shell, with rustup's programs on its PATH."""
    inherited = {name: value for name, value in os.environ.items() if INHERITED_VARIABLES.fullmatch(name)}
    path = "/root/.cargo/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
    return {
        **inherited,
        "HOME": "/root",
        "USER": "root",
        "PATH": path,
        "LANG": "C.UTF-8",
        "TERM": "dumb",
        "DEBIAN_FRONTEND": "noninteractive",
    }


def prepare_root(root: Path) -> None:
    """Sets up mounts and settings in a root folder; the mounts end with this process's namespace."""
    _mount("-t", "proc", "proc", str(root / "proc"))
    _mount("--rbind", "/dev", str(root / "dev"))
    for name in ["etc/resolv.conf", "etc/hosts", *SETTINGS_FILES]:
        if (Path("/") / name).exists():
            shutil.copy(Path("/") / name, root / name)
    apt = subprocess.run(["apt-config", "dump"], check=True, capture_output=True, text=True).stdout
    settings = (line for line in apt.splitlines(keepends=True) if line.startswith(APT_SETTINGS) and '""' not in line)
    (root / "etc/apt/apt.conf.d/90machine").write_text("".join(settings))
    # This machine's own certificates take effect in the root folder once ca-certificates is installed there.
    authorities = Path("/usr/local/share/ca-certificates")
    if authorities.is_dir():
        shutil.copytree(authorities, root / "usr/local/share/ca-certificates", dirs_exist_ok=True)
    for name in HOME_SETTINGS_FILES:
        if (Path.home() / name).is_file():
            _bind_read_only(Path.home() / name, root / "root" / name)


def mount_rust(root: Path) -> str:
    """Mounts this machine's toolchain where rustup would install it, and returns its version."""
    sysroot = Path(_command_output("rustc", "--print", "sysroot"))
    if not (sysroot / "bin/cargo").exists() or sysroot == Path("/usr"):
        raise SystemExit("walkthrough: the Rust on the PATH was not installed by rustup")
    there = root / "root/.rustup/toolchains" / sysroot.name
    _bind_read_only(sysroot, there)
    programs = root / "root/.cargo/bin"
    programs.mkdir(parents=True, exist_ok=True)
    for program in (sysroot / "bin").iterdir():
        (programs / program.name).symlink_to(Path("/root/.rustup/toolchains") / sysroot.name / "bin" / program.name)
    return _command_output("rustc", "--version").split()[1]


def _bind_read_only(here: Path, there: Path) -> None:
    """Mounts a file or folder read-only at another path."""
    if here.is_dir():
        there.mkdir(parents=True)
    else:
        there.parent.mkdir(parents=True, exist_ok=True)
        there.touch()
    _mount("--bind", str(here), str(there))
    _mount("-o", "remount,bind,ro", str(there))


def _mount(*arguments: str) -> None:
    subprocess.run(["mount", *arguments], check=True)


def _command_output(*command: str) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()
