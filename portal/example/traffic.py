"""The example's live client: scores sentences with the local scorer and reports them to the portal over real HTTP.

A source as any other: it asks the gate before it reads, answers without reading when the gate does not allow it or does
not answer in time, and never sends the sentence itself.
"""

import json
import logging
import random
import sys
import time
import urllib.error
import urllib.request
import uuid
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

SYSTEM, FLOW = "leader-coach", "practice-writing"
EVERY = 20.0  # seconds between two sentences
IN_TIME = 5.0  # seconds that a call may take; a real-time client would wait 0.2 s
SENTENCES = (
    "I appreciate how much work you put into this, and I want to talk about the deadline.",
    "This is the third time the report is late and I am really disappointed.",
    "Let us look at the planning together on Thursday.",
    "Honestly, your attitude in that meeting was terrible.",
    "You handled that angry customer wonderfully, thank you.",
    "I hear that you are worried about the new schedule.",
    "We have to talk about the numbers of last month.",
    "I am sorry that I did not tell you earlier; that was unfair.",
    "If this happens again there will be consequences.",
    "Great job on the presentation, everyone loved it!",
    "The meeting is at ten, please bring the list.",
    "I feel frustrated when nobody answers my questions.",
)
log = logging.getLogger("attune.example.traffic")


def post(url: str, body: Any, key: str = "") -> Any:
    """The answer to one JSON call. Raises OSError (also for a status of 400 and above)."""
    headers = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {key}"} if key else {})
    request = urllib.request.Request(url, json.dumps(body).encode(), headers)  # noqa: S310 - addresses of our own
    with urllib.request.urlopen(request, timeout=IN_TIME) as response:  # noqa: S310
        return json.load(response)


def one(portal: str, scorer: str, key: str, sentence: str, who: int) -> str:
    """Ask, score, report: one sentence of one person. Returns the status of the item."""
    now = datetime.now(UTC).isoformat()
    subject = f"coach-person-{who:05d}"
    facts = {"subject_role": "employee", "purpose": "own_training", "modality": "text"}
    asked = post(
        f"{portal}/api/v1/decisions", {"system": SYSTEM, "flow": FLOW, "subject": subject, **facts}, key
    )
    if asked["outcome"] != "allow":
        return str(asked["outcome"])
    read = post(scorer, {"text": sentence})
    item = {
        "id": f"live-{uuid.uuid4()}",
        "occurred_at": now,
        "flow": FLOW,
        "subject": subject,
        "version": "0.9",
        "channel": "web",
        "language": "en",
        "predicted": read["label"],
        "confidence": read["confidence"],
        "disclosed_at": now,
        "emotion_notice_at": now,
        **facts,
    }
    answer = post(f"{portal}/api/v1/systems/{SYSTEM}/interactions", {"items": [item]}, key)
    return str(answer["items"][0]["status"])


def main(portal: str, scorer: str, key_file: str) -> None:
    """Until stopped: a sentence every so often; an error is logged and the next one tried."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    choice = random.Random()  # noqa: S311 - no secret depends on it
    while True:
        try:
            key = Path(key_file).read_text(encoding="utf-8").strip()
            status = one(portal, scorer, key, choice.choice(SENTENCES), choice.randrange(64))
            log.info("reported: %s", status)
        except urllib.error.HTTPError as refused:
            log.warning(
                "refused with status %s: %s", refused.code, refused.read(500).decode("utf-8", "replace")
            )
        except (OSError, ValueError, KeyError) as error:
            log.warning("not reported: %s", error)
        time.sleep(EVERY)


if __name__ == "__main__":
    main(*sys.argv[1:4])
