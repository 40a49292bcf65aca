"""Draws what the student report's own settings give. Usage: python stages/findings.py"""

import environment  # noqa: F401

from neural_odes.command import execute
from neural_odes.findings_figure import draw

execute("findings", draw)
