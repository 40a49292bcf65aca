"""Wrong parameters are one line that names the key and the remedy; right ones are read as DVC reads them."""

import copy
import importlib
import re
import shutil
import sys
from pathlib import Path

import pytest
from dvc.utils.serialize import load_yaml
from pydantic import ValidationError, create_model
from ruamel.yaml import YAML
from typer.testing import CliRunner

from neural_odes import cli, params, paths, validation
from neural_odes.errors import UserError
from neural_odes.pipeline import names, schemas
from neural_odes.running import scratch


@pytest.fixture
def values(root):
    return params.read(root / params.FILE)


@pytest.fixture
def clone(root, tmp_path, monkeypatch) -> Path:
    """Every params.yaml of the project, and what says which keys belong there."""
    for path in (root / params.FILE, *root.glob("studies/*/params.*"), *root.glob("studies/*/dvc.yaml")):
        (tmp_path / path.relative_to(root)).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, tmp_path / path.relative_to(root))
    monkeypatch.setattr(sys, "path", [*sys.path, str(tmp_path)])  # or it would stay there, before the project
    return tmp_path


def _set(values, name, value):
    *path, last = name.split(".")
    for key in path:
        values = values[key]
    values[last] = value


def test_the_committed_files_are_valid(root, values):
    validation.check(values)
    validation.check_all(root, together=params.studies(root))


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("density.train.learning_rate", "fast", r"density\.train\.learning_rate: .*valid number.*'fast'"),
        ("density.train.learning_rate", -1.0, r"density\.train\.learning_rate: .*greater than 0.*-1\.0"),
        ("density.train.learning_rate", float("nan"), r"density\.train\.learning_rate"),
        ("density.train.steps", 10.5, r"density\.train\.steps: .*integer"),
        ("density.train.steps", True, r"density\.train\.steps: .*integer"),
        ("density.data.shift", [1.0], r"density\.data\.shift\.1 is missing"),
        ("density.data.shift", [1.0, "far"], r"density\.data\.shift\.1: .*valid number.*'far'"),
        ("density.report.train.step", 10, r"density\.report\.train\.step is not a known parameter; did you mean steps\?"),
        ("density.train.optimizer", "soup", r"density\.train\.optimizer: .*'soap' or 'adam'.*'soup'"),
        (
            "density.train.learnin_rate",
            0.1,
            r"density\.train\.learnin_rate is not a known parameter; did you mean learning_rate\?",
        ),
        ("trajectory.data.observations", [], r"trajectory\.data\.observations: .*at least 1"),
        ("trajectory.data.observations", [30, "x"], r"trajectory\.data\.observations\.1: .*integer"),
        ("density.models.cnf.hidden_size", 0, r"density\.models\.cnf\.hidden_size: .*at least|greater than or equal to 1"),
        ("density.models.cnf.hiden_size", 64, r"density\.models\.cnf\.hiden_size is not a known .*did you mean hidden_size\?"),
        ("density.models.cmf", {}, r"density\.models\.cmf: cmf is not among the NETWORKS of .*; did you mean cnf"),
        ("density.train", None, r"density\.train: "),
        ("densty", {}, r"densty is not a known section; did you mean density\?"),
        ("seeds", [], r"seeds: .*at least 1"),
        ("seeds", [1, 1], r"seeds: each value may occur only once"),
        ("seeds", [-1], r"seeds\.0: .*greater than or equal to 0"),
        ("seeds", 3, r"seeds: .*list"),
        ("seeds", [0], r"study_seeds: \[0, 1, 2\] are not the first of seeds, \[0\]; make them \[0\]$"),
        ("study_seeds", [1, 0], r"study_seeds: \[1, 0\] are not the first of seeds, .*; make them \[0, 1\]$"),
    ],
)
def test_an_invalid_value_is_one_line_that_names_it(values, name, value, expected):
    _set(values, name, value)
    with pytest.raises(UserError, match=f"^params\\.yaml: {expected}") as raised:
        validation.check(values)
    assert "\n" not in str(raised.value)


