"""One settings file; the environment makes the differences.

Every variable read here is documented in docs/settings.md, with its default.
"""

from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import environ
from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured
from django.utils.translation import gettext_lazy as _

from portal.api_settings import REST_FRAMEWORK, SPECTACULAR_SETTINGS  # noqa: F401 - Django reads them here
from portal.embedded import addresses
from portal.ledger import notes
from portal.notify import reach

BASE_DIR = Path(__file__).resolve().parent.parent
env = environ.Env()


def flag(name: str, default: bool) -> bool:
    """A yes or no from the environment; a misspelt one is refused, not taken for 'no'."""
    value = env.str(name, default="").strip().lower()
    if value in {"1", "true", "yes", "on"}:
        return True
    if value in {"0", "false", "no", "off"}:
        return False
    if value:
        raise ImproperlyConfigured(f"{name} is '{value}': write 1 or 0.")
    return default


def number(name: str, default: int, least: int) -> int:
    """A whole number from the environment, at least `least`."""
    value = env.str(name, default="").strip() or str(default)
    if not value.isascii() or not value.isdigit() or int(value) < least:
        raise ImproperlyConfigured(f"{name} is '{value}': give a whole number of at least {least}.")
    return int(value)


# --- where it runs -------------------------------------------------------------------------
DEBUG = flag("ATTUNE_DEBUG", default=False)
DATA_DIR = addresses.data_dir()  # ATTUNE_DATA
PRODUCTION = flag("ATTUNE_PRODUCTION", default=False)
if PRODUCTION and DEBUG:
    raise ImproperlyConfigured(
        "ATTUNE_DEBUG shows the inside to visitors: not together with ATTUNE_PRODUCTION."
    )
ALLOWED_HOSTS = env.list(
    "ATTUNE_HOSTS", default=[] if PRODUCTION else ["localhost", "127.0.0.1", "[::1]", "testserver"]
)
if PRODUCTION and not ALLOWED_HOSTS:
    raise ImproperlyConfigured("ATTUNE_HOSTS is empty: name the host names people use, divided by commas.")
CSRF_TRUSTED_ORIGINS = env.list("ATTUNE_ORIGINS", default=[])
BASE_URL = env.str("ATTUNE_BASE_URL", default=f"http://127.0.0.1:{number('PORT', 8000, least=1)}")

# --- secrets: from the environment, or (outside production) from a file made at first start ---
SECRET_KEY = addresses.secret(env.str("ATTUNE_SECRET_KEY", default=""), "secret_key", DATA_DIR, PRODUCTION)
PSEUDONYM_KEY = addresses.secret(
    env.str("ATTUNE_PSEUDONYM_KEY", default=""), "pseudonym_key", DATA_DIR, PRODUCTION
)
# keys added since, oldest first: each is wrapped around the pseudonyms by `manage.py rotate_pseudonym_key`
PSEUDONYM_KEYS = env.list("ATTUNE_PSEUDONYM_KEYS", default=[])
for _added in PSEUDONYM_KEYS:
    if len(_added) < 32:
        raise ImproperlyConfigured("ATTUNE_PSEUDONYM_KEYS: give each key at least 32 random characters.")
# tombstones of erased ids, and the list of erasures; never rotated
ERASURE_KEY = addresses.secret(env.str("ATTUNE_ERASURE_KEY", default=""), "erasure_key", DATA_DIR, PRODUCTION)
# the ledger's signing key and last checkpoint lie outside the database
LEDGER_KEY_FILE = Path(env.str("ATTUNE_LEDGER_KEY_FILE", default=str(DATA_DIR / "keys" / "ledger.pem")))
LEDGER_CHECKPOINT_FILE = Path(
    env.str("ATTUNE_LEDGER_CHECKPOINT_FILE", default=str(DATA_DIR / "keys" / "last-checkpoint"))
)
LEDGER_ORIGIN = env.str("ATTUNE_LEDGER_ORIGIN", default="attune.local/ledger")

# whose signatures under sets of legal rules count: verifier keys (name+id+key), as `manage.py sign_law` prints them
LAW_KEYS = env.list("ATTUNE_LAW_KEYS", default=[])
for _key in LAW_KEYS:
    try:
        notes.read_verifier_key(_key)
    except notes.BadNote as error:
        raise ImproperlyConfigured(f"ATTUNE_LAW_KEYS: '{_key[:40]}' is {error}.") from error

