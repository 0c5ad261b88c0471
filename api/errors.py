"""What the api itself refuses, and how every error of ours becomes an HTTP answer.

ApiError
├── NotSignedIn          no session, or it has ended
├── PasswordMustChange   the one-time password has to be replaced before anything else
├── NotAllowed           this person may not do this
├── ForeignOrigin        the request comes from another site's page
├── InvalidRequest       the body or a parameter is not what the route takes
├── JsonNeeded           the body is not application/json
├── TooManyAttempts      too many failed sign-ins from one address
└── PageNotBuilt         the viewer's files are not installed
"""

from __future__ import annotations

import secrets
import traceback
from collections.abc import Mapping

import structlog
from aiohttp import web

from api.answers import Handler, answer
from api.messages import Problem
from storage import errors as storage

log = structlog.get_logger()


class ApiError(Exception):
    """Base of what this package refuses; `code` is a key of the viewer's dictionary."""

    code = "invalid_request"


class NotSignedIn(ApiError):
    """There is no session, or it has ended."""

    code = "not_signed_in"


class PasswordMustChange(ApiError):
    """The one-time password has to be replaced first."""

    code = "password_must_change"


class NotAllowed(ApiError):
    """This person may not do this."""

    code = "forbidden"


class ForeignOrigin(ApiError):
    """A page of another site sent this request with this person's cookie."""

    code = "forbidden"


class InvalidRequest(ApiError):
    """The body or a parameter is not what this route takes."""

    code = "invalid_request"


class JsonNeeded(ApiError):
    """The body is not application/json."""

    code = "invalid_request"


class TooManyAttempts(ApiError):
    """Too many failed sign-ins came from this address; it passes by itself."""

    code = "too_many_attempts"


class PageNotBuilt(ApiError):
    """The viewer's files are not there: `pip install .` builds them."""

    code = "page_not_built"


# The one table. The nearest class of an error decides; tests/api/test_errors.py sees that every class has a row.
STATUS: Mapping[type[Exception], int] = {
    ApiError: 400,
    NotSignedIn: 401,
    PasswordMustChange: 403,
    NotAllowed: 403,
    ForeignOrigin: 403,
    InvalidRequest: 400,
    JsonNeeded: 415,
    TooManyAttempts: 429,
    PageNotBuilt: 503,
    storage.StorageError: 500,
    storage.NotFound: 404,
    storage.Conflict: 409,
    storage.Forbidden: 403,
    storage.TryAgain: 503,
    # 403, not 401: 401 tells the page that its session has ended, and a wrong old password does not end one.
    storage.SignInError: 403,
    storage.WrongPassword: 403,
    storage.AccountLocked: 429,
    storage.WeakPassword: 422,
    storage.DatabaseUnavailable: 503,
    storage.PostgresNotStarted: 503,
    storage.SchemaError: 503,
    storage.MigrationChanged: 503,
    storage.MigrationFailed: 503,
    storage.SchemaNewer: 503,
    storage.DatabaseUnsuitable: 503,
    storage.HomeError: 503,
    storage.HomeUnusable: 503,
    storage.HomeLocked: 503,
    storage.InvalidDataset: 422,
    storage.InvalidPreferences: 422,
    storage.UnreadablePixels: 422,
    storage.NotDerivable: 422,
    storage.UnwritableText: 422,
    storage.DiskFull: 507,
    storage.DamagedFile: 500,
}

# What aiohttp itself raises before a handler is reached.
HTTP_CODES: Mapping[int, str] = {404: "not_found"}


def status_of(error: Exception) -> int | None:
    """The HTTP status of an error of ours; None for one that nobody foresaw."""
    return next((STATUS[cls] for cls in type(error).__mro__ if cls in STATUS), None)


@web.middleware
async def problems(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Turn whatever a handler raises into a Problem. Nobody outside sees a message or a stack trace of ours."""
    try:
        return await handler(request)
    except web.HTTPException as error:
        headers = {"Allow": error.headers["Allow"]} if "Allow" in error.headers else {}
        return answer(Problem(HTTP_CODES.get(error.status, "invalid_request")), status=error.status, headers=headers)
    except Exception as error:
        status = status_of(error)
        if status is not None:
            if status >= 500:
                log.error("failed", route=route_name(request), error=type(error).__name__, reason=str(error))
            # Our own words may go out; storage's messages name paths and identifiers and stay here.
            detail = str(error) if isinstance(error, ApiError) else ""
            return answer(Problem(str(getattr(error, "code", "unexpected")), detail), status=status)
        if isinstance(error, ConnectionResetError):  # the asker has gone
            raise
        # The id joins what the person sees with the line in the log.
        incident = secrets.token_hex(4)
        # The places, not the message: it may quote a value, and a value may be a patient's or a password.
        places = [f"{frame.filename}:{frame.lineno}" for frame in traceback.extract_tb(error.__traceback__)]
        log.error("unexpected", route=route_name(request), incident=incident, error=type(error).__name__, at=places)
        return answer(Problem("unexpected", incident), status=500)


def route_name(request: web.Request) -> str:
    """The route as it is declared: no identifier, and no query, in which a patient's name may stand."""
    resource = request.match_info.route.resource
    return f"{request.method} {resource.canonical if resource else 'unknown'}"
