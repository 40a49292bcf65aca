"""The verdict on a figure, whatever happened to it, its inputs and the history: in a small repository of a root and a study, each
with a dvc.lock that is written by hand.
"""

import hashlib
import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo
from ruamel.yaml import YAML

from neural_odes.checking import audit
from neural_odes.errors import UserError
from neural_odes.figures import seal, style
from neural_odes.pipeline.record import Record
from neural_odes.running import lockfile

FIGURE, OTHER = "reports/figures/toy.png", "reports/figures/other.png"
STUDIED = "studies/wide/results/figures/wide.png"
PARAMS = {"toy": {"train": {"rate": 0.1, "steps": 30}, "evaluate": {"tolerance": 1e-5, "samples": 9}}, "seeds": [0]}
STUDY_PARAMS = {"toy": {"wide": {"sizes": [2, 8]}}}
CONTENT: dict[str, Any] = {
    "stage": "toy-figures",
    "stages": {
        "toy-data": {"instance": {}, "parameters": {}, "data": {}},
        "toy-train@line-0": {
            "instance": {"model": "line", "seed": 0},
            "parameters": {"toy.train": {"rate": 0.1, "steps": 30}},
            "data": {"data/toy.csv": "d" * 64},
        },
        "toy-figures": {"instance": {}, "parameters": {"toy.evaluate.tolerance": 1e-5}, "data": {"models/line-0": "e" * 64}},
    },
}
RECORD = Record.parse(CONTENT)
STUDY_RECORD = Record.parse(
    {
        "stage": "wide-figure@wide",
        "stages": {name: CONTENT["stages"][name] for name in ("toy-data", "toy-train@line-0")}
        | {"wide-figure@wide": {"instance": {}, "parameters": {"toy.wide": {"sizes": [2, 8]}}, "data": {}}},
    }
)


def md5(path: Path) -> str:
    return hashlib.md5(path.read_bytes()).hexdigest()


def save_yaml(path: Path, content: Any) -> None:
    with path.open("w") as stream:
        YAML().dump(content, stream)


def hashed_folder(root: Path, name: str) -> dict[str, str]:
    """As DVC hashes a folder: its list of files, as JSON."""
    files = [{"md5": md5(path), "relpath": path.name} for path in sorted((root / name).iterdir()) if path.is_file()]
    return {"path": name, "hash": "md5", "md5": hashlib.md5(json.dumps(files).encode()).hexdigest() + ".dir"}


FOLDERS = ("src/neural_odes/training", "src/solvers")