# --- services: addresses from the environment, else the embedded ones -----------------------
EMBEDDED_DATABASE = not env.str("DATABASE_URL", default="")
EMBEDDED_BROKER = not env.str("CELERY_BROKER_URL", default="")
if PRODUCTION and (EMBEDDED_DATABASE or EMBEDDED_BROKER or not env.str("CACHE_URL", default="")):
    raise ImproperlyConfigured(
        "DATABASE_URL, CELERY_BROKER_URL and CACHE_URL must be set in production: the embedded servers are for one "
        "machine and for trying out."
    )
_runtime_url = env.str("DATABASE_URL", default="") or addresses.database_url(DATA_DIR, "attune_app")
_owner_url = env.str("DATABASE_OWNER_URL", default="") or (
    addresses.database_url(DATA_DIR, "attune_owner") if EMBEDDED_DATABASE else _runtime_url
)
_ledger_url = env.str("LEDGER_DATABASE_URL", default="") or (
    addresses.database_url(DATA_DIR, "attune_ledger") if EMBEDDED_DATABASE else _runtime_url
)


def _database(url: str) -> dict[str, object]:
    parsed: dict[str, object] = addresses.parse_database_url(url)
    parsed["CONN_MAX_AGE"] = 60
    parsed["CONN_HEALTH_CHECKS"] = True
    if flag("ATTUNE_PREPARED_STATEMENTS", default=True):  # see portal.prepared
        parsed["OPTIONS"] = {"prepare_threshold": 2, **parsed.get("OPTIONS", {})}  # type: ignore[dict-item]
    return parsed


DATABASES = {
    "default": _database(_runtime_url),
    "owner": _database(_owner_url),
    "ledger": _database(_ledger_url),
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

CELERY_BROKER_URL = env.str("CELERY_BROKER_URL", default="") or addresses.broker_url(DATA_DIR)
CACHE_URL = env.str("CACHE_URL", default="") or addresses.cache_url(DATA_DIR)
CACHES = {"default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": CACHE_URL}}

# --- the house ------------------------------------------------------------------------------
INSTALLED_APPS = [
    "portal.apps.PortalConfig",
    "governance.apps.GovernanceConfig",
    "metrics.apps.MetricsConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "django.contrib.postgres",
    "django.forms",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "guardian",
    "rest_framework",
    "drf_spectacular",
    "django_filters",
    "django_tables2",
    "django_htmx",
    "crispy_forms",
    "crispy_bootstrap5",
    "csp",
    "lucide",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    # pages repeat themselves: a tenth travels. Secrets in them (CSRF) are masked, and Django pads against BREACH
    "django.middleware.gzip.GZipMiddleware",
    "portal.web.middleware.SecurityHeaders",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "portal.web.middleware.PersonalSettings",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "portal.web.middleware.Refusals",
]
ROOT_URLCONF = "portal.urls"
WSGI_APPLICATION = "portal.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "django.template.context_processors.i18n",
                "portal.web.context.shell",
            ],
            "builtins": ["lucide.templatetags.lucide", "portal.web.templatetags.attune"],
        },
    }
]
FORM_RENDERER = "django.forms.renderers.TemplatesSetting"
CRISPY_ALLOWED_TEMPLATE_PACKS = "bootstrap5"
CRISPY_TEMPLATE_PACK = "bootstrap5"
DJANGO_TABLES2_TEMPLATE = "components/table.html"

# --- people ---------------------------------------------------------------------------------
AUTH_USER_MODEL = "portal.User"
AUTHENTICATION_BACKENDS = [
    "portal.accounts.backends.SignInBackend",
    "portal.access.backends.GrantBackend",
]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 12},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
SILENCED_SYSTEM_CHECKS = ["guardian.W001"]  # it looks for its own backend by name; ours is a subclass
ANONYMOUS_USER_NAME = None  # guardian: no row for people who did not sign in
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*", "password2*"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_EMAIL_VERIFICATION = "none"  # accounts are made by the administrator; there is no open sign-up
ACCOUNT_ADAPTER = "portal.accounts.adapter.AccountAdapter"
ACCOUNT_EMAIL_NOTIFICATIONS = False
ACCOUNT_SESSION_REMEMBER = True  # no box to tick: a session lives SESSION_COOKIE_AGE
ACCOUNT_EMAIL_UNKNOWN_ACCOUNTS = False  # a reset for an unknown address sends no mail
MFA_TOTP_ISSUER = "Attune"
MFA_ADAPTER = "portal.accounts.adapter.SecondFactorAdapter"
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/"
if PRODUCTION and not env.str("EMAIL_URL", default=""):
    raise ImproperlyConfigured(
        "EMAIL_URL is not set: without a mail server password links would end in the log "
        "(smtp+tls://user:password@host:587)."
    )
