"""The models of the app `portal`, gathered from its slices (Django looks only here)."""

__all__: list[str] = []
