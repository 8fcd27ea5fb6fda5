"""Addresses of the public register, the personal page, and the pages of those who answer."""

from django.urls import path

from governance.transparency.views import linking, personal, public, publishing, staff

urlpatterns = [
    path("public/", public.Register.as_view(), name="public_register"),
    path("public/register.json", public.RegisterJson.as_view(), name="public_register_json"),
    path("public/<slug:slug>/", public.SystemPage.as_view(), name="public_system"),
    path("public/<slug:slug>.json", public.SystemJson.as_view(), name="public_system_json"),
    path("my/<str:token>/", personal.Home.as_view(), name="my_page"),
    path("my/<str:token>/<int:number>/say/", personal.Say.as_view(), name="my_say"),
    path("my/<str:token>/<int:number>/done/", personal.Done.as_view(), name="my_done"),
    path("my/<str:token>/<int:number>/readings/", personal.Readings.as_view(), name="my_readings"),
    path("my/<str:token>/<int:number>/contest/<str:ref>/", personal.Contest.as_view(), name="my_contest"),
    path("my/<str:token>/<int:number>/ask/<slug:kind>/", personal.Ask.as_view(), name="my_ask"),
    path(
        "my/<str:token>/requests/<uuid:pk>/withdraw/", personal.TakeBack.as_view(), name="my_request_withdraw"
    ),
    path("my/<str:token>/notices/<uuid:pk>/", personal.NoticeText.as_view(), name="my_notice"),
    path("my/<str:token>/copies/<uuid:pk>/", personal.Copy.as_view(), name="my_copy"),
    path("person-requests/", staff.RequestList.as_view(), name="person_request_list"),
    path("person-requests/<uuid:pk>/", staff.RequestDetail.as_view(), name="person_request_detail"),
    path("person-requests/<uuid:pk>/start/", staff.RequestStart.as_view(), name="person_request_start"),
    path(
        "person-requests/<uuid:pk>/carry-out/",
        staff.RequestCarryOut.as_view(),
        name="person_request_carry_out",
    ),
    path("person-requests/<uuid:pk>/answer/", staff.RequestAnswer.as_view(), name="person_request_answer"),
    path("person-requests/<uuid:pk>/refuse/", staff.RequestRefuse.as_view(), name="person_request_refuse"),
    path("person-requests/<uuid:pk>/extend/", staff.RequestExtend.as_view(), name="person_request_extend"),
    path("personal-links/", linking.LinkList.as_view(), name="personal_link_list"),
    path("personal-links/new/", linking.LinkAdd.as_view(), name="personal_link_add"),
    path("personal-links/<uuid:pk>/revoke/", linking.LinkRevoke.as_view(), name="personal_link_revoke"),
    path("legal-holds/", linking.HoldList.as_view(), name="legal_hold_list"),
    path("legal-holds/new/", linking.HoldAdd.as_view(), name="legal_hold_add"),
    path("legal-holds/<uuid:pk>/release/", linking.HoldRelease.as_view(), name="legal_hold_release"),
    path("publications/", publishing.PublicationList.as_view(), name="publication_list"),
    path("systems/<slug:slug>/publication/", publishing.Publish.as_view(), name="publication_edit"),
    path("systems/<slug:slug>/publication/end/", publishing.TakeAway.as_view(), name="publication_end"),
]
