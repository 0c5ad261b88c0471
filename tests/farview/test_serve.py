"""A real `farview serve`, from its first start to kill -9."""

from __future__ import annotations

import json
import os
import re
import select
import shutil
import signal
import socket
import ssl
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from http.client import HTTPResponse
from pathlib import Path
from typing import Any

import pytest

from benchmarks.service import bring_kernels, compile_kernels
from farview.listening import in_url
from farview.privileges import Way, choose
from tests.farview.conftest import ROOT, House

pytestmark = [pytest.mark.long, pytest.mark.slow]  # real processes, started and stopped

PASSWORD = "Farview-test-1"
START_S = 400  # a first start compiles every kernel
LOWEST_PORT = Path("/proc/sys/net/ipv4/ip_unprivileged_port_start")


class Served:
    """A `farview serve` that has printed its address."""

    def __init__(self, house: House, *options: str, **environment: str) -> None:
        self.house = house
        self.process = subprocess.Popen(
            house.command("serve", *options),
            env={**house.environment, **environment},
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        self.said = ""
        self.scheme = "https" if "--tls-cert" in options else "http"

    def until(self, words: str) -> str:
        """Read what it says until these words; all it has said."""
        assert self.process.stdout is not None
        deadline = time.monotonic() + START_S
        while words not in self.said:
            ready, _, _ = select.select([self.process.stdout], [], [], max(deadline - time.monotonic(), 0))
            heard = os.read(self.process.stdout.fileno(), 65536) if ready else b""
            assert heard, f"it ended or stood still:\n{self.said}"
            self.said += heard.decode()
        return self.said

    @property
    def address(self) -> str:
        return f"{self.scheme}://127.0.0.1:{self.house.environment['FARVIEW_PORT']}"

    def ask(self, path: str, body: dict[str, str] | None = None, cookie: str = "") -> tuple[int, Any, HTTPResponse]:
        request = urllib.request.Request(self.address + path, json.dumps(body).encode() if body else None)
        request.add_header("Content-Type", "application/json")
        if cookie:
            request.add_header("Cookie", cookie)
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        try:
            answer = urllib.request.urlopen(request, timeout=20, context=context if self.scheme == "https" else None)
        except urllib.error.HTTPError as error:
            answer = error  # type: ignore[assignment]
        text = answer.read()
        return answer.status, json.loads(text) if text else None, answer

    def sign_in(self, password: str) -> tuple[dict[str, Any], str]:
        status, me, answer = self.ask("/api/sign-in", {"login": "admin", "password": password})
        assert status == 200, me
        return me, answer.headers["Set-Cookie"].split(";")[0]

    def children(self) -> dict[str, int]:
        """The processes below it, by what they run."""
        done = subprocess.run(["ps", "-e", "-ww", "-o", "pid=,ppid=,args="], capture_output=True, text=True, check=True)
        found = {}
        for line in done.stdout.splitlines():
            pid, parent, command = line.split(None, 2)
            if int(parent) == self.process.pid:
                found["postgres" if "postgres -D" in command else command.split()[-1]] = int(pid)
        return found

    def kill(self) -> None:
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


@pytest.fixture
def serve(house: House) -> Iterator[Any]:
    """Starts `farview serve`; it is gone after the test."""
    started: list[Served] = []
    house.home.mkdir(mode=0o700)
    compile_kernels()
    bring_kernels(house.home)

    def start(*options: str, **environment: str) -> Served:
        started.append(Served(house, *options, **environment))
        return started[-1]

    yield start
    for one in started:
        one.kill()


def gone(descriptors: list[int]) -> bool:
    """Whether all these processes end within ten seconds."""
    return all(select.select([descriptor], [], [], 10)[0] for descriptor in descriptors)


@pytest.mark.slow
def test_a_first_start_prints_an_address_and_a_password_that_must_change(serve: Any) -> None:
    served = serve()
    said = served.until("Ctrl-C")
    assert f"{served.address}/" in said
    assert "not encrypted" not in said
    assert served.ask("/api/health")[:2] == (200, {"ok": True})
    found = re.search(r"login (\S+)  one-time password (\S+)", said)
    assert found is not None and found[1] == "admin"
    me, cookie = served.sign_in(found[2])
    assert me["must_change_password"] is True
    assert served.ask("/api/studies", cookie=cookie)[0] == 403
    status, me, answer = served.ask("/api/password", {"old": found[2], "new": PASSWORD}, cookie)
    assert (status, me["must_change_password"]) == (200, False)
    cookie = answer.headers["Set-Cookie"].split(";")[0]
    assert served.ask("/api/studies", cookie=cookie)[:2] == (200, {"studies": [], "total": 0})
    logs = "".join(path.read_text() for path in (served.house.home / "logs").iterdir())
    assert found[2] not in logs and PASSWORD not in logs and cookie.split("=")[1] not in logs
    served.process.terminate()
    assert served.process.wait(30) == 0
    again = serve()
    assert "one-time" not in again.until("Ctrl-C")


@pytest.mark.slow
def test_a_killed_process_is_back_and_all_end_with_the_supervisor(serve: Any) -> None:
    served = serve(FARVIEW_ADMIN_PASSWORD=PASSWORD)
    assert "one-time" not in served.until("Ctrl-C")
    before = served.children()
    assert set(before) == {"postgres", "storage.dicom.receive", "renderd", "api"}
    for name in ("renderd", "api", "postgres"):
        os.kill(before[name], signal.SIGKILL)
        served.until("renderd ended" if name == "renderd" else "api ended" if name == "api" else "PostgreSQL ended")
        begun = time.monotonic()
        while served.ask("/api/health")[0] != 200:
            assert time.monotonic() - begun < 60
            time.sleep(0.02)
        print(f"{name} was back after {time.monotonic() - begun:.2f} s")
    after = served.children()
    assert set(after) == set(before)
    assert served.sign_in(PASSWORD)[0]["login"] == "admin"
    descriptors = [os.pidfd_open(pid) for pid in served.children().values()]
    served.process.kill()  # the supervisor alone: the kernel takes the others
    served.process.wait()
    assert gone(descriptors)
    again = serve(FARVIEW_ADMIN_PASSWORD=PASSWORD)
    again.until("Ctrl-C")
    assert again.sign_in(PASSWORD)[0]["login"] == "admin"


@pytest.mark.slow
def test_an_import_uses_the_running_server(serve: Any, house: House, series: Path) -> None:
    served = serve(FARVIEW_ADMIN_PASSWORD=PASSWORD)
    served.until("Ctrl-C")
    done = house.farview("import", "--institution", "North", series)
    assert (done.returncode, done.stdout.split("  ")[0]) == (0, "new 6"), done.stderr
    _, cookie = served.sign_in(PASSWORD)
    _, listed, _ = served.ask("/api/studies", cookie=cookie)
    assert [(study["institution"], study["images"]) for study in listed["studies"]] == [("North", 6)]
    second = house.farview("serve", FARVIEW_PORT="1")
    assert second.returncode == 2
    # The database knows one account only, and a root that asks for its health is not it.
    said = house.farview("doctor").stdout
    assert " ok  PostgreSQL: " in said, said


@pytest.mark.slow
def test_tls_and_the_local_network(serve: Any, house: House, tmp_path: Path) -> None:
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not here to make a certificate")
    certificate, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=farview.test"),
            *("-out", str(certificate), "-keyout", str(key)),
        ],
        check=True,
        capture_output=True,
    )
    key.chmod(0o600)
    served = serve("--tls-cert", str(certificate), "--tls-key", str(key), FARVIEW_ADMIN_PASSWORD=PASSWORD)
    said = served.until("Ctrl-C")
    assert "not encrypted" not in said and f"https://127.0.0.1:{house.environment['FARVIEW_PORT']}/" in said
    status, _, answer = served.ask("/api/sign-in", {"login": "admin", "password": PASSWORD})
    assert status == 200
    assert "Secure" in answer.headers["Set-Cookie"] and answer.headers["Strict-Transport-Security"]
    copy = next(Path(house.environment["XDG_RUNTIME_DIR"]).glob("farview-*/key.pem"), None)
    assert copy is None or copy.stat().st_mode & 0o777 == 0o600
    served.process.terminate()
    assert served.process.wait(30) == 0
    assert not list(Path(house.environment["XDG_RUNTIME_DIR"]).iterdir())
    plain = serve("--lan", FARVIEW_ADMIN_PASSWORD=PASSWORD)
    assert "not encrypted" in plain.until("Ctrl-C")


