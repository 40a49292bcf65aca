"""What was published: ``claims.yaml``, checked as it is read, and those of its numbers that other code needs."""

from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple

from pydantic import Field, model_validator

from neural_odes import params
from neural_odes.errors import UserError
from neural_odes.params import Section

PATH = Path(__file__).with_name("claims.yaml")
FILE = "src/neural_odes/verdicts/claims.yaml"

Degree = Literal["same data", "same generator", "none"]
Rule = Literal["error rate", "size", "unchanged", "constant", "grows", "within", "lower", "below zero"]
BINOMIAL = "binomial standard error"
_NEEDS = {"error rate": "floor", "unchanged": "floor", "constant": "beside", "grows": "beside"}


class Source(Section):
    """Who published a number: the name that stands in tables, and the work."""

    name: str
    work: str


Range = Annotated[list[float], Field(min_length=2, max_length=2)]


class Entry(Section):
    """A published number, and what answers it. ``claims.yaml`` says what each key means."""

    page: str
    quantity: str
    unit: str = ""
    value: float | Range | str
    source: str
    place: str
    degree: Degree
    open: str
    ours: str
    given: dict[str, str | float] = Field(default_factory=dict)
    floor: Annotated[dict[str, str], Field(max_length=1)] = Field(default_factory=dict)
    beside: str | None = None
    round_trip: str | None = None
    read_as: Range | None = None
    rule: Rule
    figures: list[str]
    decimals: Annotated[int, Field(ge=0)]

    @model_validator(mode="after")
    def _complete(self) -> "Entry":
        needed = _NEEDS.get(self.rule)
        if needed and not getattr(self, needed):
            raise ValueError(f"{needed} is missing, which the rule {self.rule!r} needs")
        if self.rule == "within" and not (self.read_as or isinstance(self.value, list)):
            raise ValueError("read_as is missing, which the rule 'within' needs where the value is not a range")
        if self.rule in ("error rate", "size") and not isinstance(self.value, float):
            raise ValueError(f"value must be a number for the rule {self.rule!r}")
        if self.rule == "lower" and isinstance(self.value, str):
            raise ValueError(f"value must be a number or a range for the rule {self.rule!r}")
        for key in ("value", "read_as"):
            if isinstance(ends := getattr(self, key), list) and ends[0] >= ends[1]:
                raise ValueError(f"{key}: the lower end of a range comes first")
        return self

    @property
    def ends(self) -> tuple[float, float]:
        """The range that the value is; a single number is both its ends."""
        low, high = self.value if isinstance(self.value, list) else (self.value, self.value)
        return float(low), float(high)

    @property
    def value_text(self) -> str:
        """``220,000``, ``2.38 to 2.42``, ``O(1)``."""
        if isinstance(self.value, str):
            return self.value
        return " to ".join(f"{end:,g}" for end in dict.fromkeys(self.ends))

    @property
    def quantity_text(self) -> str:
        return self.quantity + (f" ({self.unit})" if self.unit else "")


def read(path: Path) -> tuple[dict[str, Source], dict[str, Entry]]:
    """Sources and entries of a file such as ``claims.yaml``, by their names, in its order.

    Raises:
        UserError: it is damaged; or a key is missing, unknown or ill-typed: names the entry and the key.
    """
    values = params.read(path, name=FILE)
    sources, entries = _all(values, "sources", Source), _all(values, "claims", Entry)
    for name, entry in entries.items():
        if entry.source not in sources:
            raise UserError(f"{FILE}: claims.{name}.source: {entry.source}{params.nearest(entry.source, list(sources))}")
    return sources, entries


def _all(values: dict[str, Any], key: str, kind: type[Section]) -> dict[str, Any]:
    names = params.section(values, key, dict[str, Any], file=FILE)
    return {name: params.section(values, f"{key}.{name}", kind, file=FILE) for name in names}


SOURCES, ENTRIES = read(PATH)


def _entry(name: str) -> Entry:
    if name not in ENTRIES:
        raise UserError(f"{FILE}: claims.{name} is missing, which figures and tables need; git diff {FILE} shows what changed")
    return ENTRIES[name]


def _value(name: str) -> float:
    return _entry(name).ends[0]


class Network(NamedTuple):
    """A row of Table 1 of Chen et al. 2018.

    Attributes:
        error_pct: on MNIST's test images.
    """

    label: str
    error_pct: float
    parameters: float


def _network(model: str) -> Network:
    label = _entry(f"table-1-{model}-error").quantity.removesuffix(", test error")
    return Network(label, _value(f"table-1-{model}-error"), _value(f"table-1-{model}-parameters"))


TEST_IMAGES = 10_000  # of MNIST
TABLE_1 = {model: _network(model) for model in ("odenet", "resnet", "rknet", "mlp")}
FIGURE_3C = _value("figure-3c")  # Chen et al. 2018: evaluations backward / forward
FIGURE_3C_CORRECTED = _entry("figure-3c-corrected").ends  # the range in which they were when counted again
TABLE_2 = {  # Chen et al. 2018: RMSE on 100 points beyond the window, by number of observations
    model: {count: _value(f"table-2-{name}-{count}") for count in ("30", "50", "100")}
    for model, name in (("latent_ode", "latent-ode"), ("rnn", "rnn"))
}

# The student report.
REPORT_EPOCHS = 30
REPORT_ACCURACY = {model: round(100 - _value(f"report-{model}-error"), 2) for model in ("odenet", "resnet")}  # %
REPORT_LOG_ACCURACY = round(100 - _value("report-log-odenet-error"), 2)  # %, ODE-Net, in the log of its code
REPORT_NLL, REPORT_EXPECTED_NLL = _value("report-nll"), _value("report-nll-expected")  # nats
REPORT_LOG_NLL = _entry("report-log-nll").ends  # nats, over the last steps in the log of its code
REPORT_MSE = {step: _value(f"report-mse-{step}") for step in (500, 2000)}  # by training step
