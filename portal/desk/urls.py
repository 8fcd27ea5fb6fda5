"""Home and the administrator's pages."""

from django.urls import path

from portal.desk import calendar
from portal.desk.views import home, keys, people, search, units

urlpatterns = [
    path("", home.Home.as_view(), name="home"),
    path("search/", search.Search.as_view(), name="search"),
    path("calendar/<str:token>.ics", calendar.feed, name="calendar_feed"),
    path("people/", people.PersonList.as_view(), name="person_list"),
    path("people/add/", people.PersonAdd.as_view(), name="person_add"),
    path("people/<uuid:pk>/", people.PersonDetail.as_view(), name="person_detail"),
    path("people/<uuid:pk>/roles/", people.RoleGrant.as_view(), name="role_grant"),
    path("people/<uuid:pk>/password-link/", people.PasswordLink.as_view(), name="person_password_link"),
    path("roles/<uuid:pk>/end/", people.RoleEnd.as_view(), name="role_end"),
    path("units/", units.UnitList.as_view(), name="unit_list"),
    path("units/add/", units.UnitAdd.as_view(), name="unit_add"),
    path("units/<uuid:pk>/", units.UnitChange.as_view(), name="unit_change"),
    path("keys/", keys.ApiKeyList.as_view(), name="api_key_list"),
    path("keys/add/", keys.ApiKeyAdd.as_view(), name="api_key_add"),
    path("keys/<uuid:pk>/revoke/", keys.ApiKeyRevoke.as_view(), name="api_key_revoke"),
]