EMAIL_CONFIG = env.email_url("EMAIL_URL", default="consolemail://")
vars().update(EMAIL_CONFIG)
DEFAULT_FROM_EMAIL = env.str("ATTUNE_FROM_EMAIL", default="attune@localhost")

# --- language and time ----------------------------------------------------------------------
LANGUAGE_CODE = "en-gb"  # not en-us: dates never in US order
LANGUAGES = [("en-gb", _("English")), ("nl", _("Dutch"))]
LOCALE_PATHS = [BASE_DIR / "locale"]
FORMAT_MODULE_PATH = ["portal.web.formats"]
USE_I18N = True
USE_TZ = True
TIME_ZONE = "UTC"
DEFAULT_PERSON_TIME_ZONE = env.str("ATTUNE_TIME_ZONE", default="Europe/Amsterdam")
try:
    ZoneInfo(DEFAULT_PERSON_TIME_ZONE)
except (ZoneInfoNotFoundError, ValueError) as error:
    raise ImproperlyConfigured(
        f"ATTUNE_TIME_ZONE is '{DEFAULT_PERSON_TIME_ZONE}': give a name like Europe/Amsterdam."
    ) from error

# --- files ----------------------------------------------------------------------------------
STATIC_URL = "static/"
STATIC_ROOT = BASE_DIR / "static-root"
STATICFILES_DIRS: list[Path | tuple[str, Path]] = [BASE_DIR / "portal" / "web" / "static"]
if (BASE_DIR / "node_modules" / ".attune").is_dir():  # fetched at set-up
    STATICFILES_DIRS.append(("vendor", BASE_DIR / "node_modules" / ".attune"))
PLAIN_STATIC = DEBUG or flag("ATTUNE_PLAIN_STATIC", default=False)  # without hashed names, for tests
WHITENOISE_AUTOREFRESH = WHITENOISE_USE_FINDERS = PLAIN_STATIC
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if PLAIN_STATIC
        else "whitenoise.storage.CompressedManifestStaticFilesStorage"
    },
}
# outside the web root: served only by views that check permission
MEDIA_ROOT = Path(env.str("ATTUNE_FILES", default=str(DATA_DIR / "files")))
PACKS_DIR = Path(env.str("ATTUNE_PACKS", default=str(DATA_DIR / "packs")))
FILE_UPLOAD_MAX_MEMORY_SIZE = 5 * 1024 * 1024
DATA_UPLOAD_MAX_MEMORY_SIZE = number("ATTUNE_MAX_BODY", 20 * 1024 * 1024, least=100_000)

# --- security -------------------------------------------------------------------------------
HTTPS = flag("ATTUNE_HTTPS", default=PRODUCTION)
SECURE_SSL_REDIRECT = HTTPS
SECURE_REDIRECT_EXEMPT = [r"^health/"]  # probes of the platform come without TLS
SECURE_PROXY_SSL_HEADER = (
    ("HTTP_X_FORWARDED_PROTO", "https") if flag("ATTUNE_BEHIND_PROXY", default=False) else None
)
ALLAUTH_TRUSTED_PROXY_COUNT = 1 if SECURE_PROXY_SSL_HEADER else 0  # whose addresses its rate limits count
SECURE_HSTS_SECONDS = 31_536_000 if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = HTTPS
SECURE_HSTS_PRELOAD = HTTPS
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
SESSION_COOKIE_NAME = "__Host-attune" if HTTPS else "attune"
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_HTTPONLY = True
SESSION_COOKIE_AGE = 12 * 3600
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:", "blob:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
        "base-uri": [NONE],
        "manifest-src": [SELF],
    }
}

