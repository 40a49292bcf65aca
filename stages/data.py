"""Makes the data of one claim. Usage: python stages/data.py CLAIM"""

import environment  # noqa: F401

from neural_odes.pipeline.command import run

run("data", usage=__doc__)
