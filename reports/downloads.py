"""A table as an answer: a file at once, or, where it is large, the word that a job must make it."""

import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import Final, TypeVar

from django.conf import settings
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
# Rows read at a time while a file is written.
_CHUNK_ROWS: Final = 2000
XLSX_TYPE: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


class TooManyRows(Exception):
    """More rows than one request writes: the file is for a job to make."""

    def __init__(self, title: str, file_name: str) -> None:
        super().__init__(file_name)
        self.title, self.file_name = title, file_name


class JobRequest(HttpRequest):
    """An address that a job asks in the name of `user`, with no limit of rows; `pace` is told how
    many rows have been read, and may raise to break off."""

    def __init__(self, address: str, user: User, pace: Callable[[int], None]) -> None:
        super().__init__()
        self.method = "GET"
        self.path, _mark, query = address.partition("?")
        self.path_info = self.path
        self.META["QUERY_STRING"] = query
        self.GET = QueryDict(query)
        self.user = user
        self.pace = pace

    def paced(self, rows: Iterable[R]) -> Iterator[R]:
        for number, row in enumerate(rows, start=1):
            self.pace(number)
            yield row


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

    `rows` may be a queryset: each row is read once and dropped. Audited as "file.taken" before the
    first byte goes; what a job makes is told when its owner takes it. Raises TooManyRows where a
    person asks for more than EXPORT_JOB_ROWS, KeyError for another format, ExportTooLarge where a
    workbook cannot hold the rows.
    """
    make = {"csv": _csv_response, "xlsx": _xlsx_response}[fmt]
    file_name = f"{name}_{iso_date(meta.as_of)}.{fmt}"
    read = rows.iterator(chunk_size=_CHUNK_ROWS) if isinstance(rows, QuerySet) else rows
    if isinstance(request, JobRequest):
        response = make(columns, request.paced(read), meta)
    else:
        few = list(islice(read, settings.EXPORT_JOB_ROWS + 1))
        if len(few) > settings.EXPORT_JOB_ROWS:
            raise TooManyRows(str(meta.title), file_name)
        response = make(columns, few, meta)
        _tell(request, response, name, fmt, str(meta.title), len(few))
    response["Content-Disposition"] = content_disposition_header(
        as_attachment=True, filename=file_name
    )
    return response


def _tell(
    request: HttpRequest, response: HttpResponseBase, name: str, fmt: str, title: str, rows: int
) -> None:
    try:
        taken(request, name, fmt, title=title, rows=rows)
    except BaseException:
        response.close()  # A file that nobody is told of goes to nobody.
        raise


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
