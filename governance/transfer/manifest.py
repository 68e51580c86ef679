"""What an export says of itself: its files with their hashes, and what every column means."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Final

from django.utils.encoding import force_str
from django.utils.translation import gettext as _
from django.utils.translation import override

from governance.exceptions import DomainError
from governance.transfer import kinds

FORMAT: Final = 1
FILE: Final = "manifest.json"
_LANGUAGES: Final = ("ja", "en")


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its type, its names, whether it may be empty, which kind it refers to, and the
    meaning of its codes."""

    name: str
    type: str
    label: Mapping[str, str]
    may_be_empty: bool
    refers_to: str = ""
    codes: Mapping[str, Mapping[str, str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Kind:
    """One table. `last_id` is the highest number it ever gave: numbers are never given twice."""

    label: str
    title: Mapping[str, str]
    file: str
    sha256: str
    rows: int
    last_id: int
    columns: tuple[Column, ...]


@dataclass(frozen=True, slots=True)
class Manifest:
    product: str
    made_at: str
    with_credentials: bool
    audit_seq: int
    audit_hash: str
    left_out: Mapping[str, str]
    kinds: tuple[Kind, ...]

    def to_json(self) -> str:
        return json.dumps({"format": FORMAT, **asdict(self)}, ensure_ascii=False, indent=1)

    @classmethod
    def from_json(cls, text: str) -> "Manifest":
        """Raises DomainError for anything but a manifest of a format that this release knows."""
        try:
            told = json.loads(text)
            form = told.pop("format")
            if form == FORMAT:
                found = told.pop("kinds")
                return cls(kinds=tuple(_kind(one) for one in found), **told)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise DomainError(_("The manifest of this export cannot be read.")) from error
        raise DomainError(
            _("This export has format %(theirs)s, and this release reads format %(ours)d.")
            % {"theirs": form, "ours": FORMAT}
        )


def _kind(told: dict[str, Any]) -> Kind:
    found = tuple(Column(**column) for column in told.pop("columns"))
    return Kind(columns=found, **told)


def _in_both(text: Any) -> dict[str, str]:
    said = {}
    for language in _LANGUAGES:
        with override(language):
            said[language] = force_str(text)
    return said


def title_of(model: kinds.Model) -> dict[str, str]:
    """What a kind is called, in both languages."""
    return _in_both(model._meta.verbose_name_plural)


def describe(fields: Iterable[kinds.Field]) -> tuple[Column, ...]:
    """The dictionary of columns, from the models themselves."""
    return tuple(
        Column(
            name=one.attname,
            type=one.get_internal_type(),
            label=_in_both(one.verbose_name),
            may_be_empty=one.null,
            refers_to="" if one.related_model is None else one.related_model._meta.label,
            codes={str(code): _in_both(words) for code, words in one.flatchoices},
        )
        for one in fields
    )
