"""Judges the student report's findings by what the run with its settings left."""

from neural_odes.pipeline.metrics import read_json, write_json
from neural_odes.pipeline.stage import Stage
from studies.student_report.findings import judge
from studies.student_report.kept import FOLDER, Kept


def summarise(stage: Stage) -> None:
    """Writes the findings, and what was run."""
    kept = Kept.read(stage.input(FOLDER))
    found = judge(kept, read_json(stage.input("studies/solvers/results/metrics.json")))
    findings = [
        {"claim": f.claim, "said": f.said, "ours": f.ours, "verdict": f.judgement.word, "reason": f.judgement.reason}
        for f in found
    ]
    run = {key: kept.metrics[key] for key in ("presets", "commit", "changed")}
    write_json(stage.output("studies/student_report/results/metrics.json"), {"findings": findings, "run": run})
