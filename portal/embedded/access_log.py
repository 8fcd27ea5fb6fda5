"""The access log of the web process: every call, but no secret address."""

from typing import Any

from gunicorn.glogging import Logger  # type: ignore[import-untyped]

from portal.logs import without_secrets


class AccessLog(Logger):
    """Gunicorn's own, with tokens taken out of addresses and referrers."""

    def atoms(self, resp: Any, req: Any, environ: Any, request_time: Any) -> dict[str, Any]:
        """What a line is made of."""
        atoms = super().atoms(resp, req, environ, request_time)
        return {
            key: without_secrets(value) if isinstance(value, str) else value for key, value in atoms.items()
        }
