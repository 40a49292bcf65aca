"""All pipelines on the preset smoke: the same bytes whatever surrounds them, kills, MLflow, experiments, remotes, pages."""

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

import clones
import pytest
from clones import CLAIMS
from mlflow import MlflowClient
from servers import serving, two_machines

from neural_odes import paths
from neural_odes.checking import audit, verify
from neural_odes.pipeline.names import StageName
from neural_odes.pipeline.record import digest
from neural_odes.running import lockfile, scratch

pytestmark = pytest.mark.slow
TRAININGS = ("classification-train@odenet-0", "density-train@cnf-0", "trajectory-train@latent_ode-0")


def test_a_second_repro_of_all_pipelines_has_nothing_to_do(studied):
    assert clones.planned(studied, everything=True) == set()


def test_every_study_has_metrics_and_a_page(studied):
    made = clones.hashes(studied)
    for study in paths.studies(studied):
        results = (study / "results").relative_to(studied).as_posix()
        numbers = "reports/claims.json" if study.name == "published" else f"{results}/metrics.json"
        assert {f"{results}/page.html", numbers} <= made.keys()


def test_what_is_in_git_is_enough_to_draw_everything_and_to_train_one_model_again(studied, tmp_path):
    folder = clones.copied(studied, tmp_path / "clone")
    scratch.commit(folder, "Results")
    for home in (folder, *paths.studies(folder)):
        for name in ("data", "models", "evaluations"):
            shutil.rmtree(home / name, ignore_errors=True)
    assert re.search(r"^identical: \d\d figures and pages", clones.run(folder, "neural-odes", "figures"), re.MULTILINE)
    assert not clones.run(folder, "git", "status", "--short", "reports", "studies")
    retrain = ("neural-odes", "verify", "--retrain", "density")
    assert "identical: density" in clones.run(folder, *retrain)
    published = folder / "reports" / "models" / "density" / "model.safetensors"
    published.write_bytes(published.read_bytes()[:-1] + b"?")
    assert "bytes differ" in (said := clones.run(folder, *retrain, code=1)) and "no spread over seeds" in said


def test_an_edit_in_each_pipeline_reruns_what_depends_on_it_and_nothing_else(studied, tmp_path):
    """`dvc repro` for real, downstream to the pages included."""
    folder = clones.copied(studied, tmp_path / "clone")
    _replace(folder / "params.yaml", "tolerance: 1.0e-3", "tolerance: 0.01", after="evaluate:")  # of classification, the first
    _replace(folder / "studies" / "density_baselines" / "params.yaml", "components: [4, 8]", "components: [3]")
    ran = clones.ran(clones.run(folder, "dvc", "repro", "--all-pipelines"))
    studies = {StageName.parse(name).pipeline for name in ran} - {""}
    assert {"density_baselines"} <= studies <= {"density_baselines", "table1", "solvers", "published", "student_report"}
    root = {StageName.parse(name).name for name in ran if not StageName.parse(name).folder}
    assert {"classification-evaluate@odenet-0", "classification-evaluate@resnet-0", "classification-summarise"} <= root
    fixed = ("check", "explore", "index", "publish@classification")
    assert all(name.startswith("classification-") or name in fixed for name in root)
    assert not any("train" in name for name in ran)


def _replace(path: Path, old: str, new: str, *, after: str = "") -> None:
    text = path.read_text()
    head, found, rest = text.partition(after) if after else ("", "", text)
    assert old in rest, (path, old)
    path.write_text(head + found + rest.replace(old, new, 1))


def test_in_a_study_as_in_the_root(studied, tmp_path):
    """An edit of its params.yaml, `dvc repro` in its folder, its experiments, its audit."""
    folder = clones.copied(studied, tmp_path / "clone")
    study = folder / "studies" / "widths"
    scratch.commit(folder, "Results")
    assert "current" in clones.run(folder, "neural-odes", "audit", "studies/widths/results/figures/widths-gap.png")
    _replace(study / "params.yaml", "samples: 200", "samples: 210")
    figure = "studies/widths/results/figures/widths-gap.png"
    said = clones.run(folder, "neural-odes", "audit", figure, code=1)
    assert "stale" in said and "density.widths.samples" in said
    ran = clones.ran(clones.run(study, "dvc", "repro"))
    assert "widths-page" in ran and not [name for name in ran if "dvc.yaml:" in name], ran  # as DVC names those of another folder
    scratch.commit(folder, "Other samples")
    clones.run(study, "dvc", "exp", "run", "-S", "density.widths.samples=190")
    assert "190" in clones.run(study, "dvc", "params", "diff")


