"""The api process: `python -m api`, started by `farview serve` with its environment."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import socket
import ssl
import sys

import structlog
import uvloop
from aiohttp import web

from api.app import application
from api.settings import Settings
from storage.errors import StorageError
from storage.logs import to_standard_error
from storage.parent import tell_ready

BACKLOG = 256
SHUTDOWN_S = 3  # for requests that are being answered; streams close at once

log = structlog.get_logger()


def tls(settings: Settings) -> ssl.SSLContext | None:
    """TLS 1.2 and newer with the given certificate, or None for plain HTTP."""
    if settings.tls_cert is None:
        return None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(settings.tls_cert, settings.tls_key)
    context.set_alpn_protocols(["http/1.1"])
    return context


async def serve(settings: Settings) -> None:
    """Answer requests until SIGTERM or SIGINT."""
    stopped = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    # No access log: our own lines name routes, never a path or a query, in which a patient may stand.
    runner = web.AppRunner(
        application(settings), access_log=None, shutdown_timeout=SHUTDOWN_S, handler_cancellation=True
    )
    await runner.setup()
    try:
        context = tls(settings)
        inherited = [socket.socket(fileno=number) for number in settings.sockets]
        sites: list[web.BaseSite] = [
            web.SockSite(runner, listening, ssl_context=context, backlog=BACKLOG) for listening in inherited
        ] or [web.TCPSite(runner, settings.host, settings.port, ssl_context=context, backlog=BACKLOG)]
        for site in sites:
            await site.start()
        log.info("listening", host=settings.host, port=settings.port, tls=context is not None)
        tell_ready(os.environ)
        await stopped.wait()
    finally:
        await runner.cleanup()


def main() -> int:
    to_standard_error()
    logging.basicConfig(level=logging.WARNING)
    logging.getLogger("aiohttp.server").setLevel(logging.CRITICAL)  # it quotes what a broken request said
    try:
        uvloop.run(serve(Settings.from_environment(os.environ)))
    except (StorageError, OSError, ssl.SSLError) as error:
        log.error("cannot_serve", error=type(error).__name__, reason=str(error))
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
