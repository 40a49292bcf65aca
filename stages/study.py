"""Runs a verb of the study in whose folder it is called. Usage: python ../../stages/study.py VERB …"""

import environment  # noqa: F401

from neural_odes.pipeline.command import run_study

run_study(usage=__doc__)
