"""Icons as inline SVG: no font, no file to fetch, printable, coloured by the text around."""

from typing import Final

from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

# Paths on a 24 × 24 grid, drawn for this product. Shapes differ so that none is told
# from another by colour alone.
ICON_PATHS: Final[dict[str, str]] = {
    "high": "M12 2 23 21H1zm-1 7v6h2V9zm0 8v2h2v-2z",
    "medium": "M12 1 23 12 12 23 1 12zm-1 6v6h2V7zm0 8v2h2v-2z",
    "low": "M12 2a10 10 0 1 1 0 20 10 10 0 0 1 0-20zm-1 8v8h2v-8zm0-4v2h2V6z",
    "unknown": (
        "M3 3h18v18H3zm2 2v14h14V5zm6 11h2v2h-2zm1-10a4 4 0 0 1 4 4c0 2-3 2.5-3 5h-2"
        "c0-3.5 3-3.5 3-5a2 2 0 0 0-4 0H8a4 4 0 0 1 4-4z"
    ),
    "ok": "M12 2a10 10 0 1 1 0 20 10 10 0 0 1 0-20zm5 6-7 7-3-3-1.5 1.5L10 18l8.5-8.5z",
    "info": "M12 2a10 10 0 1 1 0 20 10 10 0 0 1 0-20zm-1 8v8h2v-8zm0-4v2h2V6z",
    "sort": "m12 3 5 7H7zm0 18-5-7h10z",
    "sort-ascending": "m12 5 7 12H5z",
    "sort-descending": "m12 19 7-12H5z",
    "download": "M11 3h2v9l4-4 1.5 1.5L12 16 5.5 9.5 7 8l4 4zM4 19h16v2H4z",
    "search": "M10 3a7 7 0 0 1 5.6 11.2l5.1 5.1-1.4 1.4-5.1-5.1A7 7 0 1 1 10 3zm0 2a5 5 0 1 0 0 10 5 5 0 0 0 0-10z",
    "menu": "M3 5h18v2H3zm0 6h18v2H3zm0 6h18v2H3z",
    "user": "M12 3a5 5 0 1 1 0 10 5 5 0 0 1 0-10zM3 21c0-4 4-6 9-6s9 2 9 6z",
    "calendar": "M7 2h2v2h6V2h2v2h4v18H3V4h4zM5 9v11h14V9z",
}


def icon(name: str) -> SafeString:
    """A decorative inline SVG (hidden from screen readers: the word stands beside it)."""
    # The path is a constant of this module, never input.
    path = mark_safe(ICON_PATHS[name])  # noqa: S308
    return format_html(
        '<svg class="icon icon-{}" viewBox="0 0 24 24" aria-hidden="true" focusable="false">'
        '<path fill-rule="evenodd" d="{}"/></svg>',
        name,
        path,
    )
