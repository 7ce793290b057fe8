"""The start scripts on a machine that lacks something: one line that says what to install."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).resolve().parents[3]
# What the scripts themselves call before they look for a toolchain.
BASICS = ("bash", "dirname", "readlink", "find", "flock", "head")


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A checkout that has never been built, as far as the scripts look at it."""
    root = tmp_path / "checkout"
    shutil.copytree(CHECKOUT / "scripts", root / "scripts")
    shutil.copy(CHECKOUT / "pyproject.toml", root)
    return root


@pytest.fixture
def tools(tmp_path: Path) -> Path:
    """A folder that is all of PATH, with the basics in it."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for name in BASICS:
        program = shutil.which(name)
        assert program is not None
        (folder / name).symlink_to(program)
    return folder


def _run(checkout: Path, script: str, tools: Path) -> subprocess.CompletedProcess[str]:
    # Cargo is also looked for in the home directory, where rustup puts it.
    environment = {"PATH": str(tools), "HOME": str(tools.parent)}
    return subprocess.run(
        [str(checkout / "scripts" / script)],
        env=environment,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


@pytest.mark.parametrize("script", ["pycluster", "test", "bench"])
@pytest.mark.parametrize(
    ("present", "words"),
    [
        ((), "Python 3.11 or later is missing"),
        (("python3",), "a Rust toolchain is missing: install it from https://rustup.rs"),
        (("python3", "cargo"), "a C compiler is missing"),
    ],
)
def test_what_is_missing_is_named_in_one_line(
    checkout: Path, tools: Path, script: str, present: tuple[str, ...], words: str
) -> None:
    for name in present:
        # Whatever it is, as long as it is there: nothing gets built without the rest.
        python = Path(os.path.realpath(sys.executable))
        (tools / name).symlink_to(python if name == "python3" else "/bin/true")
    done = _run(checkout, script, tools)
    assert done.returncode == 2
    assert done.stderr.startswith(f"pycluster: {words}")
    assert len(done.stderr.splitlines()) == 1
    assert not (checkout / ".venv").exists()