def test_adding_a_seed_adds_instances_and_dropping_it_leaves_nothing_of_it(workspace, smoke):
    """`dvc repro` for real, downstream included, on the cheapest claim."""
    text = (workspace / "params.yaml").read_text()
    (workspace / "params.yaml").write_text(re.sub(r"^seeds: \[0\]", "seeds: [0, 1]", text, flags=re.MULTILINE))
    ran = clones.ran(clones.run(workspace, "dvc", "repro", "density-page"))
    assert {"density-train@cnf-1", "density-evaluate@cnf-1", "density-summarise"} <= ran
    assert not any(name.endswith("-0") for name in ran)
    details = workspace / "reports" / "details" / "density.json"
    assert json.loads(details.read_text())["cnf"]["nll_nats"]["n"] == 2
    (workspace / "params.yaml").write_text(text)
    clones.run(workspace, "dvc", "repro", "density-page")
    assert details.read_bytes() == (smoke / "reports" / "details" / "density.json").read_bytes()
    assert audit.audit(workspace / "reports" / "figures" / "moons-density.png", workspace).verdict == "current"


def test_the_same_bytes_again_elsewhere(studied, root, tmp_path):
    """Every output of every dvc.lock with everything else at once: folder, home, umask, time zone, locale, hash seed, year, no
    MLflow, and two jobs on Ray in place of `dvc repro`."""
    folder, home = tmp_path / "ärger mit leerzeichen", tmp_path / "home"
    home.mkdir()
    scratch.afresh(root, folder, "smoke")
    other = {"NEURAL_ODES_TRACKING": "off", "TZ": "Asia/Kathmandu", "LC_ALL": "C", "PYTHONHASHSEED": "7", "HOME": str(home)}
    own = {"NEURAL_ODES_CACHE": str(tmp_path / "kept")}
    shutil.copytree(paths.cache(root) / "mnist", tmp_path / "kept" / "mnist")  # the download alone
    before = os.umask(0o077)
    try:
        targets = [f"{pipeline.relative_to(folder).as_posix()}/dvc.yaml" for pipeline in paths.pipelines(folder)]
        command = ("neural-odes", "cluster", "run", "--cpus", "2", *targets)
        said = clones.run(folder, *command, **other, **own, PATH=_in_a_year(tmp_path))
    finally:
        os.umask(before)
    assert "density-train@cnf-0: done" in said
    assert clones.hashes(folder) == clones.hashes(studied)
    assert not (folder / "mlflow.db").exists()


def _in_a_year(folder: Path) -> str:
    """A PATH on which `python`, which stages call, has a calendar that is a year ahead. Ray does not start with it.

    Stages do not close themselves to all of this: what they compute does not depend on it either.
    """
    library = next(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"), None)
    if library is None:
        pytest.skip("faketime is not installed")
    python = folder / "year" / "python"
    python.parent.mkdir()
    year = f"LD_PRELOAD={library} FAKETIME=+365d"
    python.write_text(f'#!/bin/sh\n{year} exec "{sys.executable}" -X neural-odes "$@"\n')
    python.chmod(0o755)
    return os.pathsep.join((str(python.parent), str(Path(sys.executable).parent), os.environ["PATH"]))


def test_two_clones_that_share_a_cache_run_at_once(smoke, root, tmp_path):
    """Neither waits for the other's locks, and both end with the clone's bytes."""
    folders = [tmp_path / "one", tmp_path / "two"]
    for folder in folders:
        scratch.afresh(root, folder, "smoke")
        clones.run(folder, "dvc", "cache", "dir", str(tmp_path / "cache"))
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
        clones.assert_the_same(folder, smoke, "density-evaluate@cnf-0")


@pytest.mark.parametrize("name", TRAININGS)
def test_killed_and_resumed_to_the_same_bytes(workspace, name):
    claim, instance = name.split("-train@")
    out = workspace / "models" / claim / instance
    expected = digest(out)
    shutil.rmtree(out)
    environment = scratch.environment(workspace) | {
        "NEURAL_ODES_CACHE": str(workspace / ".cache"),
        "NEURAL_ODES_CHECKPOINT_SECONDS": "0",
        "NEURAL_ODES_TRACKING": "off",
    }
    command = [sys.executable, "stages/train.py", claim, *instance.split("-")]
    process = subprocess.Popen(command, cwd=workspace, env=environment, stderr=subprocess.DEVNULL)
    checkpoints = workspace / ".cache" / "checkpoints"
    deadline = time.monotonic() + 120
    while not list(checkpoints.glob("*.checkpoint")) and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.005)
    process.kill()
    assert process.wait() == -signal.SIGKILL
    assert not (out / "training.json").exists()
    done = subprocess.run(command, cwd=workspace, env=environment, capture_output=True, text=True, check=True)
    assert "Traceback" not in done.stderr
    assert digest(out) == expected


