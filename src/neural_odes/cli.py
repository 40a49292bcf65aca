"""The command `neural-odes`."""

import contextlib
import functools
import json
import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from neural_odes.errors import UserError, needing, refusals

if TYPE_CHECKING:
    from neural_odes.checking.audit import Audit
    from neural_odes.running.graph import Selection

app = typer.Typer(
    help="Reproduces three results of Neural ODEs; see README.md.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
runs = typer.Typer(help="Runs in MLflow.", no_args_is_help=True)
app.add_typer(runs, name="runs")
cluster = typer.Typer(help="The same pipelines on many machines.", no_args_is_help=True)
app.add_typer(cluster, name="cluster")
console = Console()


@contextlib.contextmanager
def _one_line() -> Iterator[None]:
    try:
        with refusals():
            yield
    except UserError as error:
        print(f"error: {error}", file=sys.stderr)
        raise typer.Exit(1) from None


@app.callback()
def _variables() -> None:
    from neural_odes import paths, variables

    with _one_line():
        variables.check(paths.find_root(Path.cwd()))


def _root() -> Path:
    """The clone that the command was called in."""
    from neural_odes import paths

    root = paths.find_root(Path.cwd())
    if root is None:
        raise UserError(f"{Path.cwd()}: not in a clone of the project; go to the folder that holds dvc.yaml")
    return root


def _valid_root() -> Path:
    """As ``_root``, its parameters valid: those of the root and of every study."""
    from neural_odes import validation

    root = _root()
    validation.check_all(root)
    return root


@app.command()
def check() -> None:
    """Validate params.yaml, and those of the studies; and that they go together."""
    from neural_odes import params, validation

    with _one_line():
        root = _root()
        validation.check_all(root, together=params.studies(root))
        print("params.yaml is valid, and so are those of the studies")


Cores = Annotated[int | None, typer.Option(min=1, help="Number of cores (default: all that memory allows).")]
Studies = Annotated[
    bool, typer.Option("--studies", help="Everything: the claims, all studies, the tutorials, the benchmarks' figures.")
]


What = Annotated[
    list[str] | None,
    typer.Argument(metavar="WHAT", help="Studies, stages (by name or address), paths of a dvc.yaml (default: the three claims)."),
]


def _selection(root: Path, what: list[str] | None, studies: bool) -> "Selection":
    """What is to run; studies among it go with the claims' parameters."""
    from neural_odes import params, validation
    from neural_odes.running.graph import Selection

    if studies and what:
        raise UserError(f"--studies: everything is run, {' and '.join(what)} too; leave out the one or the other")
    found = Selection(everything=True) if studies else Selection.named(root, what or [])
    chosen = [study for study in params.studies(root) if studies or any(name.startswith(f"{study}/") for name in found.targets)]
    if chosen:
        validation.check_all(root, together=chosen)
    return found


@app.command()
def repro(what: What = None, studies: Studies = False, cores: Cores = None) -> None:
    """Run dvc repro on all cores: the three claims, or what is named and what it needs.

    Independent stages run in parallel. Ctrl-C leaves checkpoints.
    """
    from neural_odes.running import local

    with _one_line():
        root = _valid_root()
        selection = _selection(root, what, studies)
        local.repro(root, os.environ, cores=cores or local.cores(), selection=selection)


@app.command()
def preset(name: Annotated[str, typer.Argument(help="A preset in presets/, or the path of a YAML file.")]) -> None:
    """Write a preset into params.yaml; comments are kept, and git diff shows what changed."""
    from neural_odes.running import presets

    with _one_line():
        changed = presets.apply(_valid_root(), name)
        for key in changed:
            print(key)
        files = " ".join(dict.fromkeys(changed.values()))
        print(f"{len(changed)} changed; run: dvc repro (to undo: git checkout {files})" if changed else "nothing to change")


@app.command()
def results() -> None:
    """Print the headline numbers: published, ours, and the best possible."""
    with _one_line():
        from neural_odes.documents import tables  # here, where a damaged claims.yaml is one line

        root = _root()
        console.print(tables.as_rich(root))
        print(f"report: {root / 'reports' / 'html' / 'index.html'}")


@app.command()
def docs() -> None:
    """Write the numbers in README.md and docs/, from the committed results."""
    with _one_line():
        from neural_odes.documents import blocks  # here, where a damaged claims.yaml is one line

        blocks.write(_root())


@app.command()
def audit(
    figure: Annotated[list[Path] | None, typer.Argument(help="PNG, SVG or GIF (default: every figure in the clone).")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead.")] = False,
) -> None:
    """Say what made a figure, and whether it is current.

    Exit code: 0 current, 1 stale (an input changed), 2 altered, not ours or unknown; for several figures, the highest.
    """
    from neural_odes import paths
    from neural_odes.checking import audit as auditing
    from neural_odes.tracking.store import run_ids

    def runs(keys: list[str]) -> dict[str, list[str]]:
        try:
            return run_ids(root, keys) if root and (figure or as_json) else {}
        except UserError as error:
            print(f"warning: {error}", file=sys.stderr)
            return {}

    with _one_line():
        root = paths.find_root(Path.cwd())
        chosen = figure or (auditing.figures(root) if root else [])
        if not chosen:
            raise UserError("reports/figures: no figure there; name one, or make them with: dvc repro")
        found = auditing.audits(chosen, root, runs)
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
            print(title)
            width = max(map(len, rows))
            for name, value in rows.items():  # as they are: a table would cut hashes to the width of the terminal
                print(f"  {name:{width}}  {value}")


@app.command()
def verify(
    commit: Annotated[str, typer.Argument(help="Commit to compare with.")] = "HEAD",
    retrain: Annotated[
        str | None, typer.Option(metavar="CLAIM", help="Train the committed model of this claim again instead: minutes.")
    ] = None,
) -> None:
    """Compare a rebuild with the committed numbers: by bytes, then by the spread over seeds.

    Exit code: 0 identical, or agrees within the spread over seeds; 1 differs, or there is nothing whole to compare.
    """
    from neural_odes import git, paths
    from neural_odes.checking import retrain as retraining
    from neural_odes.checking import verify as verifying
    from neural_odes.running import local

    with _one_line():
        root = _valid_root()
        if retrain:
            if commit != "HEAD":
                raise UserError(f"{commit}: --retrain compares with the weights of the working tree; leave the commit out")
            outcome = retraining.retrain(root, retrain)
            print(f"{outcome.verdict}: {outcome.reason}")
            raise typer.Exit(outcome.exit_code)
        known = git.commit(root, commit)
        if known is None:
            raise UserError(f"{commit}: no such commit in this clone; git log shows its own, git fetch --unshallow brings older")
        clone = verifying.look(root)
        if clone.altered:
            raise UserError(
                f"{paths.and_more(clone.altered)}: missing, or not what dvc.lock says; "
                "dvc checkout --force brings back what DVC's cache has, make results (studies: make studies) rebuilds the rest"
            )
        if stages := sorted(filter(clone.covers, local.changed(root, os.environ))):
            made = "make results (for a study: make studies) runs them"
            raise UserError(f"not fully rebuilt yet: {paths.and_more(stages)} would run; {made}")
        found = verifying.verify(root, clone.results, functools.partial(git.content, root, known))
        for line in found.lines(commit):
            print(line)
        if clone.left_out:
            print(f"not run here, so taken as committed: {', '.join(clone.left_out)} (neural-odes repro --studies runs all)")
        raise typer.Exit(found.exit_code)


@app.command()
def figures(cores: Cores = None) -> None:
    """Draw every figure and page again from what is in git: no data, no training.

    Exit code: 0 the bytes are those of dvc.lock; 1 some differ.
    """
    from neural_odes import paths
    from neural_odes.running import local, redraw

    with _one_line():
        found = redraw.redraw(_valid_root(), cores=cores or local.cores())
        if not found.differing:
            print(f"identical: {len(found.files)} figures and pages are those of dvc.lock, byte for byte")
            return
        print(f"differ from dvc.lock: {paths.and_more(found.differing, shown=20)}")
        print("If you edited code or sources, record them with: dvc repro --allow-missing")
        print("Else this machine draws other bytes; the committed ones come back with: git checkout reports studies")
        raise typer.Exit(1)


@app.command()
def smoke() -> None:
    """Run all pipelines on tiny settings in a scratch copy; your results are not touched."""
    from neural_odes.documents import tables
    from neural_odes.running import scratch

    with _one_line():
        target = Path(tempfile.mkdtemp(prefix="neural-odes-smoke-"))
        scratch.smoke(_valid_root(), target)
        console.print(tables.as_rich(target))
        print(f"smoke run complete; delete it with: rm -r {target}")


@runs.command("sync")
def runs_sync() -> None:
    """Add to MLflow what the outputs in this clone know and MLflow does not."""
    from neural_odes.tracking.sync import sync

    with _one_line():
        print(f"MLflow: {sync(_valid_root())}")


@cluster.command("run")
def cluster_run(
    what: What = None,
    studies: Studies = False,
    address: Annotated[str | None, typer.Option(help="Address of a Ray cluster (default: a local Ray on this machine).")] = None,
    cpus: Annotated[int | None, typer.Option(min=1, help="CPUs to use on this machine (default: all that fit).")] = None,
    sweep: Annotated[list[str] | None, typer.Option(help="KEY=VALUE,VALUE: one DVC experiment per value.")] = None,
) -> None:
    """Run dvc repro on a Ray cluster, one task per stage. Ctrl-C leaves checkpoints."""
    with _one_line():
        with needing("cluster"):
            from neural_odes.running.cluster import head
            from neural_odes.running.cluster import sweep as sweeping
        points = sweeping.points(sweep or [])
        root = _valid_root()
        selection = _selection(root, what, studies)
        head.run(root, os.environ, selection=selection, address=address, cpus=cpus, sweep=points)


@app.command()
def ui(
    port: Annotated[int, typer.Option(help="Port on the loopback address.")] = 5000,
    to_open: Annotated[bool, typer.Option("--open/--no-open", help="Open the first page in the browser.")] = True,
) -> None:
    """Start MLflow on the loopback address: each claim's runs, best first, as `neural-odes runs sync` has described them."""
    from neural_odes.loading import DEFAULTS
    from neural_odes.tracking import server as tracking

    with _one_line():
        root = _root()
        command, environment = tracking.server(root, port)
        pages = tracking.pages(root, port, list(DEFAULTS)) or {"experiments": tracking.front(port)}
        print("MLflow (Ctrl-C ends it):")
        for name, page in pages.items():
            print(f"  {name}: {page}", flush=True)
        if to_open:
            tracking.open_browser(port, next(iter(pages.values())))
        os.execve(command[0], command, environment)
