"""The pages: made by the stage scripts in a small copy of the project, with invented details and figures."""

import json
import os
import re
import shutil
import subprocess
import sys
from html import unescape
from pathlib import Path

import pandas as pd
import pytest
from markupsafe import escape
from PIL import Image
from PIL.PngImagePlugin import PngInfo
from ruamel.yaml import YAML

from neural_odes import params
from neural_odes.documents import blocks
from neural_odes.errors import UserError
from neural_odes.figures import seal, style
from neural_odes.pages import html
from neural_odes.pipeline.metrics import write_json
from neural_odes.pipeline.record import Inputs, Record
from neural_odes.summaries.statistics import over_seeds
from neural_odes.verdicts import claims
from neural_odes.verdicts.headline import headlines

CLAIMS = tuple(claims.CLAIMS)
STUDY = "student_report"
HOSTILE = "<script>alert('x')</script>"
ADDRESS = re.compile(
    r"""(?:https?:)?//[\w.]|(?:src|href)=["'](?!data:|#|[a-z]+\.html["']|"""
    r"""(?:\.\./)+(?:studies/\w+/results/page|docs/tutorials/results/\w+|reports/html/[a-z]+)\.html["'])"""
)


def three(value: float):
    return over_seeds([value, value * 1.1, value * 0.9])


def invented_details() -> dict[str, dict]:
    network = {
        "accuracy_pct": three(99.6),
        "binomial_standard_error_pct": 0.06,
        "epochs": 3,
        "error_pct": three(0.4),
        "error_tight_pct": three(0.41),
        "nfe_backward": None,
        "nfe_forward": None,
        "parameters": 576_778,
        "saved_bytes_per_image": three(1e6),
    }
    ode = {"parameters": 208_266, "nfe_backward": three(20.0), "nfe_forward": three(20.0)} | {
        key: three(value) for key, value in (("round_trip_error", 0.04), ("round_trip_error_tight", 1e-5))
    }
    nll = {key: three(0.002) for key in ("gap_nats", "standard_error_nats", "nll_standard_error_nats", "nll_nats")}
    flow = {key: three(1.0) for key in ("nfe", "round_trip_error", "tolerance_difference_nats", "integral")} | {
        "steps": 2000,
        "parameters": 4546,
    }
    errors = {
        f"{key}_{where}{suffix}": three(0.05)
        for key in ("mse", "rmse", "coverage", "conformal_coverage", "conformal_factor", "round_trip_error")
        for where in ("interpolation", "extrapolation")
        for suffix in ("", "_training_solver")
    }
    errors |= {key: three(-50.0) for key in ("elbo_nats", "importance_weighted_nats", "log_evidence_nats")}
    return {
        "classification": {"dataset": "mnist", "odenet": network | ode, "resnet": network},
        "density": {
            "entropy_nats": 0.289,
            "cnf": nll | flow,
            "report_moons": {"entropy_nats": 2.394, "steps": 1000, "cnf": nll | flow | {"nll_nats": three(2.4)}},
        },
        "trajectory": {
            "noise_std": 0.3,
            "models": {"latent_ode": {"parameters": 9000, "steps": 2000}},
            **{count: {"latent_ode": errors, "oracle": errors} for count in ("30", "50", "100")},
        },
    }


def invented_curves(folder: Path, model: str) -> None:
    folder.mkdir(parents=True)
    scores = ("nll_nats", "error_pct", "rmse_interpolation", "rmse_extrapolation")
    names = ("loss", "nfe", *(f"validation_{score}" for score in scores))
    rows = [(step, model, seed, name, 1 / (1 + step)) for step in (1, 2) for seed in (0, 1) for name in names]
    pd.DataFrame(rows, columns=["step", "model", "seed", "metric", "value"]).to_csv(folder / "curves.csv", index=False)


def record(stage: str, parameters: dict) -> Record:
    parent = stage.replace("-figure", "-train@m-0")
    data = {f"data/{stage.split('-')[0]}": "0123456789abcdef" * 4}
    return Record(stage, {parent: Inputs({}, parameters, {}), stage: Inputs({}, {"seeds": [0]}, data)})


def draw(path: Path, made: Record) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    drawn, ax = style.new(size=(3.0, 2.0))
    if path.suffix == ".gif":
        frames = [(style.pixels(drawn), 50)]
        ax.plot([0, 1])
        seal.save_animation([*frames, (style.pixels(drawn), 50)], path, made)
    else:
        ax.plot([0, 1])
        seal.save_figure(drawn, path, made)


