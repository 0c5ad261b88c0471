"""Ports: taken while we may, and shown as addresses that a person can open."""

from __future__ import annotations

import errno
import socket
from contextlib import suppress

from farview.errors import PortInUse

BACKLOG = 256


def listen(host: str, port: int, setting: str) -> socket.socket:
    """A socket that listens there, or PortInUse that names the setting to change."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((host, port))
        listening.listen(BACKLOG)
    except OSError as error:
        listening.close()
        if error.errno == errno.EADDRINUSE:
            raise PortInUse("port_in_use", port=port, setting=setting) from None
        raise PortInUse("port_refused", host=host, port=port, why=error.strerror, setting=setting) from None
    return listening


def in_url(host: str) -> str:
    """A host as it stands in an address that a person opens."""
    return f"[{host}]" if ":" in host else host


def is_free(host: str, port: int) -> bool:
    """Whether somebody could listen there now."""
    try:
        listen(host, port, "").close()
    except PortInUse:
        return False
    return True


def own_addresses() -> list[str]:
    """This machine's addresses on its networks, the one towards the rest of the world first."""
    found = []
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe, suppress(OSError):  # no network
        probe.connect(("192.0.2.1", 9))  # RFC 5737: an address of nobody; nothing is sent
        found.append(str(probe.getsockname()[0]))
    with suppress(OSError):  # this machine's own name leads nowhere
        found += [str(info[4][0]) for info in socket.getaddrinfo(socket.gethostname(), None, socket.AF_INET)]
    return [address for address in dict.fromkeys(found) if not address.startswith("127.")]