def test_mlflow_holds_every_run_and_a_second_sync_adds_nothing(studied, tmp_path):
    folder = clones.copied(studied, tmp_path / "clone")
    (folder / "mlflow.db").unlink(missing_ok=True)
    shutil.rmtree(folder / "mlartifacts", ignore_errors=True)
    clones.run(folder, "neural-odes", "runs", "sync")
    client = MlflowClient(f"sqlite:///{folder / 'mlflow.db'}")

    def content():
        found = {}
        for experiment in client.search_experiments():
            for run in client.search_runs([experiment.experiment_id]):
                found[run.info.run_id] = (experiment.name, run.data.tags, run.data.params, run.data.metrics, run.info.status)
        return found

    runs = content()
    trained = {
        (name.pipeline or name.claim, name.name)
        for name, entry in ((StageName.parse(address), entry) for address, entry in lockfile.read(folder).items())
        if any((folder / out.path / "training.json").is_file() for out in entry.outs)
    }
    source = {(experiment, tags["mlflow.source.name"]) for experiment, tags, *_ in runs.values() if "seed" in tags}
    assert {(experiment, StageName.parse(address).name) for experiment, address in source} == trained
    assert len(trained) > 15 and all(status == "FINISHED" for *_, status in runs.values())
    studies = {study.name for study in paths.studies(folder)}
    assert {experiment for experiment, tags, *_ in runs.values() if "seed" not in tags} == {*CLAIMS} | studies
    headline = {"classification": "accuracy", "density": ("nll", "gap"), "trajectory": "rmse"}
    for experiment, tags, parameters, metrics, _ in runs.values():
        if "seed" in tags and experiment in headline:
            assert any(name.startswith(headline[experiment]) for name in metrics), metrics.keys()
            assert any(name.startswith(f"{experiment}.") and ".train." in name for name in parameters)
    clones.run(folder, "neural-odes", "runs", "sync")
    assert content() == runs


def test_results_of_an_earlier_commit_come_back_from_a_remote(workspace, tmp_path):
    remote, later = tmp_path / "remote", tmp_path / "later"
    clones.run(workspace, "dvc", "remote", "add", "-d", "store", str(remote))
    scratch.commit(workspace, "Results")
    clones.run(workspace, "dvc", "push", "--run-cache")
    old, details = clones.hashes(workspace), (workspace / "reports" / "details" / "density.json").read_bytes()
    _replace(workspace / "params.yaml", "steps: 60", "steps: 50")
    clones.run(workspace, "dvc", "repro", "density-page")
    scratch.commit(workspace, "Fewer steps")
    assert (workspace / "reports" / "details" / "density.json").read_bytes() != details
    subprocess.run(["git", "clone", "--quiet", str(workspace), str(later)], check=True)
    clones.run(later, "git", "checkout", "--quiet", "HEAD~1")
    assert not clones.ran(clones.run(later, "dvc", "repro", "--pull"))
    assert clones.hashes(later) == old and (later / "reports" / "details" / "density.json").read_bytes() == details


def test_verify_is_what_a_reviewer_runs(studied, tmp_path):
    folder = clones.copied(studied, tmp_path / "clone")
    scratch.commit(folder, "Results")
    assert "identical" in clones.run(folder, "neural-odes", "verify")
    target = folder / "models" / "density" / "cnf-0" / "model.safetensors"
    content = bytearray(target.read_bytes())
    content[-1] ^= 1
    target.unlink()
    target.write_bytes(content)
    assert "models/density/cnf-0" in clones.run(folder, "neural-odes", "verify", code=1)
    shutil.rmtree(target.parent)
    assert "models/density/cnf-0" in clones.run(folder, "neural-odes", "verify", code=1)
    clones.run(folder, "dvc", "checkout", "--force")
    assert not verify.look(folder).altered
    _replace(folder / "studies" / "density_baselines" / "params.yaml", "components: [4, 8]", "components: [3]")
    assert "make " in clones.run(folder, "neural-odes", "verify", code=1)
    clones.run(folder, "dvc", "repro", "--all-pipelines")
    said = clones.run(folder, "neural-odes", "verify", code=1)
    assert "differs" in said and "gmm" in said


