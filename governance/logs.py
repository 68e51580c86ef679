"""What the processes of this site tell of themselves: one line an event on stderr.

Every line carries what is known of its cause (request or task, account, address). What people typed
is never in one: requests are named by their route, errors by their first line without the row
that a database refused.
"""

import logging
import sys
import traceback
import uuid
from collections.abc import Callable, MutableMapping, Sequence
from types import TracebackType
from typing import Any, Final, TextIO

import structlog
from django.core.exceptions import ImproperlyConfigured

_LONGEST: Final = 300

Event = MutableMapping[str, Any]
ExcInfo = tuple[type[BaseException], BaseException, TracebackType | None]


def told(error: BaseException) -> str:
    """An error in one line: its type and the first line of what it says, because databases put the
    row that they refused into the second."""
    first = (str(error).splitlines() or [""])[0]
    return f"{type(error).__qualname__}: {first}"[:_LONGEST]


def traceback_of(error: BaseException) -> str:
    """Where an error and those before it came from, each `told` in one line. An error that comes
    back in its own past, as `raise … from` can make it, is told once."""
    chain: list[BaseException] = []
    step: BaseException | None = error
    while step is not None and not any(step is seen for seen in chain):
        chain.insert(0, step)
        step = step.__cause__ or (None if step.__suppress_context__ else step.__context__)
    return "\nwhich led to:\n".join(map(_frames, chain))


def _frames(error: BaseException) -> str:
    frames = "".join(traceback.format_tb(error.__traceback__)).rstrip()
    parts = ["Traceback (most recent call last):", frames, told(error)]
    return "\n".join(part for part in parts if part)


def write_traceback(out: TextIO, exc_info: ExcInfo) -> None:
    """The traceback for people, below its line."""
    out.write("\n" + traceback_of(exc_info[1]))


def _without_rows(_logger: Any, _name: str, event: Event) -> Event:
    """Libraries pass the text of an error on: only its first line is kept."""
    error = event.get("error")
    if isinstance(error, str):
        event["error"] = (error.splitlines() or [""])[0][:_LONGEST]
    return event


# What django-structlog tells of requests and tasks is not told a second time, with addresses, hosts
# and arguments in it.
TOLD_TWICE: Final = (
    "django.request",
    "django.server",
    "django.security.DisallowedHost",
    "celery.app.trace",
)

# What is added to every line, whoever wrote it.
_SHARED: Final[Sequence[Callable[..., Any]]] = (
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_logger_name,
    structlog.stdlib.add_log_level,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    _without_rows,
)


def configure() -> None:
    """Lead structlog's lines through Python's logging: one way out for all."""
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *_SHARED,
            structlog.stdlib.PositionalArgumentsFormatter(),
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )


def json_formatter() -> logging.Formatter:
    """One JSON object a line, for machines."""
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=_SHARED,
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.ExceptionRenderer(lambda info: traceback_of(info[1])),
            structlog.processors.JSONRenderer(ensure_ascii=False, default=str),
        ],
    )


def line_formatter() -> logging.Formatter:
    """A line for people, tracebacks below it."""
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=_SHARED,
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.dev.ConsoleRenderer(colors=False, exception_formatter=write_traceback),
        ],
    )


def settings_for(*, as_json: bool, level: str) -> dict[str, Any]:
    """`LOGGING` of the settings."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "json": {"()": "governance.logs.json_formatter"},
            "line": {"()": "governance.logs.line_formatter"},
        },
        "handlers": {
            "stderr": {
                "class": "logging.StreamHandler",
                "formatter": "json" if as_json else "line",
            },
            "nowhere": {"class": "logging.NullHandler"},
        },
        "root": {"handlers": ["stderr"], "level": level},
        "loggers": {
            "django": {"handlers": [], "level": "INFO", "propagate": True},
            **{name: {"handlers": ["nowhere"], "propagate": False} for name in TOLD_TWICE},
        },
    }


def run_command(arguments: Sequence[str]) -> None:
    """Django's command line; what breaks a command leaves its traceback in the log."""
    from django.core.management import execute_from_command_line

    name = next(iter(arguments[1:]), "help")
    structlog.contextvars.bind_contextvars(command=name, command_id=str(uuid.uuid4()))
    try:
        execute_from_command_line(list(arguments))
    except ImproperlyConfigured as error:
        # Settings that cannot be read have set up no log that would show a traceback.
        sys.stderr.write(f"{error}\n")
        raise SystemExit(1) from error
    except Exception as error:
        structlog.get_logger(__name__).exception("command_failed")
        raise SystemExit(1) from error