class Clone:
    def __init__(self, root: Path):
        self.root = root
        for name, text in {
            "src/data.py": "# data\n", "src/train.py": "# train\n", "src/draw.py": "# draw\n",
            "src/neural_odes/training/loop.py": "# loop\n", "src/solvers/euler.py": "# euler\n", "src/solvers/rk4.py": "# rk4\n",
            "data/toy.csv": "1,2\n", "models/line-0": "weights",
            "evaluations/a": "1", "evaluations/b": "2",
        }.items():  # fmt: skip
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_text(text)
        (root / ".dvc").mkdir()
        (root / "reports" / "figures").mkdir(parents=True)
        (root / STUDIED).parent.mkdir(parents=True)
        save_yaml(root / "params.yaml", PARAMS)
        save_yaml(root / "studies" / "wide" / "params.yaml", STUDY_PARAMS)
        for name in (FIGURE, OTHER):
            self.draw(name)
        self.draw(STUDIED, record=STUDY_RECORD)
        self.git("init", "--quiet")
        self.write_lock()

    def draw(self, name: str, heights: tuple[float, ...] = (0, 1), record: Record = RECORD) -> None:
        drawn, axes = style.new(size=(1.0, 1.0))
        axes.plot([*heights, len(name)])
        seal.save_figure(drawn, self.root / name, record)

    def hashed(self, *names: str) -> list[dict[str, str]]:
        return [{"path": name, "hash": "md5", "md5": md5(self.root / name)} for name in names]

    def write_lock(self) -> None:
        """As DVC would have written it after a run of the files that are there."""
        stages = {
            "toy-data": {"cmd": "a", "deps": self.hashed("src/data.py"), "outs": self.hashed("data/toy.csv")},
            "toy-train@line-0": {
                "cmd": "b",
                "deps": [
                    *self.hashed("data/toy.csv", "src/train.py"),
                    *(hashed_folder(self.root, name) for name in FOLDERS),
                ],
                "params": {"params.yaml": {"toy.train": PARAMS["toy"]["train"]}},
                "outs": self.hashed("models/line-0"),
            },
            "toy-evaluate": {
                "cmd": "c",
                "deps": self.hashed("models/line-0"),
                "outs": self.hashed("evaluations/a", "evaluations/b"),
            },
            "toy-figures": {
                "cmd": "d",
                "deps": [*self.hashed("models/line-0", "src/draw.py"), hashed_folder(self.root, "evaluations")],
                "params": {"params.yaml": {"toy.evaluate.samples": 9, "toy.evaluate.tolerance": 1e-5}},
                "outs": self.hashed(FIGURE, OTHER),
            },
        }
        self.save(self.root, stages)
        study = {
            "wide-figure@wide": {
                "cmd": "e",
                "deps": [{**dep, "path": f"../../{dep['path']}"} for dep in self.hashed("models/line-0", "src/draw.py")],
                "params": {"params.yaml": {"toy.wide": {"sizes": [2, 8]}}, "../../params.yaml": {"seeds": [0]}},
                "outs": [{**out, "path": "results/figures/wide.png"} for out in self.hashed(STUDIED)],
            }
        }
        self.save(self.root / "studies" / "wide", study)

    def save(self, folder: Path, locked: dict[str, Any]) -> None:
        """A pipeline's dvc.lock, and a dvc.yaml that has the same stages."""
        save_yaml(folder / "dvc.lock", {"schema": "2.0", "stages": locked})
        declared: dict[str, Any] = {}
        for name, stage in locked.items():
            base, _, instance = name.partition("@")
            body = {"cmd": stage["cmd"], "outs": [out["path"] for out in stage["outs"]]}
            declared[base] = {"foreach": {instance: {}}, "do": body} if instance else body
        save_yaml(folder / "dvc.yaml", {"stages": declared})

    def git(self, *arguments: str) -> str:
        own = ["-c", "user.name=scratch", "-c", "user.email=scratch@localhost", "-c", "commit.gpgsign=false"]
        return subprocess.run(["git", *own, *arguments], cwd=self.root, capture_output=True, text=True, check=True).stdout.strip()

    def commit(self, message: str = "Results") -> str:
        self.git("add", "--all")
        self.git("commit", "--quiet", "-m", message)
        return self.git("rev-parse", "HEAD")

    def audit(self, name: str = FIGURE, **options: Any) -> audit.Audit:
        return audit.audit(self.root / name, self.root, **options)


@pytest.fixture
def clone(tmp_path: Path) -> Clone:
    return Clone(tmp_path)


def test_current(clone):
    found = clone.audit()
    assert (found.verdict, found.exit_code, found.changes, found.stage) == ("current", 0, (), "toy-figures")
    assert found.commit == "not committed yet"
    assert found.parameters == {"toy.train.rate": 0.1, "toy.train.steps": 30, "toy.evaluate.tolerance": 1e-5}
    assert found.data == {"data/toy.csv": "d" * 64, "models/line-0": "e" * 64}
    code = {name: md5(clone.root / name) for name in ("src/data.py", "src/train.py", "src/draw.py")}
    assert found.code == code | {name: hashed_folder(clone.root, name)["md5"] for name in FOLDERS}
    first = clone.commit()
    (clone.root / "unrelated").write_text("later")
    clone.commit("Later")
    assert clone.audit().commit == first
    clone.git("checkout", "--quiet", "--orphan", "anew")  # as after a rebase that squashes
    squashed = clone.commit("All in one")
    assert (clone.audit().verdict, clone.audit().commit) == ("current", squashed)


