"""Corporate numbers: the first digit checks the others."""

import pytest
from django.core.exceptions import ValidationError

from governance import corporate_number

# National Tax Agency and Digital Agency, as published.
REAL = ("7000012050002", "8000012010038")


@pytest.mark.parametrize("number", REAL)
def test_published_numbers_are_valid(number: str) -> None:
    corporate_number.validate(number)
    assert corporate_number.check_digit(number[1:]) == int(number[0])


@pytest.mark.parametrize("place", range(13))
def test_any_wrong_digit_is_found(place: int) -> None:
    number = REAL[0]
    wrong = number[:place] + str((int(number[place]) + 1) % 9) + number[place + 1 :]
    with pytest.raises(ValidationError):
        corporate_number.validate(wrong)


@pytest.mark.parametrize("text", ["", "700001205000", "70000120500022", "７000012050002", "x" * 13])
def test_what_is_no_number_at_all(text: str) -> None:
    with pytest.raises(ValidationError, match="13 digits"):
        corporate_number.validate(text)


def test_numbers_are_compared_in_normal_width() -> None:
    assert corporate_number.plain(" ７０００-012050002 ") == REAL[0]