HUGE = 10**12


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        # what YAML or Python would take for a number
        ("seeds", [1e3], r"seeds\.0: .*integer, not 1000\.0"),
        ("seeds", [True], r"seeds\.0: .*integer, not True"),
        ("seeds", ["0"], r"seeds\.0: .*integer, not '0'"),
        ("seeds", None, r"seeds: .*list, not None"),
        ("seeds", {0: 1}, r"seeds: .*list"),
        ("density.threads", 1.0, r"density\.threads: .*integer, not 1\.0"),
        ("density.train.decay", 1, r"density\.train\.decay: .*boolean, not 1"),
        ("density.data.noise", True, r"density\.data\.noise: .*number, not True"),
        ("density.data.noise", "0.1", r"density\.data\.noise: .*number, not '0\.1'"),
        ("density.data.shift", [True, 0.0], r"density\.data\.shift\.0: .*number, not True"),
        # splits, and what is taken of them
        ("classification.data.train_size", 55_001, r"classification\.data: .* exceed the 60000 images of mnist"),
        ("classification.data.test_size", 10_001, r"classification\.data\.test_size: .*10000"),
        ("classification.train.batch_size", 55_001, r"classification: train\.batch_size \(55001\) is more than data\.train_size"),
        ("density.data.test_size", 5, r"density\.data\.test_size: .*10, not 5"),
        ("density.data.validation_size", 9, r"density\.data\.validation_size: .*10, not 9"),
        ("density.data.train_size", 511, r"density: train\.batch_size \(512\) .* raise data\.train_size$"),
        ("density.report.data.train_size", 511, r"density\.report: train\.batch_size \(512\) .* data\.train_size \(511\)"),
        ("trajectory.data.train_size", 63, r"trajectory: train\.batch_size \(64\) is more than data\.train_size \(63\)"),
        ("trajectory.data.test_size", 199, r"trajectory: evaluate\.band_size \(200\) is more than data\.test_size \(199\)"),
        ("trajectory.data.validation_size", 199, r"trajectory: evaluate\.band_size \(200\) .* data\.validation_size \(199\)"),
        # windows
        ("trajectory.data.window", 250, r"trajectory\.data\.window: .*249, not 250"),
        ("trajectory.data.window", 99, r"trajectory\.data: 100 observations do not fit into a window of 99 steps"),
        ("trajectory.data.observations", [30, 30], r"trajectory\.data: observations must increase"),
        ("trajectory.train.subwindow", 101, r"trajectory: train\.subwindow is larger than data\.window"),
        # schedules
        ("density.train.warmup_steps", 2501, r"density\.train: warmup_steps \(2501\) is more than steps \(2500\)"),
        ("density.report.train.steps", 39, r"density\.report\.train: warmup_steps \(40\) is more than steps \(39\)"),
        ("trajectory.train.steps", 899, r"trajectory\.train: warmup_steps \(900\) is more than steps \(899\)"),
        ("trajectory.train.kl_warmup_steps", 4501, r"trajectory: train\.kl_warmup_steps \(4501\) is more than train\.steps"),
        # shares
        ("classification.train.momentum", 1.0, r"classification\.train\.momentum: .*less than 1, not 1\.0"),
        ("classification.train.ema_decay", -0.1, r"classification\.train\.ema_decay: .*0, not -0\.1"),
        ("classification.train.focus", 0, r"classification\.train\.focus: .*greater than 0, not 0"),
        ("trajectory.train.ema_decay", 1, r"trajectory\.train\.ema_decay: .*less than 1, not 1"),
        # solves
        ("density.evaluate.tolerance", 1e-9, r"density\.evaluate\.tolerance: .*0\.0000001, not 1e-09"),
        ("density.evaluate.tight_tolerance", 1e-20, r"density\.evaluate\.tight_tolerance: .*equal to 0\.00000"),
        ("density.evaluate.tight_tolerance", 1e-3, r"density\.evaluate: tight_tolerance \(0\.001\) is more than tolerance"),
        ("classification.models.odenet.tolerance", 0.0, r"classification\.models\.odenet\.tolerance: .*0\.0000001"),
        ("classification.models.odenet.solver_steps", HUGE, r"classification\.models\.odenet\.solver_steps: .*10000"),
        ("trajectory.train.step_size", 1e-30, r"trajectory\.train\.step_size: .*0\.001"),
        ("trajectory.models.latent_ode.time_unit", 1e-3, r"trajectory\.models\.latent_ode\.time_unit: .*10, not 0\.001"),
        # pictures
        ("density.evaluate.grid_spacing", 1e-6, r"density: evaluate\.grid_spacing \(1e-06\) makes .* of data; raise it to"),
        ("density.evaluate.grid_spacing", 0.5, r"density: evaluate\.grid_spacing \(0\.5\) leaves 4\.6 cells .* lower it to"),
        ("density.report.data.scale", 0.05, r"density: evaluate\.grid_spacing .* the moons of report\.data; lower it to"),
        ("density.animation.frames", 1, r"density\.animation\.frames: .*2, not 1"),
        ("classification.train.early_side", 33, r"classification\.train\.early_side: .*32, not 33"),
        ("trajectory.models.latent_ode.latent_size", 1, r"trajectory\.models\.latent_ode\.latent_size: .*2, not 1"),
        # numbers that no machine holds, or single precision does not
        ("density.data.train_size", HUGE, r"density\.data\.train_size: .*100000000, not"),
        ("trajectory.data.train_size", 10**8, r"trajectory\.data: train_size \(100000000\) does not fit .* to 2500000"),
        ("trajectory.evaluate.samples", HUGE, r"trajectory: evaluate\.samples .* does not fit into memory; lower it to"),
        ("density.train.steps", HUGE, r"density\.train\.steps: .*1000000000, not"),
        ("density.models.cnf.hidden_size", HUGE, r"density\.models\.cnf\.hidden_size: .*10000, not"),
        ("density.data.seed", 2**31, r"density\.data\.seed: .*2147483648"),
        ("density.train.learning_rate", 1e39, r"density\.train\.learning_rate: .*1000, not 1e\+39"),
        ("density.train.clip_norm", 1e300, r"density\.train\.clip_norm: .*1e\+30"),
        ("classification.train.augment.shear", 1e300, r"classification\.train\.augment\.shear: .*10, not"),
        ("density.data.noise", 1e-9, r"density\.data\.noise: .*0\.01, not"),
        ("trajectory.data.noise_std", 1e-9, r"trajectory\.data\.noise_std: .*0\.05, not"),
    ],
)  # fmt: skip
def test_what_would_fail_in_a_later_stage_is_refused_now(values, name, value, expected):
    _set(values, name, value)
    with pytest.raises(UserError, match=f"^params\\.yaml: {expected}") as raised:
        validation.check(values)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("seeds", ["3", ""])
