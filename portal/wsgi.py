"""The web application for gunicorn and other WSGI servers."""

import gc
import os

from django.core.wsgi import get_wsgi_application
from django.urls import get_resolver

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
application = get_wsgi_application()
get_resolver().url_patterns  # noqa: B018 - loads the pages now, not with the first visitor
# what was loaded stays: without this, the collector goes through all of it again and again, a fifth of a batch's time
gc.collect()
gc.freeze()
