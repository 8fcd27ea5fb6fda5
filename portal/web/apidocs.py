"""The Swagger page: split into page and script, since an inline script would break the Content-Security-Policy."""

from drf_spectacular.views import SpectacularSwaggerSplitView


class SwaggerPage(SpectacularSwaggerSplitView):
    """The API, to read and try with a key; open to everyone, as it shows no data."""

    template_name = "api/docs.html"  # the package's own page has an inline style
    permission_classes = ()
    authentication_classes = ()