def refused(house: House, *options: object, **environment: str) -> str:
    done = house.farview("serve", *options, **environment)
    assert done.returncode == 2, done.stdout
    assert "Traceback" not in done.stderr and done.stderr.count("\n") == 1
    return done.stderr


def test_a_port_in_use_is_a_sentence(house: House) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert f"Port {port} is in use" in refused(house, "--port", port)
        assert "FARVIEW_DICOM_PORT" in refused(house, FARVIEW_DICOM_PORT=str(port))
    assert not house.home.exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gets past the first look at a low port")
def test_a_dicom_port_that_only_root_can_open_is_a_sentence(house: House) -> None:
    if choose(house.home).way is Way.ROOT or int(LOWEST_PORT.read_text()) <= 104:
        pytest.skip("everybody may open it here")
    done = house.farview("serve", FARVIEW_DICOM_PORT="104")
    assert done.returncode == 2, done.stdout
    assert done.stderr.count("\n") == 1 and "104" in done.stderr and "FARVIEW_DICOM_PORT" in done.stderr


def test_settings_that_do_not_go_together_are_a_sentence(house: House, tmp_path: Path) -> None:
    assert "--tls-key" in refused(house, "--tls-cert", tmp_path / "missing.pem")
    assert "--lan" in refused(house, FARVIEW_HOST="0.0.0.0")
    assert "FARVIEW_PORT" in refused(house, FARVIEW_PORT="many")
    (tmp_path / "bad.pem").write_text("not a certificate")
    assert "certificate" in refused(house, "--tls-cert", tmp_path / "bad.pem", "--tls-key", tmp_path / "bad.pem")