@pytest.mark.parametrize("file", ["dvc.yaml", "studies/wide/dvc.yaml"])
def test_a_damaged_dvc_yaml_is_named_by_its_line(clone, file):
    """Nothing else says whether a stage still draws a figure."""
    (clone.root / file).write_text("stages: [")
    for asked in (clone.audit, lambda: audit.figures(clone.root)):
        with pytest.raises(UserError, match=rf"^{file} line \d+: .*; git diff {file} shows what changed$"):
            asked()


def test_it_need_not_be_tracked_nor_keep_its_name(clone):
    shutil.copy(clone.root / FIGURE, clone.root / "renamed.png")
    assert clone.audit("renamed.png").verdict == "current"
    clone.commit()
    clone.git("rm", "--cached", "--quiet", FIGURE)
    assert clone.audit().verdict == "current"


def parameter(key: str, value: Any):
    def edit(clone: Clone) -> None:
        content = json.loads(json.dumps(PARAMS))
        if value is None:
            del content["toy"]["train"][key]
        else:
            content["toy"]["train"][key] = value
        save_yaml(clone.root / "params.yaml", content)

    return edit


def file(name: str, text: str | None):
    def edit(clone: Clone) -> None:
        (clone.root / name).write_text(text) if text is not None else (clone.root / name).unlink()

    return edit


def retrained(weights: str):
    """The training ran again and gave another model; the figure was not drawn again."""

    def edit(clone: Clone) -> None:
        before = md5(clone.root / "models/line-0")
        (clone.root / "models/line-0").write_text(weights)
        lock = clone.root / "dvc.lock"
        # In the order of the file: the output of the training comes first, what the later stages read stays.
        lock.write_text(lock.read_text().replace(before, md5(clone.root / "models/line-0"), 1))

    return edit


NOW = {text: hashlib.md5(text.encode()).hexdigest() for text in ("# edited\n", "weights", "weights 5", "weights 2")}
assert NOW["weights 5"] < NOW["weights"] < NOW["weights 2"]


@pytest.mark.parametrize(
    ("edit", "changed", "new"),
    [
        (parameter("rate", 0.2), "toy.train.rate", 0.2),
        (parameter("steps", None), "toy.train.steps", "absent"),
        (parameter("decay", True), "toy.train.decay", True),
        (file("src/draw.py", "# edited\n"), "src/draw.py", NOW["# edited\n"]),
        (file("src/train.py", "# edited\n"), "src/train.py", NOW["# edited\n"]),
        (file("src/data.py", None), "src/data.py", "absent"),
        (file("evaluations/a", "another"), "evaluations", None),
        (retrained("weights 5"), "models/line-0", NOW["weights 5"]),
        (retrained("weights 2"), "models/line-0", NOW["weights 2"]),
    ],
)
def test_stale(clone, edit, changed, new):
    before = {**clone.audit().code, "toy.train.rate": 0.1, "toy.train.steps": 30, "toy.train.decay": "absent"}
    before |= {"evaluations": hashed_folder(clone.root, "evaluations")["md5"], "models/line-0": md5(clone.root / "models/line-0")}
    edit(clone)
    found = clone.audit()
    assert (found.verdict, found.exit_code, found.reason) == ("stale", 1, "1 input changed since it was made")
    (change,) = found.changes
    expected = hashed_folder(clone.root, "evaluations")["md5"] if new is None else new
    assert (change.input, change.old, change.new) == (changed, before[changed], expected)


def samples(clone: Clone) -> None:
    content = json.loads(json.dumps(PARAMS))
    content["toy"]["evaluate"]["samples"] = 10
    save_yaml(clone.root / "params.yaml", content)


def cached(clone: Clone) -> None:
    (clone.root / "src" / "solvers" / "__pycache__").mkdir()
    (clone.root / "src" / "solvers" / "__pycache__" / "rk4.cpython-311.pyc").touch()


@pytest.mark.parametrize(
    "edit", [file("unrelated.py", "x"), file("models/line-0", None), file("evaluations/b", None), samples, cached]
)
def test_what_does_not_concern_it(clone, edit):
    """Nor what is not fetched, nor a parameter that its stage declares but this figure does not need, nor what Python leaves."""
    edit(clone)
    assert clone.audit().verdict == "current"


