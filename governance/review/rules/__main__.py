"""Print docs/review-states.md."""

import sys

from governance.review.rules.states import diagram

sys.stdout.write(diagram())
