"""Kubernetes quantities (``500m``, ``4Gi``, ``1e3``) as exact numbers.

The grammar is apimachinery's: a decimal number with an optional sign, then one suffix
out of the decimal ones (``n u m k M G T P E``), the binary ones (``Ki … Ei``) or a
decimal exponent.  As there, what is finer than a billionth is rounded away from zero.
"""

from __future__ import annotations

import re
from decimal import ROUND_UP, Context, Decimal, localcontext

_QUANTITY = re.compile(
    r"(?P<number>[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+))"
    r"(?:(?P<suffix>[numkMGTPE]|[KMGTPE]i)|[eE](?P<exponent>[+-]?[0-9]+))?"
)
_DECIMAL_EXPONENTS = {
    "n": -9, "u": -6, "m": -3, "": 0, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18,
}  # fmt: skip
_BINARY_EXPONENTS = {"Ki": 10, "Mi": 20, "Gi": 30, "Ti": 40, "Pi": 50, "Ei": 60}
_LARGEST = Decimal(2**63 - 1)
_FINEST = Decimal("1e-9")
_MAX_LENGTH = 64
_FAR_EXPONENT = 2 * _MAX_LENGTH


def parse_quantity(value: object) -> Decimal:
    """The exact number that a quantity stands for.

    Takes text or, as YAML has them, a plain number.  Raises ValueError with a sentence
    that names the value for anything else.

    >>> parse_quantity("500m"), parse_quantity("1Ki"), parse_quantity(2)
    (Decimal('0.5'), Decimal('1024'), Decimal('2'))
    """
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        raise ValueError(f"{value!r} is not a quantity such as 500m, 2 or 4Gi")
    text = str(value)
    found = _QUANTITY.fullmatch(text)
    if found is None or len(text) > _MAX_LENGTH:
        raise ValueError(f"'{text[:_MAX_LENGTH]}' is not a quantity such as 500m, 2 or 4Gi")
    with localcontext(Context(prec=4 * _MAX_LENGTH)) as context:
        context.Emax, context.Emin = 10_000, -10_000
        amount = _scale(Decimal(found["number"]), found["suffix"] or "", found["exponent"] or "0")
        if abs(amount) > _LARGEST:
            raise ValueError(f"'{text}' is more than Kubernetes can count (2^63-1)")
        exact = amount if amount == 0 else amount.quantize(_FINEST, rounding=ROUND_UP)
        return exact.normalize() if exact % 1 else exact.quantize(Decimal(1))


def _scale(number: Decimal, suffix: str, exponent: str) -> Decimal:
    if suffix in _BINARY_EXPONENTS:
        return number * Decimal(2 ** _BINARY_EXPONENTS[suffix])
    # An exponent beyond this changes nothing: the result is too large, or rounds to a billionth.
    power = max(-_FAR_EXPONENT, min(_FAR_EXPONENT, int(exponent)))
    return number.scaleb(power + _DECIMAL_EXPONENTS[suffix])
