"""How numbers are printed for people."""

from typing import Any


def number(value: float, decimals: int, *, signed: bool = False) -> str:
    """``1,234.50``, ``−0.30``; with ``signed`` also ``+0.30``. What is rounded to zero has no minus."""
    rounded = round(value, decimals) + 0.0
    return f"{rounded:{'+' if signed else ''},.{decimals}f}".replace("-", "−")


def plus_minus(mean: float, width: float | None, decimals: int) -> str:
    """``0.35 ± 0.04``: a mean and half the width of its interval, where there is one."""
    return number(mean, decimals) if width is None else f"{number(mean, decimals)} ± {number(width, decimals)}"


def parameter(value: Any) -> str:
    """A value of params.yaml as one may write it there: ``1e9`` for 1000000000.0, ``2e-5`` for 2e-05; any other as it is.

    >>> parameter(1e9), parameter(2e-5), parameter(0.25), parameter([0, 1])
    ('1e9', '2e-5', '0.25', '[0, 1]')
    """
    mantissa, e, exponent = f"{value:g}".partition("e") if isinstance(value, float) else ("", "", "")
    short = f"{mantissa}e{int(exponent)}" if e else ""
    return short if short and float(short) == value else str(value)
