"""The other ends of links: by name only where the reader may see what stands there.

A record of one's own may name a contract's project, a predecessor, a goal or a person of another
office, since records move and files and people of two offices link them. A reader who may not see
that end reads that it is one of those: no name, no key, no address; no search finds it and no order
tells of it. Rows carry a mark for each link (`with_marks`); where a row carries none, the end is
taken as unseen.
"""

from collections.abc import Sequence
from functools import cache
from typing import Any, Final

from django.db import models
from django.db.models import Case, Exists, F, OuterRef, Q, QuerySet, Value, When
from django.db.models.expressions import Combinable
from django.utils.translation import gettext_lazy as _
from django.utils.translation import override

from governance import entry
from governance.access import Action, Resource, rights_of
from governance.models import User
from governance.querysets import ScopedQuerySet
from governance.tabular import Text
from projects.models import KpiLink, SystemLineage
from projects.register import kind_of

UNSEEN: Final = _("a record that you may not see")

_LANGUAGES: Final = ("ja", "en")


@cache
def _words_for_unseen() -> frozenset[str]:
    """The words in every language, in normal width."""
    found = set()
    for language in _LANGUAGES:
        with override(language):
            found.add(entry.plain(str(UNSEEN)))
    return frozenset(found)


def says_unseen(text: str) -> bool:
    """Whether a file or a program sends back the words for an end that it was not told."""
    return entry.plain(text) in _words_for_unseen()


# Whose work a record is. Who wrote, approved or sent back is the story of the record itself.
_PEOPLE: Final = frozenset({"owner_user", "reviewer_user"})
# Kinds that are nothing but a link: their name is made of both ends.
_NAMED_BY_ENDS: Final[dict[type[models.Model], tuple[str, str]]] = {
    SystemLineage: ("predecessor", "successor"),
    KpiLink: ("origin", "target"),
}


def _target(model: type[models.Model], name: str) -> type[models.Model]:
    found: Any = model._meta.get_field(name).related_model
    return found  # type: ignore[no-any-return]


_ENDS: Final[dict[type[models.Model], frozenset[str]]] = {}


def ends_of(model: type[models.Model]) -> frozenset[str]:
    """The foreign keys of a model whose ends some readers may not see: those to records that lie in
    an agency or a project, and to the people whose work it is."""
    if model not in _ENDS:
        _ENDS[model] = frozenset(
            field.name
            for field in model._meta.concrete_fields
            if field.many_to_one and _is_scoped(field)
        )
    return _ENDS[model]


def _is_scoped(field: Any) -> bool:
    if field.related_model is User:
        return field.name in _PEOPLE
    try:
        kind_of(field.related_model)
    except KeyError:
        return False
    # Agencies are masters: everybody with a role knows them all.
    return any(
        line.resource is not Resource.MASTER and (line.agency or line.project)
        for line in field.related_model.access
    )


def seen(target: type[models.Model], user: Any) -> QuerySet[Any, Any] | None:
    """The records of a kind that may be named to `user`; None where that is all of them. Everybody
    knows the own name."""
    rights = rights_of(user)
    lines = target.access  # type: ignore[attr-defined]
    if all(rights.reach(line.resource, Action.READ).everything for line in lines):
        return None
    rows: ScopedQuerySet[Any] = target._default_manager.all()  # type: ignore[assignment]
    found: QuerySet[Any, Any] = rows.visible_to(user)
    if target is User:
        found = rows.filter(Q(pk__in=found.order_by().values("pk")) | Q(pk=user.pk))
    return found.order_by()


def sees(user: Any, obj: models.Model | None) -> bool:
    """Whether an end may be named to `user`. Cost: at most one query."""
    if obj is None:
        return True
    rows = seen(type(obj), user)
    return rows is None or rows.filter(pk=obj.pk).exists()


def mark_of(name: str) -> str:
    """The annotation that tells whether the reader sees the end of link `name`."""
    return f"sees_{name}"


def with_marks(rows: QuerySet[Any], user: Any) -> QuerySet[Any]:
    """`rows` with a mark for each link. Adds no query."""
    marks: dict[str, Any] = {}
    for name in sorted(ends_of(rows.model)):
        ends = seen(_target(rows.model, name), user)
        marks[mark_of(name)] = (
            Value(value=True) if ends is None else Exists(ends.filter(pk=OuterRef(f"{name}_id")))
        )
    marked: QuerySet[Any] = rows.annotate(**marks)
    return marked


def with_all_seen(rows: QuerySet[Any]) -> QuerySet[Any]:
    """`rows` for whoever operates the machine: commands, never a request."""
    marks = {mark_of(name): Value(value=True) for name in ends_of(rows.model)}
    marked: QuerySet[Any] = rows.annotate(**marks)
    return marked


def mark(obj: Any, name: str, user: Any) -> None:
    """Mark one link of a record that is no row of a list. Cost: at most one query."""
    if name in ends_of(type(obj)):
        setattr(obj, mark_of(name), sees(user, getattr(obj, name)))


def is_unseen(row: Any, name: str) -> bool:
    """Whether link `name` of a marked row leads to a record that the reader may not see."""
    if name not in ends_of(type(row)) or getattr(row, f"{name}_id") is None:
        return False
    return not getattr(row, mark_of(name), False)


def name_of(row: Any) -> str:
    """What a marked row is called: of a link that is a record of its own, the ends that the reader
    sees."""
    ends = _NAMED_BY_ENDS.get(type(row))
    if ends is None:
        return str(row)
    return " → ".join(str(UNSEEN if is_unseen(row, name) else getattr(row, name)) for name in ends)


def path_for(model: type[models.Model], path: str, user: Any) -> Combinable:
    """What to order rows by at the end of `path`: unseen ends are all alike, as if there were none."""
    name = path.split("__")[0]
    if "__" not in path or name not in ends_of(model):
        return F(path)
    ends = seen(_target(model, name), user)
    if ends is None:
        return F(path)
    return Case(When(**{f"{name}__in": ends.values("pk")}, then=F(path)))


def found_at(model: type[models.Model], path: str, lookups: Sequence[Q], user: Any) -> Q:
    """`lookups` on `path`, any of them, among the ends alone that the reader sees: a search must not
    find by a name that is not shown."""
    anywhere = Q()
    for lookup in lookups:
        anywhere |= lookup
    name = path.split("__")[0]
    if "__" not in path or name not in ends_of(model):
        return anywhere
    ends = seen(_target(model, name), user)
    return anywhere if ends is None else anywhere & Q(**{f"{name}__in": ends.values("pk")})


def word(row: Any, name: str) -> Text | None:
    """The end of a link in words; None where there is none."""
    if is_unseen(row, name):
        return UNSEEN
    end = getattr(row, name)
    return None if end is None else str(end)