OLD = "reports/figures/old.png"


@pytest.fixture
def left_over(clone):
    """What DVC and the folders keep of a figure, an evaluation and a study that are gone."""
    lock = YAML(typ="safe").load(clone.root / "dvc.lock")
    own = {"old-figure": {"instance": {}, "parameters": {}, "data": {}}}
    clone.draw(OLD, record=Record.parse({"stage": "old-figure", "stages": CONTENT["stages"] | own}))
    lock["stages"]["old-figure"] = {"cmd": "f", "outs": clone.hashed(OLD)}
    lock["stages"]["toy-evaluate@9"] = {"cmd": "c", "outs": [{"path": "evaluations/c-9", "hash": "md5", "md5": "0" * 32}]}
    save_yaml(clone.root / "dvc.lock", lock)
    gone = clone.root / "studies" / "gone" / "results" / "figures" / "gone.png"
    gone.parent.mkdir(parents=True)
    shutil.copyfile(clone.root / OLD, gone)
    return clone


def test_what_is_left_over_is_no_figure_of_the_clone(left_over):
    assert audit.figures(left_over.root) == [left_over.root / name for name in (OTHER, FIGURE, STUDIED)]
    assert [found.verdict for found in audit.audits(audit.figures(left_over.root), left_over.root)] == ["current"] * 3


def test_what_no_stage_draws_any_more_is_not_current(left_over):
    before = md5(left_over.root / OLD)
    assert left_over.audit(OLD).verdict == "not ours"
    left_over.commit()
    found = left_over.audit(OLD)
    assert (found.verdict, found.changes) == ("stale", (audit.Change(OLD, before, "absent"),))


def test_an_evaluation_that_is_gone_hides_no_change(left_over):
    """In a folder of which all is here that a stage still makes."""
    file("evaluations/a", "another")(left_over)
    assert [change.input for change in left_over.audit().changes] == ["evaluations"]


def test_the_files_that_changed_in_a_folder_of_code(clone):
    """dvc.lock has one hash of it; git has the files, if they were committed with it."""
    before = hashed_folder(clone.root, "src/solvers")["md5"]
    euler, rk4 = (md5(clone.root / "src" / "solvers" / name) for name in ("euler.py", "rk4.py"))
    file("src/solvers/rk4.py", "# edited\n")(clone)
    (change,) = clone.audit().changes
    assert (change.input, change.old, change.new) == ("src/solvers", before, hashed_folder(clone.root, "src/solvers")["md5"])
    file("src/solvers/rk4.py", "# rk4\n")(clone)
    clone.commit()
    file("src/solvers/rk4.py", "# edited\n")(clone)
    file("src/solvers/new.py", "# new\n")(clone)
    file("src/solvers/euler.py", None)(clone)
    cached(clone)
    clone.commit("Edited, not run")
    assert clone.audit().changes == (
        audit.Change("src/solvers/euler.py", euler, "absent"),
        audit.Change("src/solvers/new.py", "absent", md5(clone.root / "src" / "solvers" / "new.py")),
        audit.Change("src/solvers/rk4.py", rk4, NOW["# edited\n"]),
    )


def test_a_figure_of_a_study(clone):
    """Its stage stands in the lock of the study, those before it in the root's; its parameters, in the study's params.yaml."""
    found = clone.audit(STUDIED)
    assert (found.verdict, found.stage, found.commit) == ("current", "wide-figure@wide", "not committed yet")
    assert found.parameters == {"toy.train.rate": 0.1, "toy.train.steps": 30, "toy.wide.sizes": [2, 8]}
    assert {"src/draw.py", "src/train.py"} < found.code.keys()
    first = clone.commit()
    kept = (clone.root / STUDIED).read_bytes()
    clone.draw(STUDIED, (1, 0), STUDY_RECORD)
    clone.write_lock()
    clone.commit("Another figure")
    (clone.root / "elsewhere.png").write_bytes(kept)
    found = clone.audit("elsewhere.png")
    assert (found.verdict, found.commit, [c.input for c in found.changes]) == ("stale", first, [STUDIED])
    save_yaml(clone.root / "studies" / "wide" / "params.yaml", {"toy": {"wide": {"sizes": [4]}}})
    parameter("rate", 0.2)(clone)
    changes = [(c.input, c.old, c.new) for c in clone.audit(STUDIED).changes]
    assert changes == [("toy.train.rate", 0.1, 0.2), ("toy.wide.sizes", [2, 8], [4])]


