"""Addresses of assessments."""

from django.urls import path

from governance.assessments.views import acts, pages, sections

urlpatterns = [
    path("assessments/", pages.AssessmentList.as_view(), name="assessment_list"),
    path("assessments/questionnaires/", pages.QuestionnairePage.as_view(), name="questionnaires"),
    path("systems/<slug:slug>/assessments/", pages.SystemAssessments.as_view(), name="system_assessments"),
    path(
        "systems/<slug:slug>/assessments/<slug:kind>/",
        pages.AssessmentStart.as_view(),
        name="assessment_start",
    ),
    path("assessments/<uuid:pk>/", pages.AssessmentDetail.as_view(), name="assessment_detail"),
    path("assessments/<uuid:pk>/print/", pages.AssessmentPrint.as_view(), name="assessment_print"),
    path("assessments/<uuid:pk>/json/", pages.AssessmentExport.as_view(), name="assessment_export"),
    path(
        "assessments/<uuid:pk>/differences/",
        pages.AssessmentDifferences.as_view(),
        name="assessment_differences",
    ),
    path("assessments/<uuid:pk>/submit/", acts.AssessmentSubmit.as_view(), name="assessment_submit"),
    path("assessments/<uuid:pk>/return/", acts.AssessmentReturn.as_view(), name="assessment_return"),
    path("assessments/<uuid:pk>/not-owed/", acts.AssessmentNotOwed.as_view(), name="assessment_not_owed"),
    path("assessments/<uuid:pk>/owed/", acts.AssessmentOwed.as_view(), name="assessment_owed"),
    path("assessments/<uuid:pk>/comments/", acts.CommentAdd.as_view(), name="assessment_comment"),
    path("assessments/<uuid:pk>/files/", acts.AttachmentAdd.as_view(), name="attachment_add"),
    path(
        "assessments/<uuid:pk>/take-over/<slug:question>/",
        sections.TakeOver.as_view(),
        name="assessment_take_over",
    ),
    path(
        "assessments/<uuid:pk>/sections/<slug:section>/",
        sections.SectionPage.as_view(),
        name="assessment_section",
    ),
    path("assessment-threads/<uuid:pk>/resolve/", acts.ThreadResolve.as_view(), name="thread_resolve"),
    path("attachments/<uuid:pk>/", acts.AttachmentDownload.as_view(), name="attachment_download"),
    path("attachments/<uuid:pk>/remove/", acts.AttachmentRemove.as_view(), name="attachment_remove"),
]
