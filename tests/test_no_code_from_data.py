"""Nothing that is read can run: no pickle but in one restricted reader, no eval, unsafe YAML, unchecked archive or shell."""

import ast
import json
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
FILES = sorted(p for folder in ("src", "stages", "studies", "benchmarks") for p in (ROOT / folder).rglob("*.py"))
NOTEBOOKS = sorted([*ROOT.glob("reports/notebooks/*.ipynb"), *ROOT.glob("studies/*/*.ipynb")])
READER = "src/neural_odes/classification/restricted.py"

# What would run code, or write where it likes, by the dotted name at the call.
FORBIDDEN = re.compile(
    r"^(eval|exec|compile|__import__|input"
    r"|pickle\.(load|loads|Unpickler)"
    r"|torch\.(load|jit\.load|hub\.\w+)|torch\.package\.\w+"
    r"|pandas\.read_pickle|pd\.read_pickle|pd\.eval"
    r"|os\.(system|popen)|subprocess\.(getoutput|getstatusoutput)"
    r"|(\w+\.)*(extract|extractall)|shutil\.unpack_archive"
    r"|tempfile\.mktemp)$"
)
IMPORTS = {"marshal", "shelve", "dill", "joblib", "cloudpickle", "yaml"}  # PyYAML's loaders; ruamel has a safe one


def name(node: ast.expr) -> str:
    if isinstance(node, ast.Attribute):
        return f"{name(node.value)}.{node.attr}"
    return node.id if isinstance(node, ast.Name) else ""


def findings(tree: ast.AST) -> list[str]:
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import | ast.ImportFrom):
            modules = {alias.name for alias in node.names} if isinstance(node, ast.Import) else {node.module or ""}
            names = {alias.name for alias in node.names} if isinstance(node, ast.ImportFrom) else set()
            if modules & IMPORTS or ("pickle" in modules and names):
                found.append(f"line {node.lineno}: import of {', '.join(modules)}")
        if not isinstance(node, ast.Call):
            continue
        called = name(node.func)
        if FORBIDDEN.match(called):
            found.append(f"line {node.lineno}: {called}")
        keywords = {k.arg: k.value.value for k in node.keywords if isinstance(k.value, ast.Constant)}
        if keywords.get("allow_pickle") is True or keywords.get("shell") is True:
            found.append(f"line {node.lineno}: {called} with allow_pickle or shell")
        if called.endswith("YAML") and keywords.get("typ", "rt") not in ("rt", "safe"):
            found.append(f"line {node.lineno}: {called} of an unsafe type")
    return found


@pytest.mark.parametrize("path", FILES, ids=lambda p: p.relative_to(ROOT).as_posix())
def test_nothing_that_is_read_can_run(path):
    tree = ast.parse(path.read_text(encoding="utf-8"))
    assert not findings(tree)
    bases = [name(base) for node in ast.walk(tree) if isinstance(node, ast.ClassDef) for base in node.bases]
    assert "pickle.Unpickler" not in bases or path.relative_to(ROOT).as_posix() == READER


@pytest.mark.parametrize(
    "code",
    [
        "eval('1')", "pickle.load(f)", "torch.load(p)", "np.load(p, allow_pickle=True)", "import yaml",
        "from pickle import loads", "YAML(typ='unsafe')",
        "archive.extractall()", "subprocess.run('ls', shell=True)", "os.system('ls')",
        "pd.read_pickle(p)",
    ],
)  # fmt: skip
def test_the_scan_sees_it(code):
    assert findings(ast.parse(code))


def test_cells_of_notebooks_too():
    assert len(NOTEBOOKS) > 3
    for path in NOTEBOOKS:
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        for cell in cells:
            if cell["cell_type"] == "code":
                assert not findings(ast.parse("".join(cell["source"]))), path


def test_every_download_is_held_against_a_checksum():
    """Who opens a connection names the checksum in the same module."""
    for path in FILES:
        text = path.read_text(encoding="utf-8")
        if (
            re.search(r"urlopen|urlretrieve|download_url|requests\.|httpx\.|pip., .download", text)
            and path.parent.name != "tracking"
        ):
            assert re.search(r"md5|sha256", text, re.IGNORECASE), path
