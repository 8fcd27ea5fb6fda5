"""The models of the app `governance`, gathered from its slices (Django looks only here)."""

__all__: list[str] = []