def test_several_changes_are_counted_and_sorted(clone):
    parameter("rate", 0.2)(clone)
    file("src/draw.py", "# edited\n")(clone)
    found = clone.audit()
    assert [c.input for c in found.changes] == ["src/draw.py", "toy.train.rate"]
    assert found.reason == "2 inputs changed since it was made"


def test_an_earlier_figure_names_the_commit_that_brought_it(clone, tmp_path_factory):
    first = clone.commit()
    kept = tmp_path_factory.mktemp("elsewhere") / "kept.png"
    shutil.copy(clone.root / FIGURE, kept)
    clone.draw(FIGURE, (1, 0))
    clone.write_lock()
    clone.commit("Another figure")
    found = audit.audit(kept, clone.root)
    assert (found.verdict, found.commit) == ("stale", first)
    assert [(c.input, c.new) for c in found.changes] == [(FIGURE, md5(clone.root / FIGURE))]
    assert clone.audit().verdict == "current"
    shutil.copy(kept, clone.root / FIGURE)
    clone.write_lock()
    clone.commit("The first one again")
    assert (clone.audit().verdict, clone.audit().commit) == ("current", first)


def test_an_earlier_figure_is_stale_whichever_hash_is_greater(clone, tmp_path_factory):
    kept = tmp_path_factory.mktemp("elsewhere")
    for number in range(3):
        clone.draw(FIGURE, (number, 0))
        shutil.copy(clone.root / FIGURE, kept / f"{number}.png")
    least, present, greatest = sorted(kept.iterdir(), key=md5)
    for version in (least, greatest, present):
        shutil.copy(version, clone.root / FIGURE)
        clone.write_lock()
        clone.commit(version.name)
    for version in (least, greatest):
        found = audit.audit(version, clone.root)
        assert [(c.input, c.old, c.new) for c in found.changes] == [(FIGURE, md5(version), md5(present))]


def test_not_ours(clone):
    clone.commit()
    clone.draw("theirs.png", (3, 4))
    found = clone.audit("theirs.png")
    assert (found.verdict, found.exit_code, found.commit) == ("not ours", 2, None)
    assert "it comes from another clone" in found.reason
    Image.new("RGB", (4, 4)).save(clone.root / "photo.png")
    assert clone.audit("photo.png").verdict == "not ours" and "no record" in clone.audit("photo.png").reason


def test_where_a_shallow_history_ends_nothing_is_said_of_what_came_before(clone, tmp_path):
    """A figure of the present may be older than the commit that git shows as the first with it; an older one may be ours."""
    clone.commit()
    older, newer = tmp_path / "older.png", tmp_path / "newer.png"
    shutil.copy(clone.root / FIGURE, older)
    clone.draw(FIGURE, (1, 0))
    clone.write_lock()
    (boundary, shallow), whole = (clone.commit("The last that is fetched"), tmp_path / "shallow"), str(clone.root)
    clone.draw(OTHER, (2, 0))
    clone.write_lock()
    last = clone.commit("Later")
    clone.git("clone", "--quiet", "--depth", "2", f"file://{whole}", str(shallow))
    (shallow / ".dvc").mkdir(exist_ok=True)
    ends = "this clone is shallow, and its history ends early; git fetch --unshallow brings the rest"
    assert audit.audit(shallow / FIGURE, shallow).commit == f"{boundary}, or one before it: {ends}"
    assert audit.audit(shallow / OTHER, shallow).commit == last
    found = audit.audit(older, shallow)
    assert (found.verdict, found.exit_code, found.commit) == ("unknown", 2, f"unknown, because {ends}")
    clone.draw(FIGURE, (5, 0))
    shutil.copy(clone.root / FIGURE, newer)
    assert audit.audit(newer, shallow).verdict == "unknown" and audit.audit(newer, clone.root).verdict == "not ours"


