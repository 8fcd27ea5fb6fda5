"""Addresses of evidence and ledger pages."""

from django.urls import path

from governance.evidence import ledger_views, views

urlpatterns = [
    path("evidence/", views.PackList.as_view(), name="pack_list"),
    path("evidence/new", views.PackNew.as_view(), name="pack_new"),
    path("evidence/how-to-verify", views.HowToVerify.as_view(), name="how_to_verify"),
    path("evidence/verify.py", views.Verifier.as_view(), name="verifier"),
    path("evidence/<uuid:pk>/", views.PackDetail.as_view(), name="pack_detail"),
    path("evidence/<uuid:pk>/progress", views.PackProgress.as_view(), name="pack_progress"),
    path("evidence/<uuid:pk>/download", views.PackDownload.as_view(), name="pack_download"),
    path("ledger/", ledger_views.LedgerList.as_view(), name="ledger_list"),
    path("ledger/checkpoint", ledger_views.CheckpointDownload.as_view(), name="ledger_checkpoint"),
    path("ledger/<int:index>/", ledger_views.LeafDetail.as_view(), name="ledger_leaf"),
    path("ledger/<int:index>/proof", ledger_views.LeafProof.as_view(), name="ledger_proof"),
]