@pytest.mark.parametrize(
    "command",
    [["check"], ["repro"], ["preset", "smoke"], ["verify"], ["figures"], ["smoke"], ["runs", "sync"], ["cluster", "run"]],
)
def test_seeds_of_which_dvc_cannot_make_stages_are_refused_before_it_is_called(clone, monkeypatch, command, seeds):
    (clone / ".dvc").mkdir()
    text = (clone / params.FILE).read_text()
    (clone / params.FILE).write_text(re.sub(r"^seeds: .*", f"seeds: {seeds}", text, flags=re.MULTILINE))
    monkeypatch.chdir(clone)
    done = CliRunner().invoke(cli.app, command)
    told = f"seeds: input should be a valid list, not {seeds or None}; write it in brackets, such as [0, 1]"
    assert (done.exit_code, done.output) == (1, f"error: params.yaml: {told}\n")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("density.data.noise", 1),  # a whole number where any is wanted
        ("density.data.shift", [1, 2]),
        ("trajectory.train.step_size", 1),
        ("classification.train.learning_rate", 1),
        ("classification.train.milestones", []),
        ("density.train.refresh_every", 10**6),
        ("trajectory.data.window", 249),
    ],
)
def test_what_is_unusual_and_works_is_accepted(values, name, value):
    _set(values, name, value)
    validation.check(values)


