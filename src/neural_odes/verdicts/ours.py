"""Our numbers: the files that hold them, and what stands there at the paths of ``claims.yaml``."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from neural_odes import paths
from neural_odes.verdicts.measured import Measured, paired_difference, paired_ratio

CLAIMS = ("classification", "density", "trajectory")
_PART = re.compile(r"([^.\[\]]+)(?:\[(\w+)=([^\]]+)\])?\.?")
_PAIRED = {" - ": paired_difference, " / ": paired_ratio}


class Absent(LookupError):
    """There is no such number; says which, and in which file."""


def file(page: str) -> str:
    """That holds the numbers of a claim or of a study, relative to the root."""
    return f"reports/details/{page}.json" if page in CLAIMS else f"{paths.STUDIES}/{page}/results/metrics.json"


@dataclass(frozen=True)
class Numbers:
    """Those of a page, and of others that its entries look at.

    Attributes:
        page: a claim or a study.
        files: what their files hold, by page.
    """

    page: str
    files: Mapping[str, Any]

    def at(self, path: str) -> Any:
        """What stands at ``odenet.error_pct``, ``classification:dataset``, ``adjoint[tolerance=0.001].nfe`` or ``cnf.0.nll``.

        Raises:
            Absent: nothing does.
        """
        page, _, inside = path.rpartition(":")
        page = page or self.page
        try:
            node = self.files[page]
            for key, field, value in _PART.findall(inside):
                node = node[int(key)] if isinstance(node, list) else node[key]
                if field:
                    node = next(row for row in node if str(row.get(field)) == value)
        except (LookupError, TypeError, ValueError, StopIteration):
            node = None
        if node is None:
            raise Absent(f"no {inside} in {file(page)}")
        return node

    def measured(self, expression: str) -> Measured:
        """The number at a path; or of two, ``A - B`` or ``A / B``, seed by seed.

        Raises:
            Absent: there is none.
        """
        for sign, paired in _PAIRED.items():
            one, found, other = expression.partition(sign)
            if found:
                return paired(self.at(one), self.at(other))
        return Measured.of(self.at(expression))
