"""The command `neural-odes`."""

import contextlib
import json
import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table

from neural_odes.errors import UserError

if TYPE_CHECKING:
    from neural_odes.audit import Audit

app = typer.Typer(help=__doc__, no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)
runs = typer.Typer(help="Runs in MLflow.", no_args_is_help=True)
app.add_typer(runs, name="runs")
cluster = typer.Typer(help="The same pipeline on many machines.", no_args_is_help=True)
app.add_typer(cluster, name="cluster")
console = Console()


@contextlib.contextmanager
def _one_line() -> Iterator[None]:
    try:
        yield
    except UserError as error:
        print(f"error: {error}", file=sys.stderr)
        raise typer.Exit(1) from None


def _root() -> Path:
    """The clone that the command was called in, its params.yaml valid."""
    from neural_odes import audit, params

    root = audit.find_root(Path.cwd())
    if root is None:
        raise UserError(f"{Path.cwd()}: not in a clone of the project; go to the folder that holds dvc.yaml")
    params.check(params.read(root / params.FILE))
    return root


@app.command()
def check() -> None:
    """Validate params.yaml."""
    with _one_line():
        _root()
        print("params.yaml is valid")


@app.command()
def repro(cores: Annotated[int | None, typer.Option(min=1, help="To use; by default all, if memory allows.")] = None) -> None:
    """Run dvc repro on all cores: first what can run side by side. Ctrl-C leaves checkpoints."""
    from neural_odes import lanes

    with _one_line():
        lanes.repro(_root(), os.environ, cores=cores or lanes.cores())


@app.command()
def claims(cores: Annotated[int | None, typer.Option(min=1, help="To use; by default all, if memory allows.")] = None) -> None:
    """Train and score the models of the three claims alone, and print what came out."""
    from neural_odes import lanes
    from neural_odes import results as table

    with _one_line():
        root = _root()
        lanes.claims(root, os.environ, cores=cores or lanes.cores())
        console.print(table.of_the_claims(root))


@app.command()
def preset(name: Annotated[str, typer.Argument(help="Name of an overlay in presets/.")]) -> None:
    """Write a preset into params.yaml; comments are kept, and git diff shows what changed."""
    from neural_odes import presets

    with _one_line():
        for key in (changed := presets.apply(_root(), name)):
            print(key)
        print(f"{len(changed)} values changed; run: dvc repro (and back: git checkout params.yaml)")


@app.command()
def results() -> None:
    """Print the table of results: ours, published, floor, verdict."""
    from neural_odes import results as table

    with _one_line():
        root = _root()
        console.print(table.as_rich(root))
        print(f"report: {root / 'reports' / 'html' / 'index.html'}")


@app.command()
def readme() -> None:
    """Write the table of results into README.md, from the committed metrics."""
    from neural_odes import results as table

    with _one_line():
        table.write_readme(_root())


@app.command()
def audit(
    figure: Annotated[list[Path] | None, typer.Argument(help="PNG, SVG or GIF; none: every figure of the report.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead.")] = False,
) -> None:
    """Say what made a figure and whether it is current.

    Exit code: 0 current, 1 stale (an input changed), 2 altered or not ours; of several figures, the highest.
    """
    from neural_odes import audit as auditing
    from neural_odes.tracking_store import run_ids

    def runs(keys: list[str]) -> dict[str, list[str]]:
        try:
            return run_ids(root, keys) if root and (figure or as_json) else {}
        except UserError as error:
            print(f"warning: {error}", file=sys.stderr)
            return {}

    with _one_line():
        root = auditing.find_root(Path.cwd())
        paths = figure or (auditing.figures(root) if root else [])
        if not paths:
            raise UserError("reports/figures: no figure there; name one, or make them with: dvc repro")
        found = [auditing.audit(path, root, runs) for path in paths]
        if as_json:
            print(json.dumps([a.as_dict() for a in found], indent=2))
        else:
            for a in found:
                _print_audit(a, detail=bool(figure))
        raise typer.Exit(max(a.exit_code for a in found))