def copy_of_project(root: Path, to: Path) -> None:
    """What the pages are made from; all figures and numbers are invented."""
    (to / ".dvc").mkdir()
    (to / "src").symlink_to(root / "src")
    study = f"studies/{STUDY}"
    for name in (
        "dvc.yaml", "params.yaml", "stages", "reports/notebooks", "reports/template", "studies/README.md", "docs/explore.png",
        f"{study}/dvc.yaml", f"{study}/page.ipynb", f"{study}/README.md",
    ):  # fmt: skip
        (to / name).parent.mkdir(parents=True, exist_ok=True)
        (shutil.copytree if (root / name).is_dir() else shutil.copy)(root / name, to / name)
    values = params.read(root / "params.yaml")
    for claim in CLAIMS:
        (to / "reports/details").mkdir(exist_ok=True)
        write_json(to / f"reports/details/{claim}.json", invented_details()[claim])
        invented_curves(to / f"reports/curves/{claim}", {"classification": "odenet", "density": "cnf"}.get(claim, "latent_ode"))
        made = record(f"{claim}-figure", {claim: values[claim] | {"note": HOSTILE}})
        for name in shown(root, claim):
            draw(to / name, made)
    (to / study / "results").mkdir()
    finding = {"claim": "density", "said": HOSTILE, "ours": "here", "verdict": "not comparable", "reason": "of a reason"}
    run = {"presets": ["report"], "commit": "0123456789abcdef", "changed": {"density.train.steps": HOSTILE}}
    write_json(to / study / "results/metrics.json", {"findings": [finding], "run": run})
    draw(to / study / "results/figures/report-settings.png", record(f"{STUDY}-figure", {}))


def shown(root: Path, claim: str) -> set[str]:
    """The figures that dvc.yaml declares for a claim's page."""
    stages = YAML(typ="safe").load((root / "dvc.yaml").read_text())["stages"]
    return {name for name in stages[f"{claim}-page"]["deps"] if name.startswith("reports/figures/")}


def run(copy: Path, folder: str, *command: str, **environment: str) -> subprocess.CompletedProcess[str]:
    home = copy.parent / "home"
    home.mkdir(exist_ok=True)
    own = {"HOME": str(home), "PYTHONDONTWRITEBYTECODE": "1", "PYTHONPATH": str(Path(html.__file__).parents[2])}
    own["NEURAL_ODES_CACHE"] = str(copy.parent / "cache")
    return subprocess.run(
        [sys.executable, *command],
        cwd=copy / folder,
        env=os.environ | own | environment,
        capture_output=True,
        text=True,
        timeout=300,
    )


@pytest.fixture(scope="module")
def site(root, tmp_path_factory) -> Path:
    """A copy of the project, its folder's name with a space, with all pages made."""
    copy = tmp_path_factory.mktemp("report") / "my copy"
    copy.mkdir()
    copy_of_project(root, copy)
    before = files(copy)
    study = f"studies/{STUDY}"
    commands = [
        *((".", "stages/page.py", claim) for claim in CLAIMS),
        (study, "../../stages/page.py", STUDY),
        (".", "stages/index.py"),
    ]
    for command in commands:
        done = run(copy, *command)
        assert done.returncode == 0, done.stderr
    pages = {f"reports/html/{name}.html" for name in (*CLAIMS, "index")} | {f"{study}/results/page.html"}
    assert files(copy) - before == pages, "a stage writes its page and nothing else"
    assert files(copy.parent / "home") == set(), "nor anything into the user's folder"
    return copy


