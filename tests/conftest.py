"""What holds for every test."""

from hypothesis import HealthCheck, settings

# How long an example takes depends on the machine, and no test may.
settings.register_profile(
    "any-machine", deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("any-machine")