def test_a_home_that_cannot_be_used_is_a_sentence(house: House) -> None:
    house.home.write_text("a file")
    assert "home folder" in refused(house)


@pytest.mark.slow
def test_a_first_password_that_is_too_simple_is_a_sentence(house: House) -> None:
    done = house.farview("serve", FARVIEW_ADMIN_PASSWORD="simple")
    assert done.returncode == 2
    assert "FARVIEW_ADMIN_PASSWORD" in done.stderr and "simple" not in done.stderr.replace("too_simple", "")


@pytest.mark.slow
def test_a_database_that_is_not_there_is_a_sentence(house: House) -> None:
    done = house.farview("serve", FARVIEW_DATABASE_URL="postgresql://user:secret@127.0.0.1:1/farview")
    assert done.returncode == 2
    assert "database cannot be reached" in done.stderr and "secret" not in done.stderr


def test_an_address_of_ipv6_stands_in_brackets() -> None:
    assert [in_url(host) for host in ("::1", "127.0.0.1", "localhost")] == ["[::1]", "127.0.0.1", "localhost"]


def test_doctor_says_how_every_part_is(house: House) -> None:
    done = house.farview("doctor")
    assert done.returncode in (0, 1) and "Traceback" not in done.stderr
    lines = done.stdout.splitlines()
    assert all(line.split()[0] in ("ok", "warn", "fail") for line in lines)
    for subject in ("Python", "Processor", "Memory", "Disk", "Account", "Home", "Kernels", "PostgreSQL", "Page port"):
        assert any(f" {subject}: " in line for line in lines), subject
    assert not house.home.exists()
    with socket.create_server(("127.0.0.1", int(house.environment["FARVIEW_PORT"]))):
        assert house.farview("doctor").returncode == 1