@pytest.mark.parametrize(
    ("section", "key", "value", "expected"),
    [
        ("density.models.gmm", "train_size", 4, r"train_size \(4\) is too small for 64 Gaussians .* raise it to 384"),
        ("density.models.gmm", "components", [True], r"\.components\.0: .*integer"),
        ("density.models.gmm", "components", [8, 8], r"\.components: each value may occur only once"),
        ("density.models.gmm", "seed", 2**32, r"\.seed: .*2147483648"),
        ("density.models.kde", "bandwidths", [1e-30], r"\.bandwidths\.0: .*0\.0001"),
        ("density.models.kde", "train_size", 2 * 10**6, r"train_size \(2000000\) is more than density\.data"),
        ("density.models.kde", "test_size", 20_001, r"test_size \(20001\) is more than density\.data\.validation"),
        ("density.matching", "steps", [39], r"train\.warmup_steps \(40\) is more than the fewest steps \(39\)"),
        ("classification.memory", "depths", [4, 4], r"\.depths: each value may occur only once"),
        ("classification.memory", "images", 10**6, r"images \(1000000\) at depth 16 do not fit into memory"),
        ("density.tradeoff", "points", 9, r"\.points: .*10, not 9"),
        ("density.tradeoff", "points", 20_001, r"points \(20001\) is more than density\.data\.validation"),
        ("density.tradeoff", "reference", 1e-4, r"reference \(0\.0001\) is more than the lowest of tolerances"),
        ("classification.solvers", "images", 9, r"\.images: .*10, not 9"),
        ("classification.solvers", "images", 10_001, r"images \(10001\) is more than classification\.data\.test_size \(10000\)"),
        ("classification.solvers", "gradient_reference", 1e-4, r"gradient_reference \(0\.0001\) is more than the lowest"),
        ("density.solvers", "points", 10**6, r"points \(1000000\) is more than density\.data\.test_size \(100000\)"),
        ("density.solvers", "tolerances", [1e-9], r"\.tolerances\.0: .*0\.0000001"),
        ("trajectory.solvers", "trajectories", 1001, r"trajectories \(1001\) is more than trajectory\.data\.test"),
        ("trajectory.variants", "cluster_std", 1e-30, r"\.cluster_std: .*0\.1"),
        ("density.widths", "train_size", 1, r"\.train_size: .*2, not 1"),
        ("density.widths", "train_size", 511, r"train\.batch_size \(512\) is more than train_size \(511\)"),
        ("density.widths", "data", ["moons", "moons"], r"\.data: each value may occur only once"),
    ],
)  # fmt: skip
def test_what_would_fail_in_a_stage_of_a_study_is_refused_now(root, values, section, key, value, expected):
    study, file = Path(params.origin(root, section)).parent, params.origin(root, section)
    own = params.read_study(root, study.as_posix())
    params.lookup(own, section)[key] = value
    schema, claim = paths.study_module(root, study.name, "params").SECTIONS[section], section.partition(".")[0]
    with pytest.raises(UserError, match=f"^{file}: {section}.*{expected}") as raised:
        params.check_beside(params.section(own, section, schema, file=file), validation.check(values)[claim], section, file)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("study", "name", "value", "expected"),
    [
        ("", "density.data.train_size", 49_999, r"studies/density_base.*density\.models\.gmm: train_size \(50000\) is more "),
        ("table1", "classification.models.mlp.hidden_size", 31, r"studies/table1/.*models\.mlp: hidden_size is 31, .*muon needs"),
        (
            "trajectory_baselines", "trajectory.models.ode_rnn.train", {"steps": 300, "warmup_steps": 1, "learning_rate": 1.0,
            "muon_learning_rate": 1.0}, r"studies/trajectory_baselines/.*ode_rnn: trajectory\.train\.kl_warmup_steps \(350\)",
        ),
    ],
)  # fmt: skip
def test_a_study_is_checked_beside_its_claim(clone, study, name, value, expected):
    path = clone / (f"studies/{study}" if study else ".") / params.FILE
    values = params.read(path)
    _set(values, name, value)
    with path.open("w") as stream:
        YAML(typ="safe", pure=True).dump(values, stream)
    validation.check_all(clone)  # the claims may run
    with pytest.raises(UserError, match=f"^{expected}"):
        validation.check_all(clone, together=params.studies(clone))


def test_whoever_runs_the_claims_is_not_told_of_studies(clone):
    path = clone / params.FILE
    path.write_text(path.read_text().replace("train_size: 1000000", "train_size: 49999"))
    assert not cli._selection(clone, None, studies=False).targets
    for what, studies in ((["density_baselines"], False), (None, True)):
        with pytest.raises(UserError, match=r"^studies/density_baselines/params\.yaml: .*lower it, or raise density"):
            cli._selection(clone, what, studies)


@pytest.mark.parametrize(
    ("study", "name", "value", "expected"),
    [
        ("density_baselines", "density.models.gmm.components", [], r"density\.models\.gmm\.components: .*at least 1"),
        ("density_baselines", "density.models.gmm.components", [8, "x"], r"density\.models\.gmm\.components\.1: .*integer"),
        ("widths", "density.widths.sizes", ["x"], r"density\.widths\.sizes\.0: .*integer"),
        ("widths", "density.width", {}, r"density\.width is not a known section; did you mean widths\?"),
        ("widths", "densty", {}, r"densty is not a known section; did you mean density\?"),
        (
            "widths",
            "density.models",
            {"cnf": {"hidden_size": 64, "end_time": 1.0}},
            r"density\.models\.cnf\.\w+ is also in another params\.yaml",
        ),
        ("widths", "density.models", {"cnf": {"size": 1}}, r"density\.models\.cnf.size is not a known parameter"),
    ],
)
def test_what_is_wrong_in_a_study_names_its_file(clone, study, name, value, expected):
    path = clone / "studies" / study / params.FILE
    values = params.read(path)
    _set(values, name, value)
    with path.open("w") as stream:
        YAML(typ="safe", pure=True).dump(values, stream)
    with pytest.raises(UserError, match=f"^studies/{study}/params\\.yaml: {expected}") as raised:
        validation.check_all(clone)
    assert "\n" not in str(raised.value)


