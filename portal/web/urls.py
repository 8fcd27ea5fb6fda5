"""Addresses of the shell itself: preferences and health."""

from django.urls import path

from portal.web import health, preferences

urlpatterns = [
    path("preferences/language", preferences.language, name="set_language_here"),
    path("preferences/theme", preferences.theme, name="set_theme"),
    path("health/live", health.live, name="health_live"),
    path("health/ready", health.ready, name="health_ready"),
]
