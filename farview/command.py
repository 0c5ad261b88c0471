"""The command `farview`: its options, and one sentence instead of a trace for whatever was foreseeable."""

from __future__ import annotations

import ssl
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from farview.errors import CommandError
from farview.settings import read
from farview.words import say
from storage.errors import DatabaseUnavailable, HomeLocked, HomeUnusable, StorageError, WeakPassword

REFUSED = 2  # the exit code of a command that could not do its work

app = typer.Typer(help=say("help"), no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)

HomeOption = Annotated[Path | None, typer.Option("--home", help=say("help_home"), show_default=False, readable=False)]


@app.command(help=say("help_serve"))
def serve(  # noqa: PLR0917 - typer reads them by name
    home: HomeOption = None,
    port: Annotated[int | None, typer.Option("--port", help=say("help_port"), show_default=False)] = None,
    lan: Annotated[bool, typer.Option("--lan", help=say("help_lan"))] = False,
    tls_cert: Annotated[Path | None, typer.Option("--tls-cert", help=say("help_tls_cert"), show_default=False)] = None,
    tls_key: Annotated[Path | None, typer.Option("--tls-key", help=say("help_tls_key"), show_default=False)] = None,
    demo: Annotated[bool, typer.Option("--demo", help=say("help_demo"))] = False,
) -> None:
    from farview.serve import serve as run  # noqa: PLC0415 - each command loads what it needs

    # A switch that is not given leaves the word to its environment variable.
    options = {"home": home, "port": port, "lan": lan or None, "tls_cert": tls_cert, "tls_key": tls_key}
    _answer(lambda: run(read(**options, demo=demo or None)))


@app.command("import", help=say("help_import"))
def bring_in(
    paths: Annotated[list[Path], typer.Argument(help=say("help_paths"), show_default=False, readable=False)],
    home: HomeOption = None,
    institution: Annotated[
        str | None, typer.Option("--institution", help=say("help_institution"), show_default=False)
    ] = None,
) -> None:
    from farview.importing import run  # noqa: PLC0415

    _answer(lambda: run(read(home=home, institution=institution), paths))


@app.command(help=say("help_doctor"))
def doctor(home: HomeOption = None) -> None:
    from farview.doctor import run  # noqa: PLC0415

    _answer(lambda: run(read(home=home)))


def _answer(work: Callable[[], int | None]) -> None:
    """Do the work and exit: 0, what the work answers, or 2 after a sentence that says what kept it."""
    try:
        code = work()
    except KeyboardInterrupt:
        code = _refuse(say("interrupted"))
    except CommandError as error:
        code = _refuse(str(error))
    except WeakPassword as error:
        code = _refuse(say("weak_admin_password", why=error.code))
    except HomeLocked as error:
        code = _refuse(say("home_locked", why=error))
    except HomeUnusable as error:
        code = _refuse(say("home_unusable", why=error))
    except DatabaseUnavailable as error:
        code = _refuse(say("database_gone", why=error))
    except (StorageError, OSError, ssl.SSLError) as error:
        code = _refuse(say("failed", why=error))
    raise typer.Exit(code or 0)


def _refuse(sentence: str) -> int:
    print(sentence, file=sys.stderr, flush=True)
    return REFUSED