def test_the_files_are_one_namespace(clone):
    values = params.load(clone)
    assert values["density"]["models"].keys() == {"cnf", "nsf", "gmm", "kde"} and "widths" in values["density"]
    for name, file in {
        "seeds": params.FILE,
        "density.train": params.FILE,
        "density.models.cnf": params.FILE,
        "density.models.gmm": f"studies/density_baselines/{params.FILE}",
        "density.widths.train.steps": f"studies/widths/{params.FILE}",
    }.items():
        assert params.origin(clone, name) == file


def test_a_missing_key_is_named(values):
    del values["density"]["train"]["steps"]
    with pytest.raises(UserError, match=r"density\.train\.steps is missing"):
        validation.check(values)


class Deep(params.Section):
    level: int


class Inner(params.Section):
    count: params.Count
    rate: params.Positive
    fast: bool
    deep: Deep


class Outer(params.Section):
    inner: Inner
    threads: params.Threads


RIGHT = {"toy": {"inner": {"count": 1, "rate": 0.5, "fast": True, "deep": {"level": 3}}, "threads": 2}}


@pytest.mark.parametrize(
    ("kind", "right", "wrong"),
    [
        (params.Seeds, [[0], [2**31 - 1, 0]], [[], [-1], [2**31], [1, 1], [10**6, 7, 10**6]]),
        (params.Positive, [1e-300, 1e30], [0.0, -1.0, 1e300, float("inf")]),
        (params.Count, [1, 10**9], [0, -1, 10**12]),
        (params.Threads, [1, 1024], [0, 1025]),
    ],
)
def test_bounds(kind, right, wrong):
    for value in right:
        assert params.section({"x": value}, "x", kind) == value
    for value in wrong:
        with pytest.raises(UserError, match=r"^params\.yaml: toy\.x"):
            params.section({"toy": {"x": value}}, "toy", create_model("Toy", __base__=params.Section, x=(kind, ...)))


@pytest.mark.parametrize(
    ("values", "name", "missing"),
    [
        ({}, "toy", "toy"),
        ({"toy": {}}, "toy.inner", "toy.inner"),
        ({"toy": 3}, "toy.inner.count.more", "toy.inner"),
        ({"toy": {"inner": {"count": {}}}}, "toy.inner.count.more.yet", "toy.inner.count.more"),
        ({"toy": {"inner": {"count": 1, "fast": True, "deep": {"level": 1}}, "threads": 1}}, "toy", "toy.inner.rate"),
    ],
)
def test_what_is_missing_is_named_with_its_path(values, name, missing):
    with pytest.raises(UserError) as raised:
        params.section(values, name, Outer)
    assert str(raised.value) == f"params.yaml: {missing} is missing; git diff params.yaml shows what changed"


@pytest.mark.parametrize(
    ("inner", "message"),
    [
        ({"count": 0}, "toy.inner.count: input should be greater than or equal to 1, not 0"),
        ({"count": 0, "rate": -1.0}, "toy.inner.count: input should be greater than or equal to 1, not 0 (and 1 more)"),
        (
            {"count": 0, "rate": -1.0, "fast": 1},
            "toy.inner.count: input should be greater than or equal to 1, not 0 (and 2 more)",
        ),
        ({"raet": 1}, "toy.inner.raet is not a known parameter; did you mean rate?"),
        ({"fast": "yes"}, "toy.inner.fast: input should be a valid boolean, not 'yes'"),
        ({"deep": {"levle": 1}}, "toy.inner.deep.levle is not a known parameter; did you mean level? (and 1 more)"),
        ({"x": 1}, "toy.inner.x is not a known parameter; known: count, rate, fast, deep"),
        ({"zz": 1, "yy": 2}, "toy.inner.zz is not a known parameter; known: count, rate, fast, deep (and 1 more)"),
    ],
)
def test_the_first_of_several_is_named_and_the_others_counted(inner, message):
    assert params.section(RIGHT, "toy", Outer).model_dump() == RIGHT["toy"]
    with pytest.raises(UserError) as raised:
        params.section({"toy": {"inner": RIGHT["toy"]["inner"] | inner, "threads": 2}}, "toy", Outer)
    assert str(raised.value) == f"params.yaml: {message}"


def test_a_section_cannot_be_altered():
    with pytest.raises(ValidationError):
        params.section(RIGHT, "toy", Outer).threads = 3