@pytest.mark.parametrize("how", ["no git", "another owner", "no history"])
def test_what_git_cannot_say_is_unknown(clone, tmp_path, monkeypatch, how):
    clone.commit()
    shutil.copy(clone.root / FIGURE, tmp_path / "older.png")
    clone.draw(FIGURE, (1, 0))
    clone.write_lock()
    clone.commit("Another figure")
    file("src/solvers/rk4.py", "# edited\n")(clone)
    if how == "no git":
        monkeypatch.setenv("PATH", str(tmp_path))
    elif how == "another owner":
        monkeypatch.setenv("GIT_TEST_ASSUME_DIFFERENT_OWNER", "1")
    else:
        shutil.rmtree(clone.root / ".git")
    because = {
        "no git": "there is no git on the PATH; install it",
        "another owner": "git says: detected dubious ownership.*run: git config --global --add safe.directory",
        "no history": "git says: not a git repository.*; clone the project instead of downloading it",
    }[how]
    found = clone.audit()
    assert (found.verdict, [change.input for change in found.changes]) == ("stale", ["src/solvers"])
    assert re.match(f"unknown, because {because}", found.commit or "")
    found = audit.audit(tmp_path / "older.png", clone.root)
    assert (found.verdict, found.exit_code) == ("unknown", 2)
    assert re.search(f"older ones are unknown, because {because}", found.reason)


def test_altered(clone):
    with Image.open(clone.root / FIGURE) as image:
        image.load()
        chunk = PngInfo()
        chunk.add_text(seal.CHUNK, image.info[seal.CHUNK])
        image.convert("RGB").rotate(180).save(clone.root / "turned.png", pnginfo=chunk)
    found = clone.audit("turned.png")
    assert (found.verdict, found.exit_code) == ("altered", 2) and "content" in found.reason
    for name, place in ((OTHER, FIGURE), (FIGURE, OTHER)):
        own = (clone.root / place).read_bytes()
        shutil.copy(clone.root / name, clone.root / place)
        assert clone.audit(place).verdict == "altered" and name in clone.audit(place).reason
        (clone.root / place).write_bytes(own)
    (clone.root / FIGURE).write_bytes((clone.root / OTHER).read_bytes()[:200])
    assert clone.audit().verdict == "altered" and "damaged" in clone.audit().reason


def test_outside_any_clone(clone):
    found = audit.audit(clone.root / FIGURE, None)
    assert (found.verdict, found.exit_code, found.commit) == ("intact", 0, None)
    assert found.parameters["toy.train.rate"] == 0.1


def test_ancestors_of_a_stage():
    """Each once where branches meet, in whichever order; not what has no entry, nor the rest of the lock."""

    def entry(needs, makes):
        hashed = {"hash": "md5", "md5": "0" * 32}
        deps, outs = ([{"path": path} | hashed for path in paths] for paths in (needs, makes))
        return {"cmd": "true", "deps": deps, "outs": outs}

    stages = {
        "first": entry([], ["own"]),
        "a": entry(["code.py"], ["data"]),
        "b": entry(["data/one"], ["left"]),
        "c": entry(["data/two", "gone"], ["right"]),
        "d": entry(["left", "right", "own"], ["both"]),
        "e": entry(["both"], ["after"]),
    }
    lock = lockfile.parse(json.dumps({"schema": "2.0", "stages": stages}))
    assert lockfile.ancestors(lock, "d") == {"first", "a", "b", "c", "d"}
    assert lockfile.ancestors(lock, "a") == {"a"}
    assert lockfile.ancestors(lock, "none") == set()


def test_figures_are_found(clone):
    (clone.root / "reports" / "figures" / "notes.txt").touch()
    assert audit.figures(clone.root) == [clone.root / name for name in (OTHER, FIGURE, STUDIED)]


