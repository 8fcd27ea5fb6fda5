"""Addresses of the inbox. The calendar itself is drawn by the desk, which knows what is due."""

from django.urls import path

from portal.notify import views

urlpatterns = [
    path("inbox/", views.Inbox.as_view(), name="inbox"),
    path("inbox/read/", views.InboxRead.as_view(), name="inbox_read"),
    path("calendar/", views.CalendarAddress.as_view(), name="calendar_address"),
]
