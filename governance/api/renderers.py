from decimal import Decimal
from typing import Any

from rest_framework import renderers
from rest_framework.utils import encoders


class JSONEncoder(encoders.JSONEncoder):
    """Decimals as text: a JSON number would lose digits in most readers."""

    def default(self, obj: Any) -> Any:
        return f"{obj:f}" if isinstance(obj, Decimal) else super().default(obj)


class JSONRenderer(renderers.JSONRenderer):
    encoder_class = JSONEncoder