def test_leaves_by_their_dotted_name():
    assert params.flatten({"a": {"b": 1, "c": {"d": [2]}}, "e": None}) == {"a.b": 1, "a.c.d": [2], "e": None}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"a: 1\nb: 2\na: 3\n", "params.yaml line 3: found duplicate key"),
        (b"a: 1\nb: [2\n", "params.yaml line 3: "),
        (b"a: 1\nb: ]\n", "params.yaml line 2: "),
        (b"a: !!int x\n", "params.yaml: invalid literal for int"),
        (b"a: \xff\n", "params.yaml: not text in UTF-8; git diff params.yaml shows what changed"),
        (b"[" * 100_000, "params.yaml: nested too deeply; git diff params.yaml shows what changed"),
    ],
)
def test_where_the_yaml_is_broken(tmp_path, content, message):
    (tmp_path / "params.yaml").write_bytes(content)
    with pytest.raises(UserError) as raised:
        params.read(tmp_path / "params.yaml")
    assert str(raised.value).startswith(message)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("seeds: [1", r"params\.yaml line \d"),
        ("a: 1\na: 2\n", r"duplicate key"),
        ("", r"sections expected"),
        ("- 1\n", r"sections expected"),
        ("a: !!python/object/apply:os.system [ls]\n", r"params\.yaml line 1"),
    ],
)
def test_broken_yaml_is_one_line(tmp_path, text, expected):
    path = tmp_path / "params.yaml"
    path.write_text(text)
    with pytest.raises(UserError, match=expected) as raised:
        params.read(path)
    assert "\n" not in str(raised.value)


def test_no_file(tmp_path):
    with pytest.raises(UserError, match=r"git checkout params\.yaml"):
        params.read(tmp_path / "params.yaml")


def test_read_the_way_dvc_reads(tmp_path):
    """YAML 1.2: ``no`` is a word and ``1e-3`` a number."""
    path = tmp_path / "params.yaml"
    path.write_text("a: no\nb: 1e-3\nc: 1.0e-3\nd: 0o17\ne: ~\nf: &x [1]\ng: *x\n")
    assert params.read(path) == load_yaml(str(path))


def test_no_field_has_a_default(root):
    """A default would be a parameter that params.yaml, and so DVC, does not know of."""

    def fields(schema):
        for name, field in schema.model_fields.items():
            assert field.is_required(), f"{schema.__name__}.{name}"
            if isinstance(field.annotation, type) and issubclass(field.annotation, params.Section):
                fields(field.annotation)

    for claim in validation.claims():
        for schema in (schemas.claim(claim), *importlib.import_module(f"neural_odes.{claim}.params").NETWORKS.values()):
            fields(schema)
    for file in root.glob("studies/*/params.py"):
        for schema in importlib.import_module(f"studies.{file.parent.name}.params").SECTIONS.values():
            fields(schema)


def test_every_leaf_has_a_comment(root):
    def visit(node, path, lines):
        for key, value in node.items():
            line = lines[node.lc.key(key)[0]]
            if isinstance(value, dict):
                visit(value, f"{path}{key}.", lines)
            else:
                assert "#" in line, f"{path}{key} has no comment"

    for file in (root / params.FILE, *root.glob(f"studies/*/{params.FILE}")):
        text = file.read_text()
        visit(YAML().load(text), "", text.splitlines())


def test_every_parameter_that_a_stage_declares_is_there(root):
    values = params.load(root)
    for folder in paths.pipelines(root):
        for stage in names.declared(root, folder, values):
            for name in stage.parameters:
                params.section(values, name, object)


def test_a_model_that_a_stage_declares_and_no_file_has(root, tmp_path):
    """No schema names the models; what dvc.yaml asks for must be there all the same."""
    scratch.copy(root, tmp_path / "clone")
    path = tmp_path / "clone" / params.FILE
    lines = path.read_text().splitlines(keepends=True)
    first = next(i for i, line in enumerate(lines) if line.startswith("    resnet:"))
    path.write_text("".join(lines[:first] + lines[first + 2 :]))
    with pytest.raises(UserError, match=r"^params\.yaml: classification\.models\.resnet is missing"):
        validation.check_all(tmp_path / "clone")


@pytest.mark.parametrize(
    ("study", "gone", "expected"),
    [
        ("", "density.models.cnf", r"^params\.yaml: density\.models\.cnf is missing; git diff params\.yaml"),
        (
            "studies/density_baselines",
            "density.models.nsf",
            r"^studies/density_baselines/params\.yaml or params\.yaml: density\.models\.nsf is missing; "
            r"git diff studies/density_baselines/params\.yaml params\.yaml shows",
        ),
    ],
)
def test_a_parameter_that_a_stage_declares_is_missed_in_the_file_of_its_pipeline(clone, root, study, gone, expected):
    shutil.copy(root / names.FILE, clone / names.FILE)
    path = clone / study / params.FILE
    values = params.read(path)
    section, _, last = gone.rpartition(".")
    del params.lookup(values, section)[last]
    with path.open("w") as stream:
        YAML(typ="safe", pure=True).dump(values, stream)
    with pytest.raises(UserError, match=expected):
        validation.check_all(clone)


