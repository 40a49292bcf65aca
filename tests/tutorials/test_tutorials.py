"""The tutorials: their form; and, run from an empty kernel, that they reach what they claim."""

import ast
import importlib
import re
import shutil
from pathlib import Path

import nbformat
import pytest
from nbformat import NotebookNode

from neural_odes import paths
from neural_odes.documents import blocks
from neural_odes.errors import UserError
from neural_odes.pages import notebook, tutorial

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / paths.TUTORIALS
NAMES = sorted(path.stem for path in FOLDER.glob("*.ipynb"))


def read(name: str) -> NotebookNode:
    return nbformat.read(FOLDER / f"{name}.ipynb", as_version=4)


def cells(name: str, kind: str) -> list[NotebookNode]:
    return [cell for cell in read(name).cells if cell.cell_type == kind]


def test_each_is_listed_and_has_a_pipeline():
    assert sorted(blocks.TUTORIALS) == NAMES
    text = (FOLDER / "dvc.yaml").read_text(encoding="utf-8")
    assert text.count(f"matrix: {{tutorial: [{', '.join(blocks.TUTORIALS)}]}}") == 2


@pytest.mark.parametrize("name", NAMES)
def test_a_tutorial_is_short_and_has_equations_and_questions(name):
    code, text = cells(name, "code"), "\n".join(cell.source for cell in cells(name, "markdown"))
    assert 5 <= len(code) <= 10 and all(len(cell.source.splitlines()) <= 25 for cell in code)
    assert re.search(r"Chen et al\. 2018,\s+eq\. \d", text) and text.count("$$") >= 4
    assert text.count("**Try:**") >= len(re.findall("^## ", text, re.MULTILINE)) - 2  # but for training and the end


@pytest.mark.parametrize("name", NAMES)
def test_numbers_are_computed_and_a_cell_with_a_picture_describes_it(name):
    for cell in cells(name, "code"):
        shows = cell.source.rstrip().endswith("\ndrawn")
        assert shows == bool(cell.metadata.get("alt")), cell.id
        assert cell.outputs == []


@pytest.mark.parametrize("name", NAMES)
def test_what_a_tutorial_imports_is_there(name):
    for cell in cells(name, "code"):
        for node in ast.walk(ast.parse(cell.source)):
            if isinstance(node, ast.ImportFrom):
                module = importlib.import_module(str(node.module))
                for each in node.names:
                    assert hasattr(module, each.name) or importlib.import_module(f"{node.module}.{each.name}")


@pytest.mark.parametrize("name", NAMES)
def test_its_links_resolve(name):
    for cell in cells(name, "markdown"):
        for target in re.findall(r"\]\(([^)#]+)\)", cell.source):
            assert (FOLDER / target).exists(), target


def executed(output: str | None, *tags: str) -> NotebookNode:
    outputs = [] if output is None else [nbformat.v4.new_output("execute_result", {"text/plain": output})]
    code = nbformat.v4.new_code_cell("x", outputs=outputs, metadata={"tags": list(tags)})
    return nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell("# Toy"), code])


def test_what_it_reached_is_the_dictionary_that_its_tagged_cell_shows():
    assert tutorial.reached(executed("{'order': 3.98,\n 'NFE': 158}", "reached")) == {"order": 3.98, "NFE": 158.0}


@pytest.mark.parametrize("output", [None, "3", "{'order': open('x')}", "{'order': 'four'}", "np.float64(1.0)"])
def test_anything_else_is_refused(output):
    with pytest.raises(UserError, match=r"^Toy: one cell of a notebook must have the tag reached"):
        tutorial.reached(executed(output, "reached"))
    with pytest.raises(UserError, match=r"^Toy: "):
        tutorial.reached(executed("{'order': 1}"))


def small(folder: Path) -> Path:
    """A clone with the pipeline of the tutorials, of which one computes next to nothing."""
    (folder / ".dvc").mkdir(parents=True)
    for name in ("stages", "reports/template", "params.yaml", "dvc.yaml", f"{paths.TUTORIALS}/dvc.yaml"):
        source = ROOT / name
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (shutil.copytree if source.is_dir() else shutil.copy)(source, folder / name)
    (folder / "src").symlink_to(ROOT / "src")
    return folder


SOURCE = """import os, sys
from neural_odes.figures import style
print("progress", file=sys.stderr)
drawn, ax = style.new(size=(3, 2))
ax.plot([float(os.environ["OMP_NUM_THREADS"]), 2])
drawn"""


def test_a_page_shows_text_code_and_picture_and_the_same_bytes_twice(tmp_path, monkeypatch):
    from neural_odes.pipeline.stage import Stage

    root = small(tmp_path / "clone")
    monkeypatch.chdir(root / paths.TUTORIALS)
    monkeypatch.setenv("PYTHONPATH", str(ROOT / "src"))
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        monkeypatch.setenv(name, "7")  # and set back at the end
    picture = nbformat.v4.new_code_cell(SOURCE, id="a", metadata={"alt": 'a "line"'})
    end = nbformat.v4.new_code_cell("{'slope': 2 - 1}", id="b", metadata={"tags": ["reached"]})
    source = nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell("# A line\n\n$$x^2$$", id="t"), picture, end])
    source.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
    nbformat.write(source, Path("solving.ipynb"))
    made = []
    for _ in range(2):
        for script, verb in (("tutorial", "run"), ("tutorial_page", "page")):
            stage = Stage(f"python ../../stages/{script}.py solving", Path.cwd())
            getattr(tutorial, verb)(stage, "solving")
            stage.finish()
        made.append([path.read_bytes() for path in sorted(Path.cwd().rglob("*")) if path.is_file()])
    assert made[0] == made[1]
    text = Path("results/solving.html").read_text(encoding="utf-8")
    assert 'alt="a &#34;line&#34;" width="288" height="192" src="data:image/png;base64,' in text
    assert '<span class="kn">import</span>' in text and "<msup>" in text and ">progress<" not in text
    assert 'href="../../../reports/html/index.html"' in text
    assert Path("results/solving.json").read_text(encoding="utf-8").split() == ["{", '"slope":', "1.0", "}"]


ORDERS = {"euler": 1, "midpoint": 2, "rk4": 4, "dopri5": 5}


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_it_ends_and_reaches_what_it_claims(name, tmp_path, monkeypatch):
    """From an empty kernel, in an empty folder: it needs no clone."""
    monkeypatch.setenv("PYTHONPATH", str(ROOT / "src"))
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    shutil.copy(FOLDER / f"{name}.ipynb", tmp_path)
    found = tutorial.reached(notebook.run(tmp_path / f"{name}.ipynb", {}, root=tmp_path))
    match name:
        case "solving":
            for method, order in ORDERS.items():
                assert abs(found[f"order of {method}"] - order) < 0.2, method
            assert 1e-8 < found["error at tolerance 1e-6"] < 1e-4
            assert found["error there and back at tolerance 1e-6"] < 1e-4
        case "density":
            assert found["entropy (nats)"] == pytest.approx(0.289, abs=5e-4)  # published with the floors
            assert 0 < found["gap (nats)"] < 0.01 < 0.1 < found["gap at the first validation (nats)"]
            assert found["total of the density"] == pytest.approx(1, abs=5e-3)
        case "trajectory":
            assert 1 < found["× oracle in"] < 2 and 1 < found["× oracle beyond"] < 2
        case _:
            pytest.fail(f"{name}: say here what it claims")
