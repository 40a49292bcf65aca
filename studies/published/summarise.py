"""Judges every published number."""

from neural_odes.pipeline.metrics import read_json
from neural_odes.pipeline.stage import Stage
from neural_odes.verdicts import claims
from neural_odes.verdicts.ours import file


def summarise(stage: Stage) -> None:
    """Writes reports/claims.json."""
    claims.write_result(stage.output(claims.RESULT), claims.verdicts(lambda page: read_json(stage.input(file(page)))))
