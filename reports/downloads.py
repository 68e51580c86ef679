"""A table as an answer: a file at once, or, where it is large, the word that a job must make it."""

import tempfile
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence, Sized
from itertools import islice
from typing import Any, Final, TypeVar

from django.conf import settings
from django.db import connections
from django.db.models import QuerySet
from django.http import (
    FileResponse,
    HttpRequest,
    HttpResponseBase,
    QueryDict,
    StreamingHttpResponse,
)
from django.utils.http import content_disposition_header

from governance.audit.taken import taken
from governance.formatting import iso_date
from governance.models import User
from governance.tabular import Column
from reports.exports import Meta, csv_stream, write_xlsx

R = TypeVar("R")

CSV_TYPE: Final = "text/csv; charset=utf-8"
XLSX_TYPE: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
# Rows read at a time while a file is written.
_CHUNK_ROWS: Final = 2000


class Counted(Iterable[R]):
    """Rows that come one by one, and how many there are."""

    def __init__(self, total: int, rows: Iterable[R]) -> None:
        self.total, self.rows = total, rows

    def __len__(self) -> int:
        return self.total

    def __iter__(self) -> Iterator[R]:
        return iter(self.rows)


class TooManyRows(Exception):
    """More rows than one request writes: the file is for a job to make."""

    def __init__(self, title: str, file_name: str) -> None:
        super().__init__(file_name)
        self.title, self.file_name = title, file_name


class JobRequest(HttpRequest):
    """An address that a job asks in the name of `user`, with no limit of rows; `pace` is told how
    many rows have been read, of how many where that is known, and may raise to break off."""

    def __init__(self, address: str, user: User, pace: Callable[[int, int | None], None]) -> None:
        super().__init__()
        self.method = "GET"
        self.path, _mark, query = address.partition("?")
        self.path_info = self.path
        self.META["QUERY_STRING"] = query
        self.GET = QueryDict(query)
        self.user = user
        self.pace = pace

    def paced(self, rows: Iterable[R], total: int | None) -> Iterator[R]:
        read = iter(rows)
        try:
            for number, row in enumerate(read, start=1):
                self.pace(number, total)
                yield row
        finally:
            # A job that breaks off still has to write so: beside an open cursor SQLite refuses it.
            if isinstance(read, Generator):
                read.close()


def _counted(rows: Iterable[R]) -> tuple[int | None, Iterable[R]]:
    """How many rows there are, where that can be told before they are read; and the rows."""
    if isinstance(rows, QuerySet):
        return rows.count(), rows.iterator(chunk_size=_CHUNK_ROWS)
    return (len(rows) if isinstance(rows, Sized) else None), rows


def _pieces(rows: QuerySet[Any, Any]) -> Iterator[Any]:
    """The rows with no cursor left open between two pieces. A job writes how far it is while it
    reads; SQLite refuses that beside an open cursor as soon as anybody else has written. Rows that
    are deleted meanwhile are left out. Cost: one query for the keys, one a piece."""
    keys = list(rows.values_list("pk", flat=True))
    for start in range(0, len(keys), _CHUNK_ROWS):
        yield from list(rows.filter(pk__in=keys[start : start + _CHUNK_ROWS]))


def streamed(rows: QuerySet[Any, Any]) -> Iterator[Any]:
    """The rows of a queryset one by one, for a job too: it may write between any two of them."""
    if connections[rows.db].vendor == "sqlite":
        return _pieces(rows)
    return rows.iterator(chunk_size=_CHUNK_ROWS)


def _begun(rows: Iterable[R], total: int | None) -> tuple[int, Iterable[R]]:
    """Rows and their number; of rows that nobody has counted, no more than tell that they are too
    many."""
    if total is None:
        rows = list(islice(rows, settings.EXPORT_JOB_ROWS + 1))
        total = len(rows)
    return total, rows


def export_response(
    request: HttpRequest,
    fmt: str,
    columns: Sequence[Column[R]],
    rows: Iterable[R],
    meta: Meta,
    *,
    name: str,
) -> HttpResponseBase:
    """The file in a format of FORMATS, for download as `<name>_<as-of>.<fmt>`.

    `rows` may be a queryset: each row is read once and dropped. Audited as "file.taken" before
    the first byte goes; what a job makes is told when its owner takes it. Raises TooManyRows
    where a person asks for more than EXPORT_JOB_ROWS, KeyError for another format, ExportTooLarge
    where a workbook cannot hold the rows.
    """
    make = {"csv": _csv_response, "xlsx": _xlsx_response}[fmt]
    file_name = f"{name}_{iso_date(meta.as_of)}.{fmt}"
    total, read = _counted(rows)
    if isinstance(request, JobRequest):
        if isinstance(rows, QuerySet):
            read = streamed(rows)
        response = make(columns, request.paced(read, total), meta)
    else:
        total, read = _begun(read, total)
        if total > settings.EXPORT_JOB_ROWS:
            raise TooManyRows(str(meta.title), file_name)
        response = make(columns, read, meta)
        try:
            taken(request, name, fmt, title=str(meta.title), rows=total)
        except BaseException:
            put_away(response)
            raise
    response["Content-Disposition"] = content_disposition_header(
        as_attachment=True, filename=file_name
    )
    return response


def put_away(response: HttpResponseBase) -> None:
    """Close the file behind a response that nobody is sent. `response.close()` would tell of the
    end of a request as well, which closes the database's connection of whoever is still at work."""
    if (made := getattr(response, "file_to_stream", None)) is not None:
        made.close()


def _csv_response(columns: Sequence[Column[R]], rows: Iterable[R], meta: Meta) -> HttpResponseBase:
    return StreamingHttpResponse(csv_stream(columns, rows, meta), content_type=CSV_TYPE)


def _xlsx_response(columns: Sequence[Column[R]], rows: Iterable[R], meta: Meta) -> HttpResponseBase:
    # FileResponse closes the file, and closing deletes it.
    file = tempfile.TemporaryFile(suffix=".xlsx")  # noqa: SIM115
    try:
        write_xlsx(columns, rows, meta, file)
    except BaseException:
        file.close()
        raise
    file.seek(0)
    return FileResponse(file, content_type=XLSX_TYPE)