def test_runs_are_asked_for_by_the_key_of_the_training(clone):
    """The key is that of its own stage and its ancestors, for either device."""
    stages = {name: RECORD.stages[name] for name in ("toy-data", "toy-train@line-0")}
    keys = [Record("toy-train@line-0", stages).input_key(device) for device in ("cpu", "cuda")]
    asked = []

    def runs(wanted: list[str]) -> dict[str, list[str]]:
        asked.extend(wanted)
        return {keys[1]: ["a run"]}

    assert clone.audit(runs=runs).runs == {"toy-train@line-0": ["a run"]}
    assert asked == keys


def test_what_is_no_figure(clone):
    with pytest.raises(UserError, match="no such figure"):
        clone.audit("reports/figures/none.png")
    with pytest.raises(UserError, match="not a figure"):
        clone.audit("params.yaml")


def test_a_damaged_lock_is_one_line(clone):
    lock = clone.root / "dvc.lock"
    lock.write_text(lock.read_text().replace("    outs:", "  outs", 1))
    with pytest.raises(UserError, match=r"dvc\.lock: damaged.*git checkout dvc\.lock"):
        clone.audit()
    clone.write_lock()
    lock.write_text("[" * 100_000)  # a parser in C would end the process
    with pytest.raises(UserError, match=r"^dvc\.lock: damaged.*git checkout dvc\.lock"):
        clone.audit()
    clone.write_lock()
    (clone.root / "studies" / "wide" / "dvc.lock").write_text("stages: [")
    with pytest.raises(UserError, match=r"^studies/wide/dvc\.lock: damaged.*git checkout studies/wide/dvc\.lock"):
        clone.audit()


