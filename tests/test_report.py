"""The pages: made by the stage scripts in a small copy of the project, with invented metrics and figures."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import invented
import pandas as pd
import pytest
from PIL import Image
from ruamel.yaml import YAML

from neural_odes import params, plotting, report, verdicts
from neural_odes.errors import UserError
from neural_odes.findings import Kept, judge
from neural_odes.metrics import over_seeds, write_json

CLAIMS = tuple(verdicts.CLAIMS)
HOSTILE = "<script>alert('x')</script>"
ADDRESS = re.compile(r"""(?:https?:)?//[\w.]|(?:src|href)=["'](?!data:|[a-z]+\.html["'])""")


def three(value: float):
    return over_seeds([value, value * 1.1, value * 0.9])


def invented_metrics() -> dict[str, dict]:
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
    ode = dict.fromkeys(("nfe_backward", "nfe_forward"), three(20.0))
    nll = {key: three(0.002) for key in ("gap_nats", "standard_error_nats", "nll_standard_error_nats", "nll_nats")}
    flow = {key: three(1.0) for key in ("nfe", "tolerance_difference_nats", "integral")} | {"steps": 2000}
    errors = {
        f"{key}_{where}{suffix}": three(0.05)
        for key in ("mse", "rmse", "coverage", "conformal_coverage", "conformal_factor")
        for where in ("interpolation", "extrapolation")
        for suffix in ("", "_training_solver")
    }
    errors |= {key: three(-50.0) for key in ("elbo_nats", "importance_weighted_nats", "log_evidence_nats")}
    solved = {
        "method": "dopri5",
        "tolerance": 1e-3,
        "nfe": three(50.0),
        "solver_error_nats": three(1e-4),
        "error_nats": three(0.01),
    }
    tradeoff = {price: {"gap_nats": three(0.01), "solvers": [solved]} for price in ("none", "kinetic", "jacobian")}
    small = network | {"parameters": 208_266}
    solves = ({"method": "rk4", "steps": 1}, {"method": "euler", "steps": 1}, {"method": "dopri5", "tolerance": 1e-3})
    forward = [solve | {"nfe": three(4.0), "numerical_error": three(0.01), "error_pct": three(0.4)} for solve in solves]
    adjoint = [{"tolerance": 1e-3, "nfe_forward": three(20.0), "nfe_backward": three(20.0)}]
    solvers = {"forward": forward, "adjoint": adjoint, "error_pct": three(0.4)}
    line = {"points": [{"depth": 1, "bytes": 1.0}, {"depth": 2, "bytes": 2.0}], "bytes_per_depth": 1.0, "bytes_at_zero": 0.0}
    studies = {
        "solvers": {"odenet": solvers, "rknet": solvers},
        "memory": {"odenet": line | {"bytes_per_depth": 0.0}, "rknet": line, "resnet": line},
    }
    return {
        "classification": {
            "dataset": "mnist",
            **dict.fromkeys(("odenet", "rknet"), small | ode),
            **dict.fromkeys(("resnet", "resnet1", "stem", "mlp"), network),
            "studies": studies,
        },
        "density": {
            "entropy_nats": 0.289,
            "cnf": nll | flow | {"parameters": 4546},
            "nsf": nll | {"steps": 2000, "parameters": 9000},
            "tradeoff": tradeoff | {"recommended": solved | {"price": "kinetic"}},
            "gmm": nll | {"parameters": 95, "chosen": 16},
            "kde": nll | {"parameters": 100, "chosen": 0.02},
            "widths": {
                "moons": {
                    "entropy_nats": 1.0,
                    "planar": {"2": nll | {"parameters": 10}},
                    "planar_cnf": {"2": nll | {"parameters": 14}},
                }
            },
        },
        "trajectory": {"noise_std": 0.3, "models": {"latent_ode": {"parameters": 9000, "steps": 2000}}}
        | {
            count: {"latent_ode": errors, "latent_ode_continuation": errors, "rnn": errors, "oracle": errors}
            for count in ("30", "50", "100")
        }
        | {
            "variants": {
                variant: {count: {"latent_ode": errors, "oracle": errors} for count in ("30", "50", "100")}
                for variant in ("chirp", "clustered")
            }
        },
    }


def invented_curves(folder: Path, model: str) -> None:
    folder.mkdir(parents=True)
    scores = ("nll_nats", "error_pct", "rmse_interpolation", "rmse_extrapolation")
    names = ("loss", "nfe", *(f"validation_{score}" for score in scores))
    rows = [(step, model, seed, name, 1 / (1 + step)) for step in (1, 2) for seed in (0, 1) for name in names]
    pd.DataFrame(rows, columns=["step", "model", "seed", "metric", "value"]).to_csv(folder / "curves.csv", index=False)


