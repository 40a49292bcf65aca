"""Copies the weights of a claim's model to reports/models, beside their model card. Usage: python stages/publish.py CLAIM"""

import environment  # noqa: F401

from neural_odes.pipeline.command import execute
from neural_odes.summaries.publish import publish

execute(lambda stage: publish(stage, **stage.instance))
