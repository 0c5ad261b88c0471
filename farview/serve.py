"""`farview serve`: everything of one home, until Ctrl-C."""

from __future__ import annotations

import asyncio
import signal
import socket
import ssl
from contextlib import ExitStack, suppress

from farview.children import Child
from farview.errors import PortInUse, SettingRefused
from farview.listening import in_url, listen, own_addresses
from farview.privileges import Way, leave_root
from farview.settings import LOOPBACK, Settings
from farview.supervisor import Supervisor, compiled
from farview.words import say
from storage.home import Home
from storage.users import FIRST_LOGIN

DEMO = "farview.demo"
COPIES = ("certificate.pem", "key.pem")


def tell(sentence: str) -> None:
    """Show a sentence at once, also when our output goes to a file."""
    with suppress(OSError):  # the disk of its file is full, or the terminal has gone: what we do matters more
        print(sentence, flush=True)


def serve(settings: Settings) -> None:
    """Start everything, keep it running, stop it in order.

    What needs root comes first: the ports and the certificate's key. Then root is left for good.
    """
    settings.check()
    certificate = _read_certificate(settings)
    with ExitStack() as stack:
        page = stack.enter_context(listen(settings.address, settings.port, "--port / FARVIEW_PORT"))
        # Only asked for now, so that a taken port is a sentence instead of a process that keeps failing.
        listen(settings.dicom_address, settings.dicom_port, "FARVIEW_DICOM_PORT").close()
        choice = leave_root(settings.home)
        if choice.way is not Way.NOT_ROOT:
            tell(choice.sentence())
            _check_dicom_port(settings)
        home = Home(settings.home, settings.runtime)
        home.prepare()
        stack.enter_context(home.locked("serve"))
        if certificate is not None:
            stack.callback(_remove_certificate, home)
            settings = _keep_certificate(settings, home, certificate)
        asyncio.run(_serve(settings, home, page))


async def _serve(settings: Settings, home: Home, page: socket.socket) -> None:
    stopped = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    supervisor = Supervisor(settings, home, page.fileno(), tell)
    tell(say("starting" if compiled(home.kernels) else "first_start"))
    work = asyncio.create_task(_work(settings, home, supervisor))
    try:
        await asyncio.wait((work, asyncio.create_task(stopped.wait())), return_when=asyncio.FIRST_COMPLETED)
        if work.done():
            await work  # raises what went wrong
            await stopped.wait()
        tell(say("stopping"))
    finally:
        work.cancel()
        await asyncio.gather(work, return_exceptions=True)
        await supervisor.stop()
    tell(say("stopped"))


async def _work(settings: Settings, home: Home, supervisor: Supervisor) -> None:
    password = await supervisor.start()
    await supervisor.ready()
    _greet(settings, password)
    if settings.demo:
        await _make_demo(supervisor, home)


def _greet(settings: Settings, password: str | None) -> None:
    scheme = "https" if settings.encrypted else "http"
    here = settings.host if settings.host and not settings.everywhere else LOOPBACK
    tell("")
    tell(f"{say('open_this')}  {scheme}://{in_url(here)}:{settings.port}/")
    if settings.everywhere:
        for address in own_addresses():
            tell(f"{say('or_on_the_network')}  {scheme}://{address}:{settings.port}/")
    if password is not None:
        tell(say("first_password", login=FIRST_LOGIN, password=password))
    if settings.lan and not settings.encrypted:
        tell(say("not_encrypted"))
    tell(say("dicom_here", title=settings.ae_title, host=settings.dicom_address, port=settings.dicom_port))
    tell(say("stop_hint"))


async def _make_demo(supervisor: Supervisor, home: Home) -> None:
    """In a process of its own: it computes for seconds, and this one must answer signals."""
    tell(say("demo_making"))
    child = Child(DEMO, supervisor.environment, home.logs)
    try:
        code = await child.run()
    finally:
        await child.stop()
    tell(say("demo_failed", log=child.log) if code else say("demo_ready"))


def _check_dicom_port(settings: Settings) -> None:
    """Once more, as the account that will open it, now and whenever the receiver starts again."""
    try:
        listen(settings.dicom_address, settings.dicom_port, "FARVIEW_DICOM_PORT").close()
    except PortInUse:
        raise SettingRefused("dicom_port_low", port=settings.dicom_port) from None


def _read_certificate(settings: Settings) -> tuple[bytes, bytes] | None:
    """The certificate and its key, tried before anything starts."""
    if settings.tls_cert is None or settings.tls_key is None:
        return None
    try:
        ssl.create_default_context(ssl.Purpose.CLIENT_AUTH).load_cert_chain(settings.tls_cert, settings.tls_key)
        return settings.tls_cert.read_bytes(), settings.tls_key.read_bytes()
    except (OSError, ssl.SSLError) as error:
        raise SettingRefused("tls_unusable", why=error) from error


def _keep_certificate(settings: Settings, home: Home, certificate: tuple[bytes, bytes]) -> Settings:
    """Copies in the runtime folder, which the account of the api can read; the originals may be root's alone."""
    _remove_certificate(home)
    paths = [home.runtime / name for name in COPIES]
    for path, content in zip(paths, certificate, strict=True):
        path.touch(mode=0o600)
        path.write_bytes(content)
    return settings.model_copy(update={"tls_cert": paths[0], "tls_key": paths[1]})


def _remove_certificate(home: Home) -> None:
    """Nothing of the key stays where nobody looks after it."""
    for name in COPIES:
        (home.runtime / name).unlink(missing_ok=True)