@pytest.mark.filterwarnings("ignore")  # of DVC's imports
def test_a_folder_is_hashed_as_dvc_hashes_it(root, tmp_path):
    from dvc_data.hashfile.hash_info import HashInfo
    from dvc_data.hashfile.tree import Tree

    tree = Tree()
    for name in ("b.py", "a/c d.py", "a/ä.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(name)
        tree.add(tuple(name.split("/")), None, HashInfo("md5", md5(tmp_path / name)))
    tree.digest()
    assert lockfile.md5_of(tmp_path) == tree.hash_info.value


@pytest.mark.parametrize(
    ("name", "counts"),
    [
        ("src/neural_odes/solvers/solve.py", True),
        ("src/neural_odes/solvers/new/solve.py", True),
        ("src/neural_odes/solvers/.solve.py.swp", False),  # of Vim, while the file is open
        ("src/neural_odes/solvers/solve.py~", False),  # of Vim and Emacs
        ("src/neural_odes/solvers/#solve.py#", False),  # of Emacs
        ("src/neural_odes/solvers/.#solve.py", False),
        ("src/neural_odes/solvers/.DS_Store", False),  # of a Mac
        ("src/neural_odes/solvers/.ipynb_checkpoints/a.json", False),
        ("src/neural_odes/solvers/solve.pyc", False),
        ("src/neural_odes/solvers/__pycache__/solve.py", False),
        ("reports/template/page.html.j2", True),
        ("reports/template/style.css", True),
        ("reports/template/.style.css.swp", False),
        ("reports/template/page.html.j2~", False),
        ("reports/explore/rooms/flow.js", True),
        ("reports/explore/explore.css", True),
        ("reports/explore/rooms/.flow.js.swp", False),
        ("models/density/cnf-0/history.csv", True),
        ("studies/student_report/kept/curves.csv", True),
    ],
)
def test_what_lies_beside_code_is_left_out_of_a_folder_as_dvc_leaves_it_out(root, tmp_path, name, counts):
    """An open editor makes nothing stale."""
    from dvc.repo import Repo

    shutil.copy(root / ".dvcignore", tmp_path / ".dvcignore")
    path = tmp_path / name
    path.parent.mkdir(parents=True)
    path.touch()
    with Repo.init(str(tmp_path), no_scm=True) as repo:
        assert [str(path)] * counts == list(repo.dvcignore.find(repo.fs, str(path.parent)))
    assert [path.name] * counts == list(lockfile.files(path.parent))


def test_a_section_is_not_another_that_begins_like_it(clone):
    """``toy.trainer`` is no part of ``toy.train``."""
    content = json.loads(json.dumps(PARAMS))
    content["toy"]["trainer"] = {"rate": 9}
    save_yaml(clone.root / "params.yaml", content)
    assert clone.audit().verdict == "current"


def test_an_output_that_no_stage_makes_any_more(clone):
    first = clone.commit()
    shutil.copy(clone.root / STUDIED, clone.root / "kept.png")
    before = md5(clone.root / STUDIED)
    (clone.root / "studies" / "wide" / "dvc.lock").unlink()
    clone.commit("The study is dropped")
    found = clone.audit("kept.png")
    assert (found.verdict, found.commit) == ("stale", first)
    assert [(c.input, c.old, c.new) for c in found.changes] == [(STUDIED, before, "absent")]


def test_a_figure_that_nobody_recorded_is_not_another_ones(clone):
    """It lies where one of ours was, with a record; no dvc.lock has its bytes under any name."""
    clone.commit()
    clone.draw(FIGURE, (5, 5))
    assert clone.audit().verdict == "not ours"


def test_all_figures_are_audited_in_their_order(clone):
    shutil.copy(clone.root / OTHER, clone.root / STUDIED)
    found = audit.audits([clone.root / name for name in (STUDIED, FIGURE)], clone.root)
    assert [(one.figure, one.verdict) for one in found] == [
        (str(clone.root / STUDIED), "altered"),
        (str(clone.root / FIGURE), "current"),
    ]
    assert found[0].reason == f"this is {OTHER}: the file was put in the place of another"
    assert found[0].stage == "toy-figures", "of its own record"


def test_what_programs_read_of_an_audit(clone):
    parameter("rate", 0.2)(clone)
    found = clone.audit(runs=lambda keys: {key: [f"run {number}"] for number, key in enumerate(keys)}).as_dict()
    assert found.pop("code").keys() == {"src/data.py", "src/train.py", "src/draw.py", *FOLDERS}
    assert found == {
        "figure": str(clone.root / FIGURE),
        "verdict": "stale",
        "reason": "1 input changed since it was made",
        "stage": "toy-figures",
        "parameters": {"toy.train.rate": 0.1, "toy.train.steps": 30, "toy.evaluate.tolerance": 1e-5},
        "data": {"data/toy.csv": "d" * 64, "models/line-0": "e" * 64},
        "commit": "not committed yet",
        "changes": ({"input": "toy.train.rate", "old": 0.1, "new": 0.2},),
        "runs": {"toy-train@line-0": ["run 0", "run 1"]},
        "exit_code": 1,
    }


@pytest.mark.parametrize(
    ("name", "root", "verdict", "said"),
    [
        (FIGURE, True, "current", "made by the code, data and parameters of this clone"),
        (FIGURE, False, "intact", "as it was saved; outside a clone only its own record can be checked"),
        (
            "plain.png",
            True,
            "not ours",
            "it carries no record of this pipeline (never had one, or was saved again by another program)",
        ),
        ("torn.png", True, "altered", "the file is damaged: it cannot be read as an image"),
        (
            "theirs.png",
            True,
            "not ours",
            "no dvc.lock of this clone's history has its hash; it comes from another clone",
        ),
    ],
)
def test_the_verdict_in_a_sentence(clone, name, root, verdict, said):
    clone.commit()
    Image.new("RGB", (4, 4)).save(clone.root / "plain.png")
    (clone.root / "torn.png").write_bytes((clone.root / FIGURE).read_bytes()[:200])
    clone.draw("theirs.png", (3, 4))
    found = audit.audit(clone.root / name, clone.root if root else None)
    assert (found.verdict, found.figure) == (verdict, str(clone.root / name)) and found.reason.startswith(said)


def test_the_ends_of_figures_names_are_listed(clone):
    with pytest.raises(UserError) as raised:
        clone.audit("params.yaml")
    assert str(raised.value) == f"{clone.root / 'params.yaml'}: not a figure; a file that ends in .png, .svg, .gif is expected"
