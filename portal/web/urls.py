"""Addresses of the shell itself: preferences, saved views and health."""

from django.urls import path

from portal.web import health, preferences, saved

urlpatterns = [
    path("preferences/language", preferences.language, name="set_language_here"),
    path("preferences/theme", preferences.theme, name="set_theme"),
    path("views/save", saved.view_save, name="view_save"),
    path("views/<uuid:pk>/delete", saved.view_delete, name="view_delete"),
    path("health/live", health.live, name="health_live"),
    path("health/ready", health.ready, name="health_ready"),
]
