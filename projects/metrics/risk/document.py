"""The rule book as a page for people: ``docs/risk-rules.md`` is this text."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from projects.metrics.risk.registry import Parameter, Rule, Unit

_HEAD = """\
# Risk rules

Generated from the rules by `python manage.py document_rules`; do not edit by hand.

A rule judges one object on one day and answers high, medium, low, none or unknown. It never
guesses: without its inputs the answer is unknown, which is kept and counted apart from findings.
The CIO office may change every parameter, from a day on, as a risk policy; the values below are
the presets. A flag keeps the rule's id and version and the figures that led to it.
"""


def render(rules: Iterable[Rule[Any]]) -> str:
    """Markdown of all rules in order of their ids."""
    return "\n".join([_HEAD, *(_section(rule) for rule in sorted(rules, key=lambda r: r.id))])


def _section(rule: Rule[Any]) -> str:
    rows = "\n".join(
        f"| `{name}` | {_value(parameter)} | {parameter.meaning} |"
        for name, parameter in rule.parameters.items()
    )
    return f"""\
## {rule.title} (`{rule.id}`, version {rule.version})

Judges a {" or ".join(rule.subjects)}. {rule.description}

| parameter | preset | meaning |
| --- | --- | --- |
{rows}

Source: {rule.citation}
"""


def _value(parameter: Parameter) -> str:
    match parameter.unit:
        case Unit.RATIO:
            return f"{parameter.default:f} ({parameter.default * 100:.0f} %)"
        case Unit.DAY_OF_MONTH:
            return f"day {parameter.default}"
        case _:
            return f"{parameter.default:,f} {parameter.unit}"
