"""Addresses of assessments below /api/v1/."""

from django.urls import path

from governance.assessments import api

urlpatterns = [
    path("assessments", api.Assessments.as_view(), name="api_assessments"),
    path("systems/<slug:slug>/assessments", api.SystemAssessments.as_view(), name="api_system_assessments"),
    path("assessments/<uuid:pk>", api.AssessmentOne.as_view(), name="api_assessment"),
    path("assessments/<uuid:pk>/answers", api.AssessmentAnswers.as_view(), name="api_assessment_answers"),
    path("assessments/<uuid:pk>/submit", api.AssessmentSubmission.as_view(), name="api_assessment_submit"),
    path("assessments/<uuid:pk>/not-owed", api.AssessmentNotOwed.as_view(), name="api_assessment_not_owed"),
    path("assessments/<uuid:pk>/return", api.AssessmentReturn.as_view(), name="api_assessment_return"),
    path("assessments/<uuid:pk>/comments", api.AssessmentComments.as_view(), name="api_assessment_comments"),
    path(
        "assessments/<uuid:pk>/attachments", api.AssessmentFiles.as_view(), name="api_assessment_attachments"
    ),
    path("assessment-threads/<uuid:pk>/resolve", api.ThreadResolution.as_view(), name="api_thread_resolve"),
    path("attachments/<uuid:pk>", api.AttachmentOne.as_view(), name="api_attachment"),
]
