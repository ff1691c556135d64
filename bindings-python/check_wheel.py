"""Checks the wheel and the source distribution built by `wheel.sh`: platforms, libraries, files and metadata."""

from __future__ import annotations

import email
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

# Libraries that every Linux distribution with glibc provides. Any other library, such as OpenSSL, would have to be
# installed or bundled.
SYSTEM_LIBRARIES = {"libc.so.6", "libdl.so.2", "libgcc_s.so.1", "libm.so.6", "libpthread.so.0", "librt.so.1"}
LOADER_PREFIX = "ld-linux"


def check_packages(folder: Path) -> None:
    """Checks the wheel and the source distribution in a folder; raises `AssertionError` if anything is wrong."""
    [wheel] = folder.glob("*.whl")
    [sdist] = folder.glob("*.tar.gz")
    assert "-cp310-abi3-manylinux2014_" in wheel.name, wheel.name
    shown = subprocess.run(["auditwheel", "show", str(wheel)], capture_output=True, text=True, check=True).stdout
    assert '"manylinux_2_17_x86_64"' in shown.replace("\n", " "), shown

    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
        [library] = [name for name in names if name.endswith(".so")]
        needed = linked_libraries(archive.read(library))
        assert all(name in SYSTEM_LIBRARIES or name.startswith(LOADER_PREFIX) for name in needed), needed
        for name in ("py.typed", "_native.pyi", "__init__.py"):
            assert f"automoderate/{name}" in names, name
        # The package must include the test server for users' tests, but not the package's own tests.
        own = {name for name in names if "test" in name or "bench" in name}
        assert own == {"automoderate/testing.py", "automoderate/_pytest.py"}, own
        [metadata] = [name for name in names if name.endswith(".dist-info/METADATA")]
        assert [name for name in names if ".dist-info/licenses/" in name], "the license files are missing"
        metadata_fields = email.message_from_bytes(archive.read(metadata))
    assert metadata_fields["Requires-Python"] == ">=3.10"
    assert metadata_fields["License-Expression"] == "MIT OR Apache-2.0"
    assert metadata_fields["Description-Content-Type"].startswith("text/markdown")
    assert "Real-time moderation updates" in str(metadata_fields.get_payload())
    assert "Typing :: Typed" in metadata_fields.get_all("Classifier", [])
    assert metadata_fields.get_all("Requires-Dist") is None, "the package must not have dependencies"

    with tarfile.open(sdist) as archive:
        inside = archive.getnames()
    for name in ("Cargo.lock", "core/Cargo.toml", "PKG-INFO", "pyproject.toml"):
        assert any(path.endswith("/" + name) for path in inside), name
    sizes = ", ".join(f"{path.name} {path.stat().st_size / 1e6:.2f} MB" for path in (wheel, sdist))
    sys.stdout.write(f"{sizes}; links {', '.join(sorted(needed))}\n")


def linked_libraries(library: bytes) -> list[str]:
    """Returns the names of the libraries that the dynamic loader must find."""
    from io import BytesIO

    from elftools.elf.dynamic import DynamicSection
    from elftools.elf.elffile import ELFFile

    [dynamic] = [part for part in ELFFile(BytesIO(library)).iter_sections() if isinstance(part, DynamicSection)]
    return [tag.needed for tag in dynamic.iter_tags("DT_NEEDED")]


if __name__ == "__main__":
    check_packages(Path(sys.argv[1]))
