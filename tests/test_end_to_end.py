"""The whole pipeline on the smoke preset in a clean clone: stages, bytes, kills, MLflow, audit, pages in a browser."""

import hashlib
import json
import os
import re
import secrets
import shutil
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from mlflow import MlflowClient
from PIL import Image
from PIL.PngImagePlugin import PngInfo
from ruamel.yaml import YAML
from servers import serving, two_machines

from neural_odes import aside, audit, load, lockfile, params, plotting, provenance, scratch, verify
from neural_odes.errors import UserError

CLAIMS = ("classification", "density", "trajectory")
TRAININGS = ("classification-train@odenet-0", "density-train@cnf-0", "trajectory-train@latent_ode-0")


@pytest.fixture(scope="module")
def clone(root, tmp_path_factory) -> Path:
    """A clean clone, in a folder with a space in its name, after `dvc repro` on the smoke preset."""
    folder = tmp_path_factory.mktemp("end to end") / "clone"
    scratch.smoke(root, folder)
    return folder


def _run(folder: Path, *command: str, code: int = 0, **environment: str) -> str:
    done = subprocess.run(
        list(command), cwd=folder, env=scratch.environment(folder) | environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout + done.stderr


def _lock(folder: Path) -> dict:
    """The entries of dvc.lock that dvc.yaml still has a stage for: those of a seed that was dropped stay behind."""
    entries = YAML(typ="safe", pure=True).load((folder / "dvc.lock").read_text())["stages"]
    return {name: entries[name] for name in _run(folder, "dvc", "stage", "list", "--name-only").split()}


def _hashes(folder: Path) -> dict[str, str]:
    return {out["path"]: out["md5"] for stage in _lock(folder).values() for out in stage.get("outs", [])}


def _assert_the_same(folder: Path, clone: Path, stage: str) -> None:
    """Outputs of a stage and all it depends on: in dvc.lock, and the files."""
    lock, expected = lockfile.parse(lockfile.text(folder)), _hashes(clone)
    made = lockfile.outputs({name: lock[name] for name in lockfile.ancestors(lock, stage)})
    assert made and {path: expected[path] for path in made} == made
    assert {path: lockfile.md5_of(folder / path) for path in made} == made


def _planned(output: str) -> set[str]:
    return set(re.findall(r"Running stage '([^']+)'", output))


def test_a_second_repro_has_nothing_to_do(clone):
    assert "Running stage" not in _run(clone, "dvc", "repro")


def test_stages_ask_for_exactly_the_parameters_they_declare(clone):
    """What a stage recorded while it ran, beside what dvc.lock says it declared."""
    seen = 0
    for name, entry in _lock(clone).items():
        records = [clone / out["path"] / provenance.FILE for out in entry.get("outs", [])]
        figures = [clone / out["path"] for out in entry.get("outs", []) if out["path"].endswith(".png")]
        record = next((json.loads(r.read_text()) for r in records if r.exists()), None)
        if record is None and figures:
            record = plotting.embedded(figures[0])[0]
        if record is None:
            assert not entry.get("params"), name
            continue
        asked = record["stages"][name]["parameters"]
        assert asked.keys() == entry.get("params", {}).get(params.FILE, {}).keys(), name
        seen += 1
    assert seen >= 15


@pytest.mark.parametrize(
    ("edit", "expected"),
    [
        ("density.train.steps", r"density-((train|evaluate)@(cnf|nsf)-0|summarise|figures|render)|index|check"),
        ("density.data.noise", r"density-.*|index|check"),
        (
            "trajectory.evaluate",
            r"trajectory-(evaluate@(latent_ode|latent_ode_continuation|rnn)-0|summarise|figures|render)|index|check",
        ),
        (
            "classification.models.resnet",
            r"classification-(train@resnet-0|evaluate@resnet-0|summarise|figures|render)|index|check",
        ),
    ],
)
def test_only_what_depends_on_an_edit_runs_again(clone, edit, expected):
    path = clone / "params.yaml"
    before = path.read_text()
    yaml = YAML()
    values = yaml.load(before)
    *folders, last = edit.split(".")
    node = values
    for key in folders:
        node = node[key]
    if isinstance(node[last], dict):
        node, last = node[last], next(k for k, v in node[last].items() if isinstance(v, int | float) and not isinstance(v, bool))
    node[last] = node[last] * 2
    try:
        with path.open("w") as stream:
            yaml.dump(values, stream)
        planned = _planned(_run(clone, "dvc", "repro", "--dry"))
    finally:
        path.write_text(before)
    # A dry run stops where an output may turn out as before; what lies downstream is shown by the real runs below.
    assert planned - {"check"} and all(re.fullmatch(expected, name) for name in planned), planned


def test_an_edit_in_each_claim_reruns_what_depends_on_it_and_nothing_else(clone, tmp_path):
    """`dvc repro` for real, downstream to the pages included."""
    folder = tmp_path / "clone"
    shutil.copytree(clone, folder, symlinks=True)
    yaml = YAML()
    values = yaml.load((folder / "params.yaml").read_text())
    values["classification"]["evaluate"]["tolerance"] = 1e-2
    values["density"]["models"]["gmm"]["components"] = [3]
    values["trajectory"]["evaluate"]["samples"] = 12
    with (folder / "params.yaml").open("w") as stream:
        yaml.dump(values, stream)
    downstream = {f"{claim}-{verb}" for claim in CLAIMS for verb in ("summarise", "figures", "render")} | {"check", "index"}
    edited = {f"classification-evaluate@{model}-0" for model in ("odenet", "rknet", "resnet", "resnet1", "stem", "mlp")}
    edited |= {f"trajectory-evaluate@{model}-0" for model in ("latent_ode", "latent_ode_continuation", "rnn")}
    edited |= {"density-baseline@gmm"}
    assert _planned(_run(folder, "dvc", "repro")) == edited | downstream


def test_adding_a_seed_adds_instances_and_dropping_it_leaves_nothing_of_it(clone, tmp_path):
    """`dvc repro` for real, downstream included, on the cheapest claim."""
    folder = tmp_path / "clone"
    shutil.copytree(clone, folder, symlinks=True)
    text = (folder / "params.yaml").read_text()
    (folder / "params.yaml").write_text(re.sub(r"^seeds: \[0\]", "seeds: [0, 1]", text, flags=re.MULTILINE))
    ran = _planned(_run(folder, "dvc", "repro", "density-figures"))
    studies = {f"density-widths@{data}-{model}-2-1" for data in ("moons", "circles") for model in ("planar", "planar_cnf")}
    studies |= {f"density-tradeoff@{penalty}-1" for penalty in ("none", "kinetic", "jacobian")}
    added = {f"density-{verb}@{model}-1" for verb in ("train", "evaluate") for model in ("cnf", "nsf")}
    assert ran == {"check", "density-summarise", "density-figures"} | added | studies
    metrics = folder / "reports" / "metrics" / "density.json"
    assert json.loads(metrics.read_text())["cnf"]["nll_nats"]["n"] == 2
    (folder / "params.yaml").write_text(text)
    _run(folder, "dvc", "repro", "density-figures")
    assert metrics.read_bytes() == (clone / "reports" / "metrics" / "density.json").read_bytes()
    assert audit.audit(folder / "reports" / "figures" / "moons-density.png", folder).verdict == "current"


def test_the_same_bytes_again_elsewhere(clone, root, tmp_path):
    """Every output of dvc.lock: another folder, home, umask, time zone, locale, hash seed and year, and no MLflow."""
    folder, home = tmp_path / "ärger mit leerzeichen", tmp_path / "home"
    home.mkdir()
    scratch.afresh(root, folder, "smoke")
    other = {"NEURAL_ODES_TRACKING": "off", "TZ": "Asia/Kathmandu", "LC_ALL": "C", "PYTHONHASHSEED": "7", "HOME": str(home)}
    before = os.umask(0o077)
    try:
        _run(folder, "dvc", "repro", **scratch.shared(root), **other, **_in_a_year())
    finally:
        os.umask(before)
    assert _hashes(folder) == _hashes(clone)
    assert not (folder / "mlflow.db").exists()


def _in_a_year() -> dict[str, str]:
    """Environment in which the calendar is a year ahead."""
    library = next(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"), None)
    if library is None:
        pytest.skip("faketime is not installed")
    return {"LD_PRELOAD": str(library), "FAKETIME": "+365d"}


def test_two_clones_that_share_a_cache_run_at_once(clone, root, tmp_path):
    """Neither waits for the other's locks, and both end with the clone's bytes."""
    folders = [tmp_path / "one", tmp_path / "two"]
    for folder in folders:
        scratch.afresh(root, folder, "smoke")
        _run(folder, "dvc", "cache", "dir", str(tmp_path / "cache"))
    both = [
        subprocess.Popen(
            ["dvc", "repro", "density-evaluate@cnf-0"],
            cwd=folder,
            env=scratch.environment(folder) | {"NEURAL_ODES_TRACKING": "off", "NEURAL_ODES_CACHE": str(folder / ".cache")},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for folder in folders
    ]
    with ThreadPoolExecutor() as pool:
        told = list(pool.map(lambda process: process.communicate()[0], both))
    assert [process.returncode for process in both] == [0, 0], "\n\n".join(told)
    for folder in folders:
        _assert_the_same(folder, clone, "density-evaluate@cnf-0")


@pytest.mark.parametrize("name", TRAININGS)
def test_killed_and_resumed_to_the_same_bytes(clone, tmp_path, name):
    folder = tmp_path / "clone"
    shutil.copytree(clone, folder, symlinks=True)
    claim, instance = name.split("-train@")
    out = folder / "models" / claim / instance
    expected = provenance.digest(out)
    shutil.rmtree(out)
    environment = scratch.environment(folder) | {
        "NEURAL_ODES_CACHE": str(folder / ".cache"),
        "NEURAL_ODES_CHECKPOINT_SECONDS": "0",
        "NEURAL_ODES_TRACKING": "off",
    }
    command = [sys.executable, "stages/train.py", claim, *instance.split("-")]
    process = subprocess.Popen(command, cwd=folder, env=environment, stderr=subprocess.DEVNULL)
    checkpoints = folder / ".cache" / "checkpoints"
    deadline = time.monotonic() + 120
    while not list(checkpoints.glob("*.checkpoint")) and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.005)
    process.kill()
    assert process.wait() == -signal.SIGKILL
    assert not (out / "training.json").exists()
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=True)
    assert "Traceback" not in done.stderr
    assert provenance.digest(out) == expected


def test_mlflow_holds_every_run_and_a_second_sync_adds_nothing(clone):
    _run(clone, "neural-odes", "runs", "sync")
    client = MlflowClient(f"sqlite:///{clone / 'mlflow.db'}")

    def content():
        found = {}
        for claim in CLAIMS:
            experiment = client.get_experiment_by_name(claim)
            for run in client.search_runs([experiment.experiment_id]):
                found[run.info.run_id] = (claim, run.data.tags, run.data.params, run.data.metrics, run.info.status)
        return found

    runs = content()
    stages = _lock(clone)
    for claim in CLAIMS:
        own = [run for run in runs.values() if run[0] == claim]
        assert all(status == "FINISHED" for *_, status in own)
        trained = sorted(name for name in stages if re.match(rf"{claim}-(train|widths|tradeoff|variants)@", name))
        assert sorted(tags["stage"] for _, tags, *_ in own if "seed" in tags) == trained
        assert sum("seed" not in tags for _, tags, *_ in own) == 1  # the run of the results
    headline = {"classification": "accuracy", "density": ("nll", "gap"), "trajectory": "mse"}
    for claim, tags, parameters, metrics, _ in runs.values():
        if "seed" in tags:
            assert any(name.startswith(headline[claim]) for name in metrics), metrics.keys()
            assert any(re.match(rf"{claim}\.(train|widths|tradeoff|variants)\.", name) for name in parameters)
    _run(clone, "neural-odes", "runs", "sync")
    assert content() == runs


def test_audit_verdicts(clone, tmp_path):
    scratch.commit(clone, "Results of the smoke preset")
    figure = clone / "reports" / "figures" / "moons-density.png"
    output = _run(clone, "neural-odes", "audit", str(figure))
    assert "current" in output and "density.train.learning_rate" in output and "src/neural_odes/density/models/cnf.py" in output
    assert "current" in _run(clone, "neural-odes", "audit")

    path = clone / "params.yaml"
    before = path.read_text()
    path.write_text(re.sub(r"(\n    learning_rate: )\S+(.*# ours; paper: not given)", r"\g<1>0.5\2", before))
    assert path.read_text() != before
    try:
        output = _run(clone, "neural-odes", "audit", str(figure), code=1)
        assert "stale" in output and re.search(r"density\.train\.learning_rate: \S+ → 0\.5", output)
        report = json.loads(_run(clone, "neural-odes", "audit", "--json", str(figure), code=1))
        assert report[0]["changes"][0]["input"] == "density.train.learning_rate"
        other = clone / "reports" / "figures" / "spirals.png"
        assert "current" in _run(clone, "neural-odes", "audit", str(other))
    finally:
        path.write_text(before)

    mailed = tmp_path / "mailed.png"
    shutil.copy(figure, mailed)
    assert "intact" in _run(tmp_path, "neural-odes", "audit", str(mailed))
    assert audit.audit(mailed, clone).verdict == "current"  # under another name it is still this clone's

    with Image.open(figure) as image:
        pixels, info = np.asarray(image).copy(), dict(image.info)
    pixels[10, 10] ^= 1
    chunk = PngInfo()
    chunk.add_text(plotting.RECORD, info[plotting.RECORD])
    Image.fromarray(pixels).save(mailed, pnginfo=chunk)
    assert "altered" in _run(clone, "neural-odes", "audit", str(mailed), code=2)
    Image.fromarray(pixels).save(mailed)
    assert "not ours" in _run(clone, "neural-odes", "audit", str(mailed), code=2)


def test_results_of_an_earlier_commit_come_back_from_a_remote(clone, tmp_path):
    folder, remote, later = tmp_path / "clone", tmp_path / "remote", tmp_path / "later"
    shutil.copytree(clone, folder, symlinks=True)
    _run(folder, "dvc", "remote", "add", "-d", "store", str(remote))
    scratch.commit(folder, "Results")
    _run(folder, "dvc", "push", "--run-cache")
    old, metrics = _hashes(folder), (folder / "reports" / "metrics" / "density.json").read_bytes()
    path = folder / "params.yaml"
    path.write_text(path.read_text().replace("components: [4, 8]", "components: [3]"))
    _run(folder, "dvc", "repro")
    scratch.commit(folder, "Another mixture")
    assert (folder / "reports" / "metrics" / "density.json").read_bytes() != metrics
    _run(tmp_path, "git", "clone", "--quiet", str(folder), str(later))
    _run(later, "git", "checkout", "--quiet", "HEAD~1")
    assert "Running stage" not in _run(later, "dvc", "repro", "--pull")
    assert _hashes(later) == old and (later / "reports" / "metrics" / "density.json").read_bytes() == metrics
    assert not verify.altered(later)


def test_verify_is_what_a_reviewer_runs(clone, tmp_path):
    folder = tmp_path / "clone"
    shutil.copytree(clone, folder, symlinks=True)
    scratch.commit(folder, "Results")
    assert "identical" in _run(folder, "neural-odes", "verify")
    target = folder / "models" / "density" / "cnf-0" / "model.safetensors"
    content = bytearray(target.read_bytes())
    content[-1] ^= 1
    target.unlink()
    target.write_bytes(content)
    assert "models/density/cnf-0" in _run(folder, "neural-odes", "verify", code=1)
    shutil.rmtree(target.parent)
    assert "models/density/cnf-0" in _run(folder, "neural-odes", "verify", code=1)
    _run(folder, "dvc", "checkout", "--force")
    assert "identical" in _run(folder, "neural-odes", "verify")
    path = folder / "params.yaml"
    path.write_text(path.read_text().replace("components: [4, 8]", "components: [3]"))
    assert "make results" in _run(folder, "neural-odes", "verify", code=1)
    _run(folder, "dvc", "repro")
    said = _run(folder, "neural-odes", "verify", code=1)
    assert "differs" in said and "density.gmm" in said


def test_no_secret_is_kept(clone, tmp_path):
    folder = tmp_path / "clone"
    shutil.copytree(clone, folder, symlinks=True)
    password, token = secrets.token_hex(8), secrets.token_hex(8)
    secret = {"MLFLOW_TRACKING_URI": f"http://anna:{password}@127.0.0.1:9", "MLFLOW_TRACKING_TOKEN": token}
    said = _run(folder, "dvc", "repro", "--force", "--single-item", "density-train@cnf-0", **secret)
    said += _run(folder, "neural-odes", "runs", "sync", code=1, **secret)
    assert "warning: MLflow at http://***@127.0.0.1:9" in said
    for value in (password, token):
        assert value not in said
        assert not [p for p in folder.rglob("*") if p.is_file() and not p.is_symlink() and value.encode() in p.read_bytes()]


def test_a_stale_figure_of_the_history_names_its_commit(clone, tmp_path):
    folder = tmp_path / "clone"
    shutil.copytree(clone, folder, symlinks=True)
    scratch.commit(folder, "Results")
    old = tmp_path / "old.png"
    shutil.copy(folder / "reports" / "figures" / "moons-density.png", old)
    md5 = hashlib.md5(old.read_bytes(), usedforsecurity=False).hexdigest()
    lock = folder / "dvc.lock"
    lock.write_text(lock.read_text().replace(md5, "f" * 32))
    scratch.commit(folder, "Another figure")
    found = audit.audit(old, folder)
    assert found.verdict == "stale" and re.fullmatch(r"[0-9a-f]{40}", found.commit)
    assert [c.input for c in found.changes] == ["reports/figures/moons-density.png"]


def test_experiments_and_their_comparison(clone, tmp_path):
    folder = tmp_path / "clone"
    shutil.copytree(clone, folder, symlinks=True)
    scratch.commit(folder, "Results")
    _run(folder, "dvc", "exp", "run", "-S", "density.train.steps=70", "density-summarise")
    shown = json.loads(_run(folder, "dvc", "exp", "show", "--json"))
    assert len(shown) >= 2
    assert re.search(r"density\.train\.steps +60 +70", _run(folder, "dvc", "params", "diff"))
    assert "cnf.nll_nats.mean" in _run(folder, "dvc", "metrics", "diff")
    _run(folder, "dvc", "plots", "diff", "-o", str(tmp_path / "plots"))
    page = (tmp_path / "plots" / "index.html").read_text()
    assert "Density: training curves" in page and '"facet"' in page
    assert "density-train@cnf-0" in _run(folder, "dvc", "dag")


def test_a_cluster_of_this_machine_alone(clone, root, tmp_path):
    """As `make results JOBS=2` starts it: results in the workspace, with the clone's bytes."""
    folder = tmp_path / "clone"
    scratch.afresh(root, folder, "smoke")
    own = {"NEURAL_ODES_CACHE": str(folder / ".cache"), "NEURAL_ODES_TRACKING": "off"}
    said = _run(folder, "neural-odes", "cluster", "run", "--cpus", "2", "density-evaluate@cnf-0", **own)
    assert "density-train@cnf-0: done" in said and "Ran experiment" not in said
    _assert_the_same(folder, clone, "density-evaluate@cnf-0")


def test_a_sweep_on_two_machines_with_one_mlflow_server(root, tmp_path, postgres, monkeypatch):
    """Experiments of DVC, shared stages run once, and in MLflow each training once and whole."""
    folder = tmp_path / "clone"
    scratch.afresh(root, folder, "smoke")
    _run(folder, "dvc", "remote", "add", "--default", "shared", str(tmp_path / "remote"))
    scratch.commit(folder, "A remote")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", postgres)
    with two_machines(tmp_path) as machines, serving(root) as (_, address):
        command = ["neural-odes", "cluster", "run", "density-train@cnf-0", "--address", machines.address]
        sweep = ["--sweep", "density.train.learning_rate=1e-3,3e-3"]
        said = _run(folder, *command, *sweep, MLFLOW_TRACKING_URI=address)
        client = MlflowClient(address)
        (experiment,) = client.search_experiments(filter_string="name = 'density'")
        runs = client.search_runs([experiment.experiment_id])
        losses = [[metric.step for metric in client.get_metric_history(run.info.run_id, "loss")] for run in runs]
    rates = ("learning_rate-0.001", "learning_rate-0.003")
    own = {f"density-train@cnf-0 ({rate})" for rate in rates}
    done = re.findall(r"^(density-.*): done", said, re.MULTILINE)
    assert sorted(done) == sorted(own | {f"density-data ({rates[0]})"})
    assert "Running stage 'density" not in said
    assert set(_run(folder, "dvc", "exp", "list", "--name-only").split()) >= set(rates)
    assert sorted(run.data.params["density.train.learning_rate"] for run in runs) == ["0.001", "0.003"]
    assert {run.info.status for run in runs} == {"FINISHED"}
    assert all(steps and len(set(steps)) == len(steps) and max(steps) == 60 for steps in losses)


def test_a_run_aside_keeps_its_numbers_and_where_they_come_from(clone, root, tmp_path):
    """The clone as the scratch copy of a run aside with the preset smoke."""
    own = tmp_path / "own"
    scratch.copy(root, own)
    kept = aside.collect(own, ["smoke"], clone)
    metrics = json.loads((kept / "metrics.json").read_text())
    assert kept == own / "reports" / "presets" / "smoke"
    assert metrics["changed"]["density.train.steps"] == 60 and "density.train.learning_rate" not in metrics["changed"]
    evaluated = clone / "evaluations" / "trajectory" / "latent_ode-0" / "metrics.json"
    assert metrics["trajectory"]["latent_ode"] == [json.loads(evaluated.read_text())]
    assert list(metrics["trajectory"]) == ["latent_ode", "oracle"]
    recorded = json.loads((kept / "inputs.json").read_text())["stages"]
    assert recorded["smoke: density-train@cnf-0"]["parameters"]["density.train"]["steps"] == 60
    curves = pd.read_csv(kept / "curves.csv")
    assert set(curves["model"]) == {"odenet", "resnet", "cnf", "latent_ode"} and curves["value"].notna().all()


def test_trained_models_as_the_readme_uses_them(clone):
    torch.set_default_dtype(torch.float32)
    flow = load("density", root=clone)
    x = flow.sample(50)
    assert x.shape == (50, 2) and flow.log_prob(x).isfinite().all()
    labels, probabilities = load("classification", root=clone).classify(np.zeros((3, 28, 28), np.uint8))
    assert labels.shape == (3,) and torch.allclose(probabilities.sum(1), torch.ones(3))
    times = np.sort(np.random.default_rng(0).choice(100, 30, replace=False))
    curve = load("trajectory", root=clone).reconstruct(times, np.zeros((30, 2)), range(200))
    assert curve.mean.shape == (200, 2) and (curve.lower <= curve.upper).all()
    with pytest.raises(UserError, match="models/density/cnf-5: not trained here"):
        load("density", seed=5, root=clone)


def test_damaged_input_is_one_line_with_a_remedy(clone, tmp_path):
    folder = tmp_path / "clone"
    shutil.copytree(clone, folder, symlinks=True)
    target = folder / "data" / "density" / "train.npy"
    content = target.read_bytes()
    target.unlink()
    target.write_bytes(content[:-100])
    output = _run(folder, sys.executable, "stages/train.py", "density", "cnf", "0", code=1, NEURAL_ODES_TRACKING="off")
    assert output.count("\n") == 1 and "train.npy: truncated" in output and "dvc checkout" in output


def test_pages_in_a_browser(clone, tmp_path):
    """Headless Chromium: no console message, and nothing loaded but the page itself."""
    browser = shutil.which("chromium") or shutil.which("google-chrome")
    if browser is None:
        pytest.skip("Chromium is not installed")
    pages = sorted((clone / "reports" / "html").glob("*.html"))
    assert [p.stem for p in pages] == sorted([*CLAIMS, "benchmarks", "index"])
    for page in pages:
        assert page.stat().st_size < 5_000_000
        log = tmp_path / f"{page.stem}.json"
        options = "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking"
        options += " --disable-component-update --disable-sync --enable-logging=stderr --v=0 --dump-dom"
        done = subprocess.run(
            [browser, *options.split(), f"--user-data-dir={tmp_path / 'profile'}", f"--log-net-log={log}", page.as_uri()],
            capture_output=True,
            text=True,
            timeout=120,
            check=True,
        )
        assert "CONSOLE" not in done.stderr, done.stderr
        assert ("</html>" in done.stdout and "<math" in done.stdout) or page.stem in ("benchmarks", "index")
        requested = set(re.findall(r'"url":"([^"]+)"', log.read_text()))
        from_page = {url for url in requested if "html" in url or url.startswith(("file:", "data:"))}
        assert all(url.startswith(("file:", "data:")) for url in from_page)