def record(stage: str, parameters: dict) -> dict:
    parent = stage.replace("-figures", "-train@m-0")
    data = {f"data/{stage.split('-')[0]}": "0123456789abcdef" * 4}
    own = {"instance": {}, "parameters": {"seeds": [0]}, "data": data}
    return {"stage": stage, "stages": {parent: {"instance": {}, "parameters": parameters, "data": {}}, stage: own}}


def draw(path: Path, made: dict) -> None:
    if path.suffix == ".gif":
        with plotting.figure(size=(1.0, 1.0)) as (drawn, ax):
            frames = [plotting.pixels(drawn)]
            ax.plot([0, 1])
            frames.append(plotting.pixels(drawn))
        plotting.save_animation(frames, path, made, milliseconds=[50, 50])
        return
    with plotting.figure(size=(3.0, 2.0)) as (drawn, ax):
        ax.plot([0, 1])
        plotting.save_figure(drawn, path, made)


def copy_of_project(root: Path, to: Path) -> None:
    for name in ("dvc.yaml", "params.yaml", "stages", "reports/notebooks", "reports/template"):
        (shutil.copytree if (root / name).is_dir() else shutil.copy)(root / name, to / name)
    values = params.read(root / "params.yaml")
    stages = YAML(typ="safe").load((root / "dvc.yaml").read_text())["stages"]
    for folder in ("metrics", "figures", "html"):
        (to / "reports" / folder).mkdir()
    invented.keep(to / "reports/presets/report", note=HOSTILE)
    draw(to / "reports/figures/report-settings.png", record("findings", {}))
    for claim in CLAIMS:
        write_json(to / f"reports/metrics/{claim}.json", invented_metrics()[claim])
        invented_curves(to / f"reports/curves/{claim}", {"classification": "odenet", "density": "cnf"}.get(claim, "latent_ode"))
        made = record(f"{claim}-figures", {claim: values[claim] | {"note": HOSTILE}})
        for name in stages[f"{claim}-render"]["deps"]:
            if name.startswith("reports/figures/"):
                draw(to / name, made)


def run(copy: Path, *command: str) -> subprocess.CompletedProcess[str]:
    home = copy.parent / "home"
    home.mkdir(exist_ok=True)
    fonts = {
        "MPLCONFIGDIR": os.environ.get("MPLCONFIGDIR", str(copy.parent / "matplotlib"))
    }  # shared: making its list of fonts takes seconds
    unset = {name: value for name, value in os.environ.items() if not name.startswith(("JUPYTER", "IPYTHON", "XDG"))}
    environment = (
        unset | fonts | {"HOME": str(home), "PYTHONDONTWRITEBYTECODE": "1", "PYTHONPATH": str(Path(report.__file__).parents[1])}
    )
    return subprocess.run([sys.executable, *command], cwd=copy, env=environment, capture_output=True, text=True, timeout=300)


@pytest.fixture(scope="module")
def site(root, tmp_path_factory) -> Path:
    """A copy of the project, its folder's name with a space, with all pages made."""
    copy = tmp_path_factory.mktemp("report") / "my copy"
    copy.mkdir()
    (copy / "reports").mkdir()
    copy_of_project(root, copy)
    before = files(copy)
    for command in [*(("stages/render.py", claim) for claim in CLAIMS), ("stages/index.py",)]:
        done = run(copy, *command)
        assert done.returncode == 0, done.stderr
    pages = {f"reports/html/{name}.html" for name in (*CLAIMS, "index")}
    assert files(copy) - before == pages, "a stage writes its page and nothing else"
    assert files(copy.parent / "home") == set(), "nor anything into the user's folder"
    return copy


