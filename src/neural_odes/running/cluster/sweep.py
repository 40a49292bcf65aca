"""Sweeps: values of parameters, each combination of which is run beside params.yaml's own."""

import itertools
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ruamel.yaml import YAML, YAMLError

from neural_odes.errors import UserError


@dataclass(frozen=True)
class Point:
    """One of a sweep: values that replace those of params.yaml, by dotted name; none is params.yaml itself."""

    values: tuple[tuple[str, Any], ...] = ()

    @property
    def name(self) -> str:
        """Of its experiment in DVC: the last part of each key, and the value."""
        return "_".join(re.sub(r"[^\w.-]+", "-", f"{key.rpartition('.')[2]}={value}").strip("-.") for key, value in self.values)

    @property
    def overlay(self) -> dict[str, Any]:
        """Nested, as in params.yaml."""
        nested: dict[str, Any] = {}
        for key, value in self.values:
            *sections, last = key.split(".")
            node = nested
            for section in sections:
                node = node.setdefault(section, {})
            node[last] = value
        return nested


def points(sweep: Sequence[str]) -> list[Point]:
    """The product of ``key=value,value,…``, the values in YAML; none of none, which is no sweep.

    Raises:
        UserError: one is not of that form.
    """
    axes = []
    for text in sweep:
        key, found, values = text.partition("=")
        try:
            listed = YAML(typ="safe", pure=True).load(f"[{values}]")
        except YAMLError:
            listed = None
        if not key or not found or not listed:
            raise UserError(
                f"--sweep {text}: give a key of params.yaml and its values, as in density.train.learning_rate=1e-3,3e-3"
            )
        axes.append([(key, value) for value in listed])
    return [Point(values) for values in itertools.product(*axes)] if axes else []