def test_no_secret_is_kept(workspace):
    password, token = secrets.token_hex(8), secrets.token_hex(8)
    secret = {"MLFLOW_TRACKING_URI": f"http://anna:{password}@127.0.0.1:9", "MLFLOW_TRACKING_TOKEN": token}
    said = clones.run(workspace, "dvc", "repro", "--force", "--single-item", "density-train@cnf-0", **secret)
    said += clones.run(workspace, "neural-odes", "runs", "sync", code=1, **secret)
    assert "warning: MLflow at http://***@127.0.0.1:9" in said
    for value in (password, token):
        assert value not in said
        kept = [p for p in workspace.rglob("*") if p.is_file() and not p.is_symlink() and value.encode() in p.read_bytes()]
        assert not kept


def test_experiments_and_their_comparison(workspace, tmp_path):
    scratch.commit(workspace, "Results")
    clones.run(workspace, "dvc", "exp", "run", "-S", "density.train.steps=70", "density-summarise")
    shown = json.loads(clones.run(workspace, "dvc", "exp", "show", "--json"))
    assert len(shown) >= 2
    assert re.search(r"density\.train\.steps +60 +70", clones.run(workspace, "dvc", "params", "diff"))
    assert "moons.gap" in clones.run(workspace, "dvc", "metrics", "diff")
    clones.run(workspace, "dvc", "plots", "diff")
    page = (workspace / "dvc_plots" / "index.html").read_text()
    assert "Density: training curves" in page and '"facet"' in page
    listed = subprocess.run(
        ["git", "status", "--porcelain", "--", "dvc_plots"], cwd=workspace, capture_output=True, text=True, check=True
    )
    assert not listed.stdout  # or `cluster run` would refuse to start
    assert "density-train@cnf-0" in clones.run(workspace, "dvc", "dag")


def test_a_sweep_on_two_machines_with_one_mlflow_server(root, tmp_path, postgres, monkeypatch):
    """Experiments of DVC, shared stages run once, and in MLflow each training once and whole."""
    folder = tmp_path / "clone"
    scratch.afresh(root, folder, "smoke")
    clones.run(folder, "dvc", "remote", "add", "--default", "shared", str(tmp_path / "remote"))
    scratch.commit(folder, "A remote")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", postgres)
    with two_machines(tmp_path) as machines, serving(root) as (_, address):
        command = ["neural-odes", "cluster", "run", "density-train@cnf-0", "--address", machines.address]
        sweep = ["--sweep", "density.train.learning_rate=1e-3,3e-3"]
        said = clones.run(folder, *command, *sweep, MLFLOW_TRACKING_URI=address)
        client = MlflowClient(address)
        (experiment,) = client.search_experiments(filter_string="name = 'density'")
        runs = client.search_runs([experiment.experiment_id])
        losses = [[metric.step for metric in client.get_metric_history(run.info.run_id, "loss")] for run in runs]
    rates = ("learning_rate-0.001", "learning_rate-0.003")
    own = {f"density-train@cnf-0 ({rate})" for rate in rates}
    done = re.findall(r"^(density-.*): done", said, re.MULTILINE)
    assert sorted(done) == sorted(own | {f"density-data ({rates[0]})"})
    logs = [(folder / ".cache" / "logs" / f"experiment-{rate}.log").read_text() for rate in rates]
    assert all("density-train@cnf-0" in log and "Running stage 'density" not in log for log in logs)
    assert set(clones.run(folder, "dvc", "exp", "list", "--name-only").split()) >= set(rates)
    assert sorted(run.data.params["density.train.learning_rate"] for run in runs) == ["0.001", "0.003"]
    assert {run.info.status for run in runs} == {"FINISHED"}
    assert all(steps and len(set(steps)) == len(steps) and max(steps) == 60 for steps in losses)


def test_pages_in_a_browser(studied, tmp_path):
    """Headless Chromium: no console message, and nothing loaded but the page itself."""
    browser = shutil.which("chromium") or shutil.which("google-chrome")
    if browser is None:
        pytest.skip("Chromium is not installed")
    pages = sorted((studied / "reports" / "html").glob("*.html"))
    assert [p.stem for p in pages] == sorted([*CLAIMS, "benchmarks", "explore", "index"])
    pages += [study / "results" / "page.html" for study in paths.studies(studied)]
    pages += (studied / paths.TUTORIALS / "results").glob("*.html")
    for number, page in enumerate(pages):
        assert page.stat().st_size < 5_000_000
        log = tmp_path / f"{number}.json"
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
        assert "</html>" in done.stdout and ("<math" in done.stdout or page.stem not in CLAIMS)
        requested = set(re.findall(r'"url":"([^"]+)"', log.read_text()))
        from_page = {url for url in requested if "html" in url or url.startswith(("file:", "data:"))}
        assert all(url.startswith(("file:", "data:")) for url in from_page)
