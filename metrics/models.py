"""The models of the app `metrics`, gathered from its slices (Django looks only here)."""

__all__: list[str] = []
