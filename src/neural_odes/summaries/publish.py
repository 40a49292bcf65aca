"""Copies the weights of a claim's model to where git keeps them, so that whoever has the clone has the model."""

import shutil

from neural_odes.pipeline import weights
from neural_odes.pipeline.metrics import read_json
from neural_odes.pipeline.record import Record
from neural_odes.pipeline.stage import Stage
from neural_odes.summaries.card import as_markdown


def publish(stage: Stage, claim: str) -> None:
    """Writes the weights of the first seed and README.md, their model card."""
    card, seed = stage.module(claim, "card"), stage.seeds[0]
    trained = stage.input(f"models/{claim}/{card.MODEL}-{seed}")
    details = read_json(stage.input(f"reports/details/{claim}.json"))
    shutil.copyfile(trained / weights.FILE, stage.out / weights.FILE)
    text = as_markdown(card.card(details), Record.read(trained), seed)
    (stage.out / "README.md").write_text(text, encoding="utf-8")
