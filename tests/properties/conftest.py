"""How many inputs are generated: a few by default, always the same ones; 2,000 each, anew every time, with
``pytest tests/properties --hypothesis-profile=campaign``.
"""

from hypothesis import HealthCheck, settings

_COMMON = {"deadline": None, "suppress_health_check": list(HealthCheck)}

settings.register_profile("quick", max_examples=20, derandomize=True, database=None, **_COMMON)
settings.register_profile("campaign", max_examples=2000, print_blob=True, **_COMMON)
settings.load_profile("quick")
