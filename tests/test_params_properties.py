"""Generated params.yaml: what is accepted builds the section of every stage, what is not is one line; never a stack trace."""

import copy
import io
from collections import Counter
from pathlib import Path
from typing import Any, get_args

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import BaseModel
from ruamel.yaml import YAML

from neural_odes import params, validation
from neural_odes.errors import UserError
from neural_odes.pipeline import names, schemas

CASES = 400
ROOT = Path(__file__).resolve().parents[1]
COMMITTED = params.read(ROOT / params.FILE)
LEAVES = sorted(params.flatten(COMMITTED))
SECTIONS = sorted({name.rpartition(".")[0] for name in LEAVES} - {""})
ASKED = sorted({name for stage in names.declared(ROOT, ROOT, COMMITTED) for name in stage.parameters})

scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**400), 10**400),
    st.integers(-3, 300),
    st.floats(allow_nan=True, allow_infinity=True),
    st.floats(1e-6, 10),
    st.text(max_size=8),
    st.sampled_from(
        ["no", "1e-3", "mnist", "soap", "frozen", "adam", "muon", "1_000", "0x1F", "-.5", "~", "2018-01-01", "dopri5"]
    ),
)
values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3), max_leaves=6
)
keys = st.one_of(
    st.text(max_size=12), st.sampled_from([*(name.rpartition(".")[2] for name in LEAVES), "learnin_rate"]), st.integers()
)
edits = st.one_of(
    st.tuples(st.just("set"), st.sampled_from(LEAVES), values),
    st.tuples(st.just("scale"), st.sampled_from(LEAVES), st.sampled_from([-1, 0, 0.5, 2, 3, 10**9])),
    st.tuples(st.just("set"), st.sampled_from([*SECTIONS, "density", "seeds"]), values),
    st.tuples(st.just("drop"), st.sampled_from([*LEAVES, *SECTIONS]), st.none()),
    st.tuples(st.just("add"), st.sampled_from([*SECTIONS, ""]), st.tuples(keys, values)),
)


def edited(changes: list[tuple[str, str, Any]]) -> dict[Any, Any]:
    content: dict[Any, Any] = copy.deepcopy(COMMITTED)
    for what, name, value in changes:
        *path, last = name.split(".")
        node: Any = content
        for key in path:
            node = node.get(key) if isinstance(node, dict) else None
        if not isinstance(node, dict):
            continue
        if what == "set":
            node[last] = value
        elif what == "drop":
            node.pop(last, None)
        elif what == "scale" and isinstance(node.get(last), int | float):
            node[last] = node[last] * value
        elif what == "add":
            inside = node.get(last) if last else node
            if isinstance(inside, dict):
                inside[value[0]] = value[1]
    return content


def kind_of(name: str) -> Any:
    """The type that the schema gives to what a stage asks for."""
    claim, *path = name.split(".")
    kind: Any = params.Seeds if claim == "seeds" else schemas.claim(claim)
    for key in path:
        kind = kind.model_fields[key].annotation
        kind = next((part for part in get_args(kind) if isinstance(part, type) and issubclass(part, BaseModel)), kind)
    return kind


def judge(path: Path) -> str | None:
    """None, or the line of a refusal. Anything else that is raised fails the test."""
    try:
        content = params.read(path)
        validation.check(content)
    except UserError as error:
        text = str(error)
        assert text.startswith(params.FILE) and text.isprintable() and len(text) < 2000, text
        return text
    for name in ASKED:
        claim, _, model = name.partition(".models.")
        if not model:
            params.section(content, name, kind_of(name))
        elif model in content[claim]["models"]:
            schemas.model(claim, model, content[claim]["models"][model])
    return None


seen: Counter[str] = Counter()


@settings(max_examples=CASES, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(st.lists(edits, min_size=1, max_size=3))
def test_generated_content(tmp_path_factory, changes):
    path = tmp_path_factory.getbasetemp() / "params.yaml"
    stream = io.StringIO()
    yaml = YAML(typ="safe", pure=True)
    yaml.allow_unicode = True
    yaml.dump(edited(changes), stream)
    path.write_text(stream.getvalue(), encoding="utf-8", errors="surrogatepass")
    seen["refused" if judge(path) else "accepted"] += 1


def test_both_kinds_were_generated():
    """After the test above: neither all nothing nor all refused."""
    if seen:
        assert seen["accepted"] > CASES // 50 and seen["refused"] > CASES // 4, seen


text = (ROOT / params.FILE).read_text(encoding="utf-8")
lines = text.splitlines(keepends=True)


@settings(max_examples=CASES, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(
    st.integers(0, len(text)),
    st.integers(0, 40),
    st.one_of(
        st.text(max_size=6),
        st.sampled_from(
            ["\t", "&a ", "*a ", "<<: *a\n", "!!float ", "!!set ", "!!timestamp ", "!!binary ", "%YAML 1.1\n---\n", "---\n",
             "? ", ": ", "- ", "{", "}", "[", "'", '"', "|\n", ">\n", "#", "2018-13-45", "0o9", "\x00", "\x85", "\ufeff", "!x ",
             "1e999"]
        ),
    ),
)  # fmt: skip
def test_damaged_text(tmp_path_factory, place, cut, inserted):
    path = tmp_path_factory.getbasetemp() / "params.yaml"
    path.write_bytes((text[:place] + inserted + text[place + cut :]).encode("utf-8", errors="surrogatepass"))
    judge(path)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\x00" * 100,
        b"\xff\xfe\x00",
        b"[" * 5000,
        b"{a: " * 3000,
        b"a: &a [*a]\n",
        b"seeds: &s [0]\nclassification: *s\ndensity: *s\ntrajectory: *s\n",
        b"? [a, b]\n: 1\n",
        b"seeds: [0]\nseeds: [1]\n",
        b"--- \nseeds: [0]\n---\nseeds: [1]\n",
        b"seeds: !!python/object/apply:os.system ['touch bomb']\n",
        b"seeds: !!timestamp 2018-13-45\n",
        b"seeds: 2018-13-45T99:99:99\n",
        b"seeds: !!int x\n",
        b"seeds: !!float [1]\n",
        b"seeds: !!binary '*'\n",
        b"seeds: !!set {0, 1}\n",
        b"seeds: !!omap [0: 1]\n",
        b"<<: 3\n",
        b"<<: *nowhere\n",
        b"%TAG ! tag:x,2000:\n---\n!a b\n",
        b"seeds: " + b"9" * 5000 + b"\n",
        b"seeds: [" + b"0, " * 100_000 + b"]\n",
    ],
)
def test_tricks_of_yaml(tmp_path, monkeypatch, content):
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "params.yaml"
    path.write_bytes(content)
    assert judge(path)
    assert not (tmp_path / "bomb").exists()


def test_an_anchor_is_what_it_stands_for(tmp_path):
    path = tmp_path / "params.yaml"
    path.write_text(text.replace("\nseeds: [", "\nseeds: &s ["))
    assert judge(path) is None
