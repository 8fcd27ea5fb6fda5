"""The live endpoint of the example organisation: a small sentiment scorer with real answers.

POST /score {"text": "..."} -> {"label": "positive|neutral|negative", "confidence": 0..1, "scores": {label: share}}
Scores are VADER's (Hutto and Gilbert 2014), a lexicon for English; the label follows the thresholds of its authors
(compound >= .05 positive, <= -.05 negative). It keeps nothing of what it is sent.
Run as: python -m portal.example.scorer http://127.0.0.1:8001/score
"""

import json
import signal
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

LONGEST = 20_000  # bytes of a request
THRESHOLD = 0.05
_analyser = SentimentIntensityAnalyzer()


def score(text: str) -> dict[str, Any]:
    """The label, its share of the scores and all three shares."""
    found = _analyser.polarity_scores(text)
    scores = {"positive": found["pos"], "neutral": found["neu"], "negative": found["neg"]}
    compound = found["compound"]
    label = "positive" if compound >= THRESHOLD else "negative" if compound <= -THRESHOLD else "neutral"
    return {
        "label": label,
        "confidence": round(abs(compound) if label != "neutral" else 1 - abs(compound), 4),
        "scores": scores,
    }


class Handler(BaseHTTPRequestHandler):
    """One address, one verb; every refusal says why."""

    server_version = "attune-example-scorer"
    timeout = 10

    def do_POST(self) -> None:
        """Score one text."""
        if self.path != "/score":
            return self._answer(404, {"error": "POST /score is all there is"})
        length = self.headers.get("Content-Length", "")
        if not length.isdigit() or int(length) > LONGEST:
            return self._answer(413, {"error": f"send at most {LONGEST} bytes, with a Content-Length"})
        try:
            body = json.loads(self.rfile.read(int(length)))
            text = body["text"]
        except (ValueError, KeyError, TypeError, RecursionError):
            return self._answer(400, {"error": 'send {"text": "..."}'})
        if not isinstance(text, str) or not text.strip():
            return self._answer(422, {"error": "text is empty"})
        return self._answer(200, score(text))

    def _answer(self, status: int, body: dict[str, Any]) -> None:
        content = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *arguments: Any) -> None:
        """Log nothing: the texts are people's own."""


def main() -> None:
    """Serve until told to stop."""
    address = urlsplit(sys.argv[1] if len(sys.argv) > 1 else "http://127.0.0.1:8001/score")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    ThreadingHTTPServer((address.hostname or "127.0.0.1", address.port or 8001), Handler).serve_forever()


if __name__ == "__main__":
    main()
