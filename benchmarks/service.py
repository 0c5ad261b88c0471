"""A whole Farview of its own: a temporary home, every process, free ports. For benchmarks and browser tests."""

from __future__ import annotations

import fcntl
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

from kernels.cache import COMPLETE, TOOLS, fingerprint

# Complete folders of compiled kernels, from one home to the next; nobody changes them. See kernels/cache.py.
COMPILED = Path.home() / ".cache" / "farview" / "compiled"

LOGIN = "admin"
PASSWORD = "Farview-benchmark-1"


def free_port() -> int:
    """A TCP port that nothing listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def drop_page_cache() -> bool:
    """Empty the operating system's file cache; False where that is not allowed."""
    os.sync()
    try:
        Path("/proc/sys/vm/drop_caches").write_text("3\n")
    except OSError:
        return False
    return True


def compile_kernels() -> None:
    """Compile all kernels once for every home to come; whoever asks meanwhile waits."""
    folder = COMPILED / fingerprint()
    if (folder / TOOLS).exists():
        return
    COMPILED.mkdir(parents=True, exist_ok=True)
    with (COMPILED / "lock").open("ab") as lock:
        fcntl.lockf(lock, fcntl.LOCK_EX)
        if (folder / TOOLS).exists():
            return
        new = Path(tempfile.mkdtemp(prefix="making.", dir=COMPILED))
        try:
            for module in ("kernels.warm_tools", "kernels.warm"):
                command, environment = (sys.executable, "-m", module), {**os.environ, "NUMBA_CACHE_DIR": str(new)}
                shares = [
                    subprocess.Popen([*command, str(part), "2"], env=environment, stdout=subprocess.DEVNULL)
                    for part in range(2)
                ]
                if any([share.wait() for share in shares]):
                    return  # a home that starts will say why
            for mark in (COMPLETE, TOOLS):
                (new / fingerprint() / mark).touch()
            shutil.rmtree(folder, ignore_errors=True)
            (new / fingerprint()).rename(folder)
        finally:
            shutil.rmtree(new, ignore_errors=True)


def bring_kernels(home: Path) -> None:
    """Give a new home the kernels that another one compiled, if there are any."""
    if (COMPILED / fingerprint()).is_dir():
        _copy_whole(COMPILED / fingerprint(), home / "kernels" / fingerprint())


def _copy_whole(source: Path, target: Path) -> None:
    """Copy a folder of kernels where there is none: at once and whole, however many do the same.

    Numba numbers its files in each folder anew: two folders must never be mixed.
    """
    if target.exists():
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    new = Path(tempfile.mkdtemp(prefix=f"{target.name}.", dir=target.parent))
    shutil.copytree(source, new, dirs_exist_ok=True)
    if os.geteuid() == 0:  # a home of root's is handed to an account; what comes later must be that account's, too
        owner = target.parent.stat()
        for path in (new, *new.rglob("*")):
            os.chown(path, owner.st_uid, owner.st_gid)
    try:
        new.rename(target)
    except OSError:  # another one was quicker
        shutil.rmtree(new)


class Service:
    """`farview serve` on a home of its own. Start and stop it as often as needed; the home stays until `close`."""

    def __init__(self) -> None:
        self.home = Path(tempfile.mkdtemp(prefix="farview-"))
        self.home.chmod(0o755)
        self.port, self.dicom_port = free_port(), free_port()
        self.log = self.home.with_suffix(".log")
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def environment(self) -> dict[str, str]:
        return {
            **os.environ,
            "FARVIEW_HOME": str(self.home),
            "FARVIEW_ADMIN_PASSWORD": PASSWORD,
            "FARVIEW_PORT": str(self.port),
            "FARVIEW_DICOM_PORT": str(self.dicom_port),
            "FARVIEW_LANGUAGE": "en",
        }

    def farview(self, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
        """Run a farview command on this home and return what it printed."""
        command = [sys.executable, "-m", "farview", *map(str, arguments)]
        return subprocess.run(command, env=self.environment, capture_output=True, text=True, check=False)

    def start(self, *options: str, timeout_s: float = 600) -> float:
        """Start every process and wait until the page can be opened; seconds it took.

        The first of all compiles every kernel, which takes minutes.
        """
        compile_kernels()
        bring_kernels(self.home)
        begun = time.monotonic()
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "farview", "serve", *options],
                env=self.environment,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        while time.monotonic() - begun < timeout_s:
            if self.process.poll() is not None:
                break
            if self.healthy():
                return time.monotonic() - begun
            time.sleep(0.05)
        raise RuntimeError(f"farview did not start:\n{self.log.read_text('utf-8', 'replace')[-4000:]}")

    def wait_for_log(self, words: str, timeout_s: float = 240) -> None:
        """Until `farview serve` has said this."""
        begun = time.monotonic()
        while words not in self.log.read_text("utf-8", "replace"):
            if time.monotonic() - begun > timeout_s:
                raise RuntimeError(f"farview never said {words!r}:\n{self.log.read_text('utf-8', 'replace')[-4000:]}")
            time.sleep(0.1)

    def healthy(self) -> bool:
        """Whether every process is up: the api answers and has reached renderd."""
        try:
            with urllib.request.urlopen(f"{self.address}/api/health", timeout=2) as answer:
                return bool(answer.status == 200)
        except (urllib.error.URLError, OSError):
            return False

    def stop(self) -> None:
        """Stop every process in order, as Ctrl-C does."""
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.kill()
        self.process = None

    def kill(self) -> None:
        """End the whole process group at once, as a power cut would."""
        if self.process is not None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
            self.process = None

    def close(self) -> None:
        self.stop()
        shutil.rmtree(self.home, ignore_errors=True)
        self.log.unlink(missing_ok=True)