@pytest.mark.parametrize("folder", ["", "studies/widths/"])
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("stages: {a: [", r" line 2: "),  # where the text ends
        ("stages:\n  a:\n    cmd: a\n   deps: []\n", r" line \d: "),
        ("", r": stages expected"),
        ("stages:\n", r": stages expected"),
        ("stages: [a]\n", r": stages expected"),
        ("stages: {a: true}\n", r": stages expected"),
        ("vars: []\n", r": stages is missing"),
        ("stages: {a: {deps: []}}\n", r": cmd is missing"),
        ('stages: {a: {matrix: {seed: "${sedes}"}, cmd: "a ${item.seed}"}}\n', r": sedes is missing"),
        ('stages: {a: {cmd: "a ${density.trian}"}}\n', r": (density\.)?trian is missing"),
    ],
)
def test_a_damaged_dvc_yaml_is_one_line_that_names_it(clone, root, folder, text, expected):
    shutil.copy(root / names.FILE, clone / names.FILE)
    file = f"{folder}{names.FILE}"
    (clone / file).write_text(text)
    with pytest.raises(UserError, match=f"^{file}{expected}.*; git diff {file} shows what changed$") as raised:
        validation.check_all(clone)
    assert "\n" not in str(raised.value)


def test_two_stages_of_one_name_are_refused(clone, root):
    """Records know stages by name alone: one would lose its parameters from them."""
    shutil.copy(root / names.FILE, clone / names.FILE)
    file = clone / "studies" / "widths" / names.FILE
    file.write_text(file.read_text().replace("  widths-page:", "  density-page:"))
    expected = r"^studies/widths/dvc\.yaml: density-page is also a stage of dvc\.yaml; rename one"
    with pytest.raises(UserError, match=expected):
        validation.check_all(clone)


def test_what_stands_at_a_dotted_name():
    values = {"density": {"train": {"steps": 3, "nothing": None}}}
    assert params.lookup(values, "density.train") == {"steps": 3, "nothing": None}
    assert params.lookup(values, "density.train.steps") == 3 and params.has(values, "density.train.nothing")
    for name, missing in {
        "densty.train": "densty",
        "density.trian.x": "density.trian",
        "density.train.steps.x": "density.train.steps.x",
    }.items():
        with pytest.raises(KeyError, match=f"'{missing}'"):
            params.lookup(values, name)
        assert not params.has(values, name)


def test_a_module_of_a_study_is_that_of_the_clone(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "path", list(sys.path))
    module = tmp_path / "studies" / "invented_one" / "verdicts.py"
    module.parent.mkdir(parents=True)
    module.write_text("NAME = __name__\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    for name in [name for name in sys.modules if name == "studies"]:
        monkeypatch.delitem(sys.modules, name)  # or its path would be looked at
    assert paths.study_module(tmp_path, "invented_one", "verdicts").NAME == "studies.invented_one.verdicts"
    assert sys.path.count(str(tmp_path)) == 1
    with pytest.raises(ModuleNotFoundError):
        paths.study_module(tmp_path, "invented_one", "params")


@pytest.mark.parametrize(
    ("content", "remedy", "said"),
    [
        (None, None, "x.yaml: there is no such file; bring it back with: git checkout x.yaml"),
        (b"a: [", None, "x.yaml line 1: {}; git diff x.yaml shows what changed"),
        (b"a: [", "write it again", "x.yaml line 1: {}; write it again"),
        (b"", None, "x.yaml: sections expected, such as seeds and density; bring them back with: git checkout x.yaml"),
        (b"", "write it again", "x.yaml: sections expected, such as seeds and density; write it again"),
        (b"1: 2\n", "write it again", "x.yaml: sections expected, such as seeds and density; write it again"),
        (b"a: 1\n2: 3\n", "write it again", "x.yaml: sections expected, such as seeds and density; write it again"),
    ],
)
def test_a_file_that_cannot_be_read_is_named_with_its_remedy(tmp_path, content, remedy, said):
    path = tmp_path / "x.yaml"
    if content is not None:
        path.write_bytes(content)
    for name in (None, "x.yaml", "studies/one/x.yaml"):
        with pytest.raises(UserError) as raised:
            params.read(path, name=name, remedy=remedy)
        before, _, after = said.replace("x.yaml", name or "x.yaml").partition("{}")
        assert str(raised.value).startswith(before) and str(raised.value).endswith(after)
        assert len(str(raised.value)) > len(before + after) or "{}" not in said


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("toy.inner", [1], "toy.inner: input should be a valid dictionary or instance of Inner"),  # a long value is not printed
        ("toy.threads", {"a": 1}, "toy.threads: input should be a valid integer"),
        ("toy.threads", "two", "toy.threads: input should be a valid integer, not 'two'"),
        ("toy.inner.deep", None, "toy.inner.deep: input should be a valid dictionary or instance of Deep, not None"),
    ],
)
def test_the_file_and_the_value_stand_in_the_line(name, value, said):
    content = copy.deepcopy(RIGHT)
    _set(content, name, value)
    with pytest.raises(UserError) as raised:
        params.section(content, "toy", Outer, file="studies/one/params.yaml")
    assert str(raised.value) == f"studies/one/params.yaml: {said}"


