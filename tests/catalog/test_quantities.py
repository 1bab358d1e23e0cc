from __future__ import annotations

import contextlib
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eg_ext.catalog import parse_quantity

# As apimachinery 0.36 reads them (resource.ParseQuantity, then AsDec).
KNOWN = {
    "0": "0",
    "-1": "-1",
    "+1": "1",
    ".5": "0.5",
    "5.": "5",
    "500m": "0.5",
    "1k": "1000",
    "1Ki": "1024",
    "1.5Gi": "1610612736",
    "0.1Ei": "115292150460684697.6",
    "9E": "9000000000000000000",
    "1E": "1000000000000000000",
    "1E3": "1000",
    "1e3": "1000",
    "1e-3": "0.001",
    "1.e3": "1000",
    "1n": "0.000000001",
    "1u": "0.000001",
    "0.1n": "0.000000001",
    "-0.1n": "-0.000000001",
    "1e-400": "0.000000001",
    "0e400": "0",
    "12345.678901234567": "12345.678901235",
    "9223372036854775807": "9223372036854775807",
    "0.0000000001Ki": "0.000000103",
}

DECIMAL = {"n": -9, "u": -6, "m": -3, "": 0, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18}
BINARY = {"Ki": 10, "Mi": 20, "Gi": 30, "Ti": 40, "Pi": 50, "Ei": 60}


@pytest.mark.parametrize(("text", "number"), KNOWN.items())
def test_a_quantity_means_what_kubernetes_takes_it_for(text: str, number: str) -> None:
    assert parse_quantity(text) == Decimal(number)


NOT_TEXT: list[object] = [True, None, [], float("nan")]
NOT_A_NUMBER = ["", " ", "e3", "-", "1.2.3", "1ee3", "1e1.5", "1_000", "0x10", "inf", "nan", "١"]
NOT_A_SUFFIX = ["1 Gi", " 1Gi", "1Gi ", "1Gi\n", "1K", "1KI", "1gi", "1GB", "1Gib", "9" * 100]


@pytest.mark.parametrize("value", [*NOT_TEXT, *NOT_A_NUMBER, *NOT_A_SUFFIX])
def test_what_is_no_quantity_is_refused(value: object) -> None:
    with pytest.raises(ValueError, match="is not a quantity"):
        parse_quantity(value)


@pytest.mark.parametrize("text", ["8Ei", "10E", "1e19", "-10E", "1e999999999999", "9" * 30])
def test_a_quantity_beyond_what_kubernetes_counts_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="more than Kubernetes can count"):
        parse_quantity(text)


@given(st.integers(-(10**9), 10**9), st.sampled_from(sorted(DECIMAL)))
def test_a_decimal_suffix_is_a_power_of_ten(number: int, suffix: str) -> None:
    power = DECIMAL[suffix]
    if abs(number) * Decimal(10) ** power < 2**63:
        assert parse_quantity(f"{number}{suffix}") == Decimal(number).scaleb(power)
        assert parse_quantity(f"{number}e{power}") == parse_quantity(f"{number}{suffix}")


@given(st.integers(-7, 7), st.sampled_from(sorted(BINARY)))
def test_a_binary_suffix_is_a_power_of_two(number: int, suffix: str) -> None:
    assert parse_quantity(f"{number}{suffix}") == number * 2 ** BINARY[suffix]


@given(st.decimals(-(10**9), 10**9, allow_nan=False, places=9))
def test_nine_decimal_places_are_exact(number: Decimal) -> None:
    assert parse_quantity(f"{number:f}") == number


@given(st.integers(0, 2**62))
def test_a_plain_number_is_taken_as_it_is(number: int) -> None:
    assert parse_quantity(number) == number


@given(st.text("0123456789.+-eEKMGimnu ", max_size=12))
def test_any_text_is_a_number_that_kubernetes_can_count_or_a_value_error(text: str) -> None:
    with contextlib.suppress(ValueError):
        assert abs(parse_quantity(text)) < 2**63
