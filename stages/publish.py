"""Copies the weights of a claim's model to reports/models, beside their model card. Usage: python stages/publish.py CLAIM"""

import environment  # noqa: F401

from neural_odes.pipeline.command import run_library

run_library("summaries.publish", "publish", usage=__doc__)