def files(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def page(site: Path, name: str) -> str:
    path = f"studies/{name}/results/page.html" if name == STUDY else f"reports/html/{name}.html"
    return (site / path).read_text(encoding="utf-8")


@pytest.mark.parametrize("name", [*CLAIMS, "index", STUDY])
def test_a_page_needs_nothing_else(site, name):
    text = page(site, name)
    assert "default-src 'none'; img-src data:; style-src 'unsafe-inline'" in text
    assert ADDRESS.findall(re.sub(r"base64,[\w+/=]*", "", text)) == []
    assert "<script" not in text and "@import" not in text and "url(" not in text
    assert len(text) < 5_000_000


@pytest.mark.parametrize("claim", CLAIMS)
def test_mathematics_is_mathml(site, claim):
    text = page(site, claim)
    assert '<math display="block">' in text and "<mfrac>" in text
    assert "$" not in text and "\\frac" not in text and "<merror" not in text


@pytest.mark.parametrize("claim", CLAIMS)
def test_a_page_shows_no_code_and_every_figure_with_its_provenance(site, claim, root):
    text = page(site, claim)
    assert "import " not in text and "read_json" not in text and str(site) not in text
    figures = shown(root, claim)
    assert figures and set(re.findall(r'data-source="([^"]+)"', text)) == figures, "dvc.yaml declares what the page shows"
    stills = [name for name in figures if name.endswith(".png")]
    assert text.count('<div class="provenance">') == len(stills)
    assert text.count(f"stage <code>{claim}-figure</code>") == len(stills)
    assert "0123456789ab" in text, "the digest of the data"
    assert all(re.search(r'alt="[^"]{10,}"', image) for image in re.findall(r"<img [^>]*>", text))


@pytest.mark.parametrize("name", [*CLAIMS, STUDY])
def test_what_comes_from_parameters_is_escaped(site, name):
    assert "alert(" in page(site, name) and HOSTILE not in page(site, name)


def test_the_page_of_a_study_leads_back_and_shows_its_own_figure(site):
    text = page(site, STUDY)
    assert f'data-source="studies/{STUDY}/results/figures/report-settings.png"' in text
    home = re.search(r'<nav><a href="([^"]+)"', text)[1]
    assert (site / f"studies/{STUDY}/results" / home).resolve() == site / "reports/html/index.html"
    assert '<b class="not-comparable">not comparable</b> because of a reason' in text


def test_the_page_of_a_study_begins_with_its_question_and_answer(site):
    question, answer, *_ = (site / f"studies/{STUDY}/README.md").read_text(encoding="utf-8").split("\n\n")
    text = re.sub(r"<[^>]+>", "", page(site, STUDY).partition("</nav>")[2]).split("\n")
    said = [unescape(line) for line in text if line.strip()][:2]
    assert said == [question.removeprefix("# "), answer.strip()]


def test_the_index_has_every_verdict_and_links_every_page(site):
    text = page(site, "index")
    lines = [line for claim, found in claims.load_details(site).items() for line in claims.judge(claim, found)]
    assert len(lines) > 15 and text.count('<figure class="table">') == len(CLAIMS) + 1
    for line in lines:
        assert str(escape(line.judgement.reason)) in text and line.entry.value_text in text and line.ours_text in text
        assert f">{line.entry.degree}; left open: {escape(line.entry.open)}<" in text
    assert set(re.findall(r'href="([a-z]+\.html)"', text)) == {f"{name}.html" for name in (*CLAIMS, "benchmarks", "explore")}


@pytest.mark.parametrize("claim", CLAIMS)
def test_the_page_of_a_claim_begins_with_its_answer_and_its_figure(site, claim):
    text = page(site, claim).partition("</nav>")[2]
    order = [text.index(part) for part in ("<h1", '<p class="answer">', "<img ", "<h2")]
    assert order == sorted(order)
    assert text.count('<p class="answer">') == 1


def test_the_index_begins_with_the_short_table_and_a_picture_a_claim(site):
    """Each as on the claim's page; what is long comes after them."""
    text = page(site, "index")
    start = text.partition('id="studies"')[0]
    rows = [row.cells for row in headlines(claims.load_details(site))]
    assert start.count("<tr>") == 1 + len(rows) and all(cell in start for row in rows for cell in row)
    *pictures, still = re.findall(r"<img [^>]+>", text)
    assert pictures == [re.search(r"<img [^>]+>", page(site, claim))[0] for claim in CLAIMS]
    assert all(picture in start for picture in pictures)
    assert 'data-source="docs/explore.png"' in still
    for claim in CLAIMS:
        assert re.search('<p class="answer">.*?</p>', page(site, claim))[0] in start


def test_an_index_of_a_page_without_an_answer_says_what_is_missing(site):
    path = site / "reports/html/density.html"
    good = path.read_text(encoding="utf-8")
    path.write_text(good.replace('class="answer"', ""), encoding="utf-8")
    try:
        done = run(site, ".", "stages/index.py")
    finally:
        path.write_text(good, encoding="utf-8")
    assert done.returncode == 1 and "reports/html/density.html: it has no answer for the index to show" in done.stderr


@pytest.mark.parametrize("name", [*CLAIMS, "index", STUDY])
def test_every_table_scrolls_in_a_box_of_its_own(site, name):
    text = page(site, name)
    assert text.count("<table>") == text.count('<div class="wide" tabindex="0"><table>') > 0
    assert ".wide { overflow-x: auto;" in text


def test_the_index_lists_the_studies_with_their_answers(site, root):
    text = page(site, "index")
    found = re.findall(r'<dt><a href="\.\./\.\./studies/(\w+)/results/page\.html">(.+)</a></dt>\n<dd>(.+)</dd>', text)
    assert {name for name, _, _ in found} == {path.parent.name for path in (root / "studies").glob("*/README.md")}
    assert all(question.endswith("?") and len(answer) > 20 for _, question, answer in found)


def test_an_index_without_studies_says_how_to_list_them(site):
    path = site / "studies/README.md"
    good = path.read_text(encoding="utf-8")
    begin = blocks.BEGIN.format("studies")
    path.write_text(f"{begin}\n", encoding="utf-8")
    try:
        done = run(site, ".", "stages/index.py")
    finally:
        path.write_text(good, encoding="utf-8")
    assert done.returncode == 1 and "studies/README.md: no list of studies; write it with: neural-odes docs" in done.stderr


def test_same_inputs_same_bytes_whatever_is_configured(site, tmp_path):
    """By the user for IPython, Jupyter, nbconvert, Python and Matplotlib."""
    before = page(site, "density")
    hostile = "import pandas\npandas.DataFrame.itertuples = lambda *arguments, **options: iter(())\n"
    templates = ".local/share/jupyter/nbconvert/templates/lab"
    files = {
        "startup.py": hostile,
        "python/sitecustomize.py": hostile,
        ".ipython/profile_default/startup/00.py": hostile,
        ".ipython/profile_default/ipython_kernel_config.py": "c.InteractiveShellApp.exec_lines = ['raise SystemExit']\n",
        ".jupyter/jupyter_config.py": "c.KernelManager.transport = 'tcp'\n",
        f"{templates}/conf.json": '{"base_template": "none", "mimetypes": {"text/plain": true}}',
        ".config/matplotlib/matplotlibrc": "font.family: serif\n",
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    code = os.pathsep.join((str(tmp_path / "python"), str(Path(html.__file__).parents[2])))
    own = {"HOME": str(tmp_path), "PYTHONPATH": code, "PYTHONSTARTUP": str(tmp_path / "startup.py")}
    own |= {"IPYTHONDIR": str(tmp_path / ".ipython"), "JUPYTER_PREFER_ENV_PATH": "0", "LC_ALL": "C", "TZ": "Asia/Kathmandu"}
    done = run(site, ".", "stages/page.py", "density", **own)
    assert done.returncode == 0, done.stderr
    assert page(site, "density") == before


def test_an_error_in_a_notebook_is_one_line_that_names_the_cell(site):
    path = site / "reports/notebooks/density.ipynb"
    good = path.read_text(encoding="utf-8")
    source = json.loads(good)
    next(cell for cell in source["cells"] if cell["id"] == "results")["source"] = ["1 / 0"]
    path.write_text(json.dumps(source), encoding="utf-8")
    try:
        done = run(site, ".", "stages/page.py", "density")
    finally:
        path.write_text(good, encoding="utf-8")
    assert done.returncode == 1
    line = done.stderr.strip().splitlines()[-1]
    assert line.startswith(
        "error: density-page: reports/notebooks/density.ipynb: cell results: ZeroDivisionError: division by zero;"
    )
    assert "Traceback" not in done.stderr


def notebooks(root: Path) -> list[Path]:
    return [
        *(root / "reports/notebooks").glob("*.ipynb"),
        *(root / "studies").glob("*/page.ipynb"),
        *(root / "docs/tutorials").glob("*.ipynb"),
        root / "benchmarks/page.ipynb",
    ]


def test_a_source_notebook_has_fixed_ids_and_no_outputs(root):
    for path in notebooks(root):
        source = json.loads(path.read_text(encoding="utf-8"))
        identifiers = [cell["id"] for cell in source["cells"]]
        assert len(set(identifiers)) == len(identifiers), path
        assert all(
            cell["outputs"] == [] and cell["execution_count"] is None for cell in source["cells"] if cell["cell_type"] == "code"
        ), path
        assert source["metadata"]["kernelspec"]["name"] == "python3", path


# The pieces


def test_a_table_escapes_all_that_it_shows():
    frame = pd.DataFrame({HOSTILE: [HOSTILE, "1 < 2"]}, index=pd.Index([HOSTILE, "b"], name=HOSTILE))
    for words in ((), (HOSTILE,)):
        text = html.table(frame, HOSTILE, words=words)
        assert "<script" not in text and text.count("&lt;script&gt;") == 5 and "1 &lt; 2" in text and "&amp;" not in text


def test_a_table_does_not_cut_long_text():
    long = "x" * 500
    assert long in html.table(pd.DataFrame({"a": [long]}), "")


def test_a_table_shows_each_cell_as_it_is_whatever_pandas_would_show():
    frame = pd.DataFrame({"n": [3], "x": [0.123456789]}, index=pd.Index(["row"], name="what"))
    with pd.option_context("display.precision", 2, "display.max_columns", 1):
        text = html.table(frame, "caption")
    assert "<th>what</th><th>n</th><th>x</th>" in text and "<th>row</th><td>3</td><td>0.123456789</td>" in text


def test_a_training_is_shown_by_its_last_values_whatever_their_order(tmp_path):
    rows = [(200, "m", 0, "loss", 0.25), (100, "m", 0, "loss", 0.5), (100, "m", 0, "score", 3), (100, "n", 1, "loss", 1)]
    pd.DataFrame(rows, columns=["step", "model", "seed", "metric", "value"]).to_csv(tmp_path / "curves.csv", index=False)
    text = html.trainings(tmp_path / "curves.csv", {"last loss": ("loss", 2)}, "The end", names={"m": "<Model>"})
    assert re.findall(r"<th>(.*, seed \d)</th>\s*<td>(.*)</td>", text) == [
        ("&lt;Model&gt;, seed 0", "0.25"), ("n, seed 1", "1.00")
    ]  # fmt: skip


def test_a_figure_shows_its_parameters(tmp_path):
    draw(tmp_path / "f.png", record("density-figure", {"density.train": {"optimizer": HOSTILE, "steps": 7}}))
    text = html.figure("f", alt='a "quoted" text', caption="c", parameters=["density.train.steps"], folder=tmp_path)
    assert "density.train.steps = 7" in text and "<script" not in text and "a &#34;quoted&#34; text" in text
    with pytest.raises(UserError, match=r"f.png: its record has no parameter density.train.stpes; known: "):
        html.figure("f", alt="", caption="", parameters=["density.train.stpes"], folder=tmp_path)


def test_a_figure_that_was_altered_is_refused(tmp_path):
    path = tmp_path / "f.png"
    draw(path, record("density-figure", {}))
    with Image.open(path) as image:
        information = image.info[seal.CHUNK]
        image.load()
        image.putpixel((0, 0), (1, 2, 3))
        chunk = PngInfo()
        chunk.add_text(seal.CHUNK, information)
        image.save(path, pnginfo=chunk)
    with pytest.raises(UserError, match=r"f.png: is not the figure that was saved; "):
        html.figure("f", alt="", caption="", folder=tmp_path)
    with pytest.raises(UserError, match=r"missing.png: missing; "):
        html.figure("missing", alt="", caption="", folder=tmp_path)


def test_seeds_that_share_an_entry_share_a_row(tmp_path):
    made = record("density-figure", {"density.train": {"steps": 7}})
    both = made.stages | {"density-train@m-1": made.stages["density-train@m-0"]}
    draw(tmp_path / "f.png", Record(made.stage, both))
    assert "<td>density-train m-0, m-1</td><td>density.train.steps</td><td>7</td>" in html.figure(
        "f", alt="", caption="", folder=tmp_path
    )


def test_pages_and_tables_do_not_import_torch():
    modules = "neural_odes.pages.render, neural_odes.documents.blocks, neural_odes.verdicts.claims"
    assert subprocess.run([sys.executable, "-c", f"import sys, {modules}; sys.exit('torch' in sys.modules)"]).returncode == 0