def files(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def page(site: Path, name: str) -> str:
    return (site / "reports" / "html" / f"{name}.html").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", [*CLAIMS, "index"])
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
    deps = YAML(typ="safe").load((root / "dvc.yaml").read_text())["stages"][f"{claim}-render"]["deps"]
    figures = {name for name in deps if name.startswith("reports/figures/")}
    assert figures and set(re.findall(r'data-source="([^"]+)"', text)) == figures, "dvc.yaml declares what the page shows"
    stills = [name for name in figures if name.endswith(".png")]
    assert text.count('<div class="provenance">') == len(stills)
    assert text.count(f"stage <code>{claim}-figures</code>") == len(stills)
    assert "0123456789ab" in text, "the digest of the data"
    assert all(re.search(r'alt="[^"]{10,}"', image) for image in re.findall(r"<img [^>]*>", text))


@pytest.mark.parametrize("claim", CLAIMS)
def test_what_comes_from_parameters_is_escaped(site, claim):
    assert "alert(" in page(site, claim) and HOSTILE not in page(site, claim)


def test_the_index_has_the_findings_of_the_report(site):
    text = page(site, "index")
    kept = Kept.read(site / "reports/presets/report")
    for line in judge(kept, invented_metrics()["classification"]):
        assert str(report.escape(line.said)) in text and str(report.escape(line.reason)) in text
    assert 'data-source="reports/figures/report-settings.png"' in text and "0123456789ab" in text
    assert "alert(" in text and HOSTILE not in text


def test_the_index_has_every_verdict_and_links_every_page(site):
    text = page(site, "index")
    lines = verdicts.load(site)
    assert len(lines) > 15 and text.count("<tbody>") == len(CLAIMS) + 4
    for line in lines:
        assert str(report.escape(line.reason)) in text and line.published_text in text and line.ours_text in text
    assert re.findall(r'href="([a-z]+\.html)"', text) == [f"{name}.html" for name in (*CLAIMS, "benchmarks")]


def test_same_inputs_same_bytes(site):
    before = page(site, "density")
    assert run(site, "stages/render.py", "density").returncode == 0
    assert page(site, "density") == before


def test_an_error_in_a_notebook_is_one_line_that_names_the_cell(site):
    path = site / "reports/notebooks/density.ipynb"
    good = path.read_text(encoding="utf-8")
    source = json.loads(good)
    next(cell for cell in source["cells"] if cell["id"] == "results")["source"] = ["1 / 0"]
    path.write_text(json.dumps(source), encoding="utf-8")
    try:
        done = run(site, "stages/render.py", "density")
    finally:
        path.write_text(good, encoding="utf-8")
    assert done.returncode == 1
    line = done.stderr.strip().splitlines()[-1]
    assert line.startswith(
        "error: density-render: reports/notebooks/density.ipynb: cell results: ZeroDivisionError: division by zero;"
    )
    assert "Traceback" not in done.stderr


def test_a_source_notebook_has_fixed_ids_and_no_outputs(root):
    for claim in CLAIMS:
        source = json.loads((root / f"reports/notebooks/{claim}.ipynb").read_text(encoding="utf-8"))
        identifiers = [cell["id"] for cell in source["cells"]]
        assert len(set(identifiers)) == len(identifiers)
        assert all(
            cell["outputs"] == [] and cell["execution_count"] is None for cell in source["cells"] if cell["cell_type"] == "code"
        )
        assert source["metadata"]["kernelspec"]["name"] == "python3"


# The pieces


def test_a_table_escapes_all_that_it_shows():
    frame = pd.DataFrame({HOSTILE: [HOSTILE, "1 < 2"]}, index=pd.Index([HOSTILE, "b"], name=HOSTILE))
    for words in ((), (HOSTILE,)):
        text = report.table(frame, HOSTILE, words=words)
        assert "<script" not in text and text.count("&lt;script&gt;") == 5 and "1 &lt; 2" in text and "&amp;" not in text


def test_a_table_does_not_cut_long_text():
    long = "x" * 500
    assert long in report.table(pd.DataFrame({"a": [long]}), "")


def test_a_figure_shows_its_parameters(tmp_path):
    draw(tmp_path / "f.png", record("density-figures", {"density.train": {"optimizer": HOSTILE, "steps": 7}}))
    text = report.figure("f", alt='a "quoted" text', caption="c", parameters=["density.train.steps"], folder=tmp_path)
    assert "density.train.steps = 7" in text and "<script" not in text and "a &#34;quoted&#34; text" in text
    with pytest.raises(UserError, match=r"f.png: its record has no parameter density.train.stpes; known: "):
        report.figure("f", alt="", caption="", parameters=["density.train.stpes"], folder=tmp_path)


def test_a_figure_that_was_altered_is_refused(tmp_path):
    path = tmp_path / "f.png"
    draw(path, record("density-figures", {}))
    with Image.open(path) as image:
        information = image.info[plotting.RECORD]
        image.load()
        image.putpixel((0, 0), (1, 2, 3))
        chunk = plotting.PngImagePlugin.PngInfo()
        chunk.add_text(plotting.RECORD, information)
        image.save(path, pnginfo=chunk)
    with pytest.raises(UserError, match=r"f.png: is not the figure that was saved; "):
        report.figure("f", alt="", caption="", folder=tmp_path)
    with pytest.raises(UserError, match=r"missing.png: missing; "):
        report.figure("missing", alt="", caption="", folder=tmp_path)


def test_seeds_that_share_an_entry_share_a_row(tmp_path):
    made = record("density-figures", {"density.train": {"steps": 7}})
    made["stages"]["density-train@m-1"] = made["stages"]["density-train@m-0"]
    draw(tmp_path / "f.png", made)
    assert "<td>density-train m-0, m-1</td><td>density.train.steps</td><td>7</td>" in report.figure(
        "f", alt="", caption="", folder=tmp_path
    )


def test_the_report_does_not_import_torch():
    code = "import sys, neural_odes.report, neural_odes.verdicts; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0