# --- jobs (why these values: docs/jobs.md) ----------------------------------------------------
CELERY_TASK_DEFAULT_QUEUE = env.str("ATTUNE_QUEUE", default="attune")
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_TASK_IGNORE_RESULT = True
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TASK_TIME_LIMIT = 900
JOB_LEASE_SECONDS = 960  # longer than the hard limit of a task, shorter than the visibility timeout
VISIBILITY_SECONDS = 1000
_broker = CELERY_BROKER_URL.partition(":")[0]
CELERY_BROKER_TRANSPORT_OPTIONS: dict[str, object]
if _broker in {"redis", "rediss", "redis+socket"}:
    CELERY_BROKER_TRANSPORT_OPTIONS = {
        "visibility_timeout": VISIBILITY_SECONDS,
        "unacked_restore_interval": 5,
        "unacked_restore_throttle": 1,
    }
elif _broker in {"amqp", "amqps"}:
    CELERY_BROKER_TRANSPORT_OPTIONS = {"confirm_publish": True}
    CELERY_TASK_DEFAULT_QUEUE_TYPE = "quorum"
    CELERY_TASK_DEFAULT_EXCHANGE_TYPE = (
        "topic"  # a direct one makes every worker warn about delays we never ask for
    )
    CELERY_WORKER_DETECT_QUORUM_QUEUES = True  # prefetch per consumer: quorum queues refuse it per channel
else:
    raise ImproperlyConfigured(
        f"CELERY_BROKER_URL starts with '{_broker}://': Attune works with redis://, rediss:// (Redis, Valkey) and "
        "amqp://, amqps:// (RabbitMQ); other brokers lost messages."
    )
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_MAX_RETRIES = None  # for ever: a broker that comes back needs no restart of ours
CELERY_WORKER_SOFT_SHUTDOWN_TIMEOUT = 30
# jobs are cancelled through their row; and RabbitMQ would refuse a worker that comes back under its name before the
# control queue of the killed one is let go
CELERY_WORKER_ENABLE_REMOTE_CONTROL = False
CELERY_WORKER_MAX_TASKS_PER_CHILD = 200
CELERY_WORKER_MAX_MEMORY_PER_CHILD = 1_000_000  # KiB; looked at between two tasks
CELERY_WORKER_CANCEL_LONG_RUNNING_TASKS_ON_CONNECTION_LOSS = True
CELERY_BEAT_SCHEDULER = "portal.jobs.beat:Ticker"
CELERY_TIMEZONE = "UTC"

# --- rules of the organisation ----------------------------------------------------------------
PRIVACY_FLOOR = number("ATTUNE_PRIVACY_FLOOR", 10, least=5)  # a group below 5 does not hide a person
CONTROLLER_NAME = env.str(
    "ATTUNE_CONTROLLER_NAME", default=""
)  # who answers for the processing, on consent records
CONTROLLER_ADDRESS = env.str("ATTUNE_CONTROLLER_ADDRESS", default="")
CONTROLLER_CONTACT = env.str("ATTUNE_CONTROLLER_CONTACT", default="")
CONTROLLER_COUNTRY = env.str("ATTUNE_CONTROLLER_COUNTRY", default="").upper()
CONTROLLER_AUTHORITY = env.str("ATTUNE_CONTROLLER_AUTHORITY", default="")
SCORER_URL = env.str("ATTUNE_SCORER_URL", default="")  # the live endpoint of the example organisation

# --- calls to the outside ---------------------------------------------------------------------
try:
    OUTGOING_ALLOW = reach.trusted(env.list("ATTUNE_OUTGOING_ALLOW", default=[]))
except ValueError as error:
    raise ImproperlyConfigured(
        f"ATTUNE_OUTGOING_ALLOW: '{str(error)[:60]}' is no host name, address or network (10.1.0.0/16)."
    ) from error
STOP_MINUTES = number("ATTUNE_STOP_MINUTES", 60, least=1)  # in which a system confirms that it stopped

LOG_LEVEL = env.str("ATTUNE_LOG_LEVEL", default="INFO").upper()
if LOG_LEVEL not in {"DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"}:
    raise ImproperlyConfigured(f"ATTUNE_LOG_LEVEL is '{LOG_LEVEL}': DEBUG, INFO, WARNING, ERROR or CRITICAL.")

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "line": {
            "()": "portal.logs.OneLine",
            "fmt": "{asctime} {levelname} {name} {message}",
            "style": "{",
        }
    },
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": LOG_LEVEL},
}
