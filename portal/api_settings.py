"""Settings of Django REST framework and of the schema that drf-spectacular writes."""

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "portal.accounts.authentication.ApiKeyAuthentication",
        "portal.accounts.authentication.SignedInAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["portal.web.rest.OrjsonRenderer"],
    "DEFAULT_PARSER_CLASSES": ["portal.web.rest.StrictJsonParser"],
    "DEFAULT_SCHEMA_CLASS": "portal.web.openapi.TrueSchema",
    "DEFAULT_PAGINATION_CLASS": None,  # a list says itself how it is paged
    "DEFAULT_METADATA_CLASS": None,  # the schema says it; OPTIONS is 405
    "EXCEPTION_HANDLER": "portal.web.problems.problem",
    "UNAUTHENTICATED_USER": "django.contrib.auth.models.AnonymousUser",
    "DEFAULT_VERSIONING_CLASS": None,
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Attune",
    "DESCRIPTION": "Govern empathic AI: register, report interactions, ask before processing, audit, prove.",
    "VERSION": "1",
    "OAS_VERSION": "3.1.1",  # the shapes of the ingest path are JSON Schema 2020-12
    "SERVE_INCLUDE_SCHEMA": False,
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "ENUM_NAME_OVERRIDES": {
        "WorkStateEnum": "portal.jobs.rules.ANSWERED_STATES",
        "DisciplineEnum": "governance.review.rules.DISCIPLINES",
    },
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "portal.web.apidocs.summarise",
    ],
}
