"""Which characters a text may hold."""

import pytest
from django.core.exceptions import ValidationError
from hypothesis import given
from hypothesis import strategies as st

from governance.fields.text import check_line, check_prose, check_structure, one_line, prose

NEVER = {
    "NUL": "\x00",
    "bell": "\x07",
    "vertical tab": "\x0b",
    "form feed": "\x0c",
    "escape": "\x1b",
    "delete": "\x7f",
    "next line": "\x85",
    "C1": "\x9f",
    "turned to the left": "\u202e",
    "embedded": "\u202a",
    "isolated": "\u2066",
    "end of isolation": "\u2069",
    "half of a pair": "\ud800",
    "other half": "\udfff",
    "lost": "\ufffd",
    "noncharacter": "\ufffe",
    "noncharacter of another plane": "\U0001ffff",
    "noncharacter in between": "\ufdd0",
}
ONE_LINE = {"line feed": "\n", "return": "\r", "tab": "\t", "line": "\u2028", "paragraph": "\u2029"}
INVISIBLE = [
    "\u200b",
    "\u200b\u200d\ufeff",
    "\u3000",
    " ",
    "\xa0\u2003",
    "\u3164",
    "\u2800",
    "\ufe0f",
]
FINE = [
    "",
    "内務台帳",
    "①号 (株) ㈱ ﾊﾝｶｸ",
    "👨‍👩‍👧 family",
    "e\u0301",
    "a\u200bb",
    "<script>alert(1)</script>",
    "'=1+1",
    "שלום",
]


@pytest.mark.parametrize("name", NEVER)
def test_what_is_kept_nowhere(name: str) -> None:
    for check in (check_line, check_prose):
        with pytest.raises(ValidationError) as caught:
            check(f"ab{NEVER[name]}c")
        (message,) = caught.value.messages
        assert "3" in message or "after 2 characters" in message, "the place is named"
    with pytest.raises(ValidationError):
        check_structure({"a": [{"b": f"x{NEVER[name]}"}]})
    with pytest.raises(ValidationError):
        check_structure({f"x{NEVER[name]}": 1})


@pytest.mark.parametrize("name", ONE_LINE)
def test_what_breaks_a_line(name: str) -> None:
    with pytest.raises(ValidationError):
        check_line(f"名{ONE_LINE[name]}前")
    if name != "return":  # A lone one is no line end of ours.
        check_prose(f"名{ONE_LINE[name]}前")
    check_prose(prose(f"名{ONE_LINE[name]}前"))
    check_line(one_line(f"名{ONE_LINE[name]}前"))


@pytest.mark.parametrize("text", INVISIBLE)
def test_a_name_can_be_seen(text: str) -> None:
    for check in (check_line, check_prose):
        with pytest.raises(ValidationError, match="nothing that can be seen"):
            check(text)


@pytest.mark.parametrize("text", FINE)
def test_what_people_write_is_taken(text: str) -> None:
    check_line(text)
    check_prose(f"{text}\n\n{text}." if text else text)
    check_structure({"answers": {"a": text, "b": None, "c": 1, "d": [True, 1.5]}})


def test_data_is_not_nested_without_end() -> None:
    nested: object = "x"
    for _level in range(30):
        nested = [nested]
    with pytest.raises(ValidationError, match="too deeply"):
        check_structure(nested)


@given(st.text())
def test_what_passes_is_kept_by_every_database_and_mail(text: str) -> None:
    try:
        check_line(text)
    except ValidationError:
        return
    text.encode("utf-8")
    assert "\x00" not in text
    assert len(f"a{text}a".splitlines()) == 1
    assert text == "" or text.strip()