def _print_audit(a: "Audit", *, detail: bool) -> None:
    colour = {0: "green", 1: "yellow", 2: "red"}[a.exit_code]
    console.print(f"{a.figure}: [{colour}]{a.verdict}[/{colour}] – {a.reason}", highlight=False, soft_wrap=True)
    for change in a.changes:
        print(f"  {change.input}: {change.old} → {change.new}")
    if not detail:
        return
    for title, rows in (
        ("stage", {a.stage: f"commit {a.commit}"} if a.stage else {}),
        ("parameters", a.parameters),
        ("data (SHA-256)", a.data),
        ("code (MD5, as in dvc.lock)", a.code),
        ("MLflow runs", {name: ", ".join(ids) or "none" for name, ids in a.runs.items()}),
    ):
        if rows:
            table = Table(title=title, title_justify="left", show_header=False, box=None)
            for name, value in rows.items():
                table.add_row(str(name), str(value))
            console.print(table)


@app.command()
def verify(commit: Annotated[str, typer.Argument(help="What to compare with.")] = "HEAD") -> None:
    """Compare a rebuild with the committed metrics: by bytes, then by the spread over seeds.

    Exit code: 0 identical, or agrees within the spread over seeds; 1 differs, or there is nothing whole to compare.
    """
    from neural_odes import lanes
    from neural_odes import verify as verifying
    from neural_odes.tracking_store import git

    with _one_line():
        root = _root()
        if wrong := verifying.altered(root):
            more = f" and {len(wrong) - 3} more" if len(wrong) > 3 else ""
            raise UserError(
                f"{', '.join(wrong[:3])}{more}: missing, or not what dvc.lock says; "
                "dvc checkout --force brings back what is in DVC's cache, make results makes the rest"
            )
        if stages := sorted(lanes.changed(root, os.environ)):
            more = f" and {len(stages) - 3} more" if len(stages) > 3 else ""
            raise UserError(f"not a rebuild yet: {', '.join(stages[:3])}{more} would run; make results runs them")
        found = verifying.verify(root, lambda name: git(root, "show", f"{commit}:{name}"))
        for line in found.lines(commit):
            print(line)
        raise typer.Exit(found.exit_code)


@app.command()
def smoke() -> None:
    """Run the whole pipeline on tiny settings in a scratch copy; your results are not touched."""
    from neural_odes import results as table
    from neural_odes import scratch

    with _one_line():
        target = Path(tempfile.mkdtemp(prefix="neural-odes-smoke-"))
        scratch.smoke(_root(), target)
        console.print(table.as_rich(target))
        print(f"smoke run complete; delete it with: rm -r {target}")


@app.command()
def aside(names: Annotated[list[str], typer.Argument(help="Presets, one over the other.")]) -> None:
    """Run the three claims with presets in a scratch copy; the numbers go to reports/presets, your results are not touched."""
    from neural_odes import aside as beside

    with _one_line():
        root = _root()
        with tempfile.TemporaryDirectory(prefix="neural-odes-aside-") as target:
            kept = beside.run(root, names, Path(target))
        print(f"numbers: {kept.relative_to(root)}")


@runs.command("sync")
def runs_sync() -> None:
    """Rebuild in MLflow whatever the outputs in this clone know and MLflow does not."""
    from neural_odes.tracking_sync import sync

    with _one_line():
        print(f"MLflow: {sync(_root())}")


@cluster.command("run")
def cluster_run(
    targets: Annotated[list[str] | None, typer.Argument(help="Stages, as dvc repro takes them; none: all.")] = None,
    address: Annotated[str | None, typer.Option(help="Of a Ray cluster; by default a Ray of this machine alone.")] = None,
    cpus: Annotated[int | None, typer.Option(min=1, help="To use of this machine; by default all, if memory allows.")] = None,
    sweep: Annotated[list[str] | None, typer.Option(help="key=value,value: each as an experiment of DVC.")] = None,
) -> None:
    """Run dvc repro on a Ray cluster, a task a stage. Ctrl-C leaves checkpoints."""
    with _one_line():
        try:
            from neural_odes import cluster as beyond
        except ModuleNotFoundError as error:
            raise UserError(f"{error.name} is not installed: pip install 'neural-odes[cluster]'") from None
        points = beyond.points(sweep or [])
        beyond.run(_root(), os.environ, targets=targets or [], address=address, cpus=cpus, sweep=points)


@app.command()
def ui(port: Annotated[int, typer.Option(help="Port on the loopback address.")] = 5000) -> None:
    """Open MLflow on the loopback address."""
    from neural_odes.tracking_ui import page, server

    with _one_line():
        command, environment = server(_root(), port)
        print(f"MLflow: {page(port)} (Ctrl-C ends it)", flush=True)
        os.execve(command[0], command, environment)