def test_a_missing_section_is_missed_in_its_file():
    for name, missing in (("toy", "toy"), ("toy.inner", "toy")):
        with pytest.raises(UserError) as raised:
            params.section({}, name, Outer, file="x.yaml")
        assert str(raised.value) == f"x.yaml: {missing} is missing; git diff x.yaml shows what changed"


def test_the_nearest_of_those_that_are_known():
    assert params.nearest("raet", ["count", "rate"]) == "; did you mean rate?"
    assert params.nearest("xyz", ["count", "rate"]) == "; known: count, rate"
    # Two of four letters, in their order, are half: the least that counts as near.
    assert params.nearest("abxy", ["abcd"]) == "; did you mean abcd?"
    assert params.nearest("axyz", ["abcd"]) == "; known: abcd"
    assert params.nearest("abcdeuvwxy", ["abcdeUVWXYZ"]) == "; known: abcdeUVWXYZ"  # ten letters of 21


def written(root, folder, text):
    (root / folder).mkdir(parents=True, exist_ok=True)
    (root / folder / params.FILE).write_text(text)
    (root / folder / names.FILE).write_text("stages: {}\n")


def test_files_are_put_together_key_by_key(tmp_path):
    written(tmp_path, "", "a: {b: {c: 1}}\nseeds: [0]\n")
    written(tmp_path, "studies/one", "a: {b: {d: 2}, e: 3}\n")
    (tmp_path / "studies" / "two").mkdir()
    (tmp_path / "studies" / "two" / names.FILE).write_text("stages: {}\n")
    assert params.load(tmp_path) == {"a": {"b": {"c": 1, "d": 2}, "e": 3}, "seeds": [0]}
    assert params.studies(tmp_path) == ["studies/one"], "one without parameters of its own has no say"
    homes = {name: params.origin(tmp_path, name) for name in ("a.b.d", "a.e", "a.b.c", "seeds", "nothing")}
    assert homes == {
        "a.b.d": "studies/one/params.yaml", "a.e": "studies/one/params.yaml",
        "a.b.c": "params.yaml", "seeds": "params.yaml", "nothing": "params.yaml",
    }  # fmt: skip
    for again, said in (("a: {b: {c: 1}}", "a.b.c"), ("a: {b: 1}", "a.b"), ("seeds: {x: 1}", "seeds"), ("a: {e: {f: 1}}", "a.e")):
        written(tmp_path, "studies/two", f"{again}\n")
        with pytest.raises(UserError) as raised:
            params.load(tmp_path)
        assert str(raised.value) == f"studies/two/params.yaml: {said} is also in another params.yaml; rename it"


def test_studies_alone_are_parameters_too(tmp_path):
    written(tmp_path, "studies/one", "a: 1\n")
    (tmp_path / params.FILE).unlink(missing_ok=True)
    assert params.load(tmp_path) == {"a": 1}


def test_a_section_that_is_none_has_no_models(clone):
    """Where a mapping of models, or of sections, is expected in a study."""
    path = clone / "studies" / "widths" / params.FILE
    for text, said in (
        ("density: 3\n", "density is not a known section"),
        ("density: {models: 3}\n", "density.models is not a known section"),
        ("density: {models: {cnf: 3}}\n", "density.models.cnf: "),
        ("dens: {}\n", "dens is not a known section; did you mean density?"),
        ("density: {wide: {}}\n", "density.wide is not a known section; did you mean widths?"),
    ):
        path.write_text(text)
        with pytest.raises(UserError) as raised:
            validation.check_all(clone)
        assert str(raised.value).startswith(f"studies/widths/params.yaml: {said}") and "\n" not in str(raised.value)


def test_a_claim_is_what_has_parameters():
    assert sorted(validation.claims()) == ["classification", "density", "trajectory"]
