"""One value of a column as text, and back, without loss.

Nothing is ``\\N`` and text is itself; text that begins with a backslash gets another one before it.
Yen and counts are plain digits, decimals have a point, days are ISO 8601, moments ISO 8601 in UTC,
JSON is JSON, bytes are base64.
"""

import json
from base64 import b64encode
from datetime import UTC, datetime
from typing import Any, Final

from django.db import models

NOTHING: Final = "\\N"


def text_of(field: "models.Field[Any, Any]", value: Any) -> str:
    """A value as a cell holds it."""
    if value is None:
        return NOTHING
    if isinstance(field, models.JSONField):
        text = json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    elif isinstance(value, bytes | memoryview):
        text = b64encode(bytes(value)).decode("ascii")
    elif isinstance(value, datetime):
        text = value.astimezone(UTC).isoformat(timespec="microseconds")
    else:
        text = str(value)
    return f"\\{text}" if text.startswith("\\") else text


def value_of(field: "models.Field[Any, Any]", text: str) -> Any:
    """What a cell holds as the column takes it. Raises ValueError or ValidationError."""
    if text == NOTHING:
        return None
    if text.startswith("\\"):
        text = text[1:]
    if isinstance(field, models.ForeignKey):
        return value_of(field.target_field, text)
    if isinstance(field, models.JSONField):
        return json.loads(text)
    if isinstance(field, models.CharField | models.TextField):
        return text
    return field.to_python(text)
