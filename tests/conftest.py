"""Settings for every test: hypothesis draws the same examples each time."""

from hypothesis import settings

settings.register_profile("adam", deadline=None, derandomize=True, max_examples=100)
settings.load_profile("adam")
