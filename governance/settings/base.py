"""Settings of the embedded default: one machine, SQLite, tasks in-process.

Everything that differs between machines is read from the environment (or from
a file `.env` beside manage.py); `production` hardens this, `test` speeds it up.
"""

import importlib.util
from pathlib import Path

import environ
from celery.schedules import crontab
from csp.constants import NONE, SELF
from django.utils.translation import gettext_lazy as _

BASE_DIR = Path(__file__).resolve().parent.parent.parent
env = environ.Env()
env.read_env(BASE_DIR / ".env", overwrite=False)

DEBUG = env.bool("DEBUG", default=False)
# Good enough for a demonstration on one's own machine; production has no default.
SECRET_KEY = env.str("SECRET_KEY", default="demonstration-only-key-not-for-production-use")
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["127.0.0.1", "localhost", "[::1]"])
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[])

INSTALLED_APPS = [
    "whitenoise.runserver_nostatic",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "csp",
    "django_filters",
    "django_htmx",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "governance",
    "projects",
    "reports",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "governance.web.headers.isolate",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "governance.web.headers.keep_nothing",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.auth.middleware.LoginRequiredMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
]

ROOT_URLCONF = "governance.urls"
WSGI_APPLICATION = "governance.wsgi.application"
ASGI_APPLICATION = "governance.asgi.application"

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
                "governance.context.site",
            ],
        },
    },
]

# SQLite: writers queue at BEGIN instead of failing half-way, and readers never wait (WAL).
DATABASES = {"default": env.db_url("DATABASE_URL", default=f"sqlite:///{BASE_DIR / 'db.sqlite3'}")}
if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
    DATABASES["default"]["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;"
        " PRAGMA temp_store=MEMORY; PRAGMA cache_size=-65536;",
    }
else:
    DATABASES["default"]["CONN_MAX_AGE"] = env.int("CONN_MAX_AGE", default=60)
    DATABASES["default"]["CONN_HEALTH_CHECKS"] = True

AUTH_USER_MODEL = "governance.User"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 12},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "home"
LOGOUT_REDIRECT_URL = "login"

LANGUAGE_CODE = "ja"
LANGUAGES = [("ja", _("Japanese")), ("en", _("English"))]
LOCALE_PATHS = [BASE_DIR / "locale"]
TIME_ZONE = env.str("TIME_ZONE", default="Asia/Tokyo")
USE_TZ = True

STATIC_URL = "static/"
STATIC_ROOT = env.path("STATIC_ROOT", default=str(BASE_DIR / "staticfiles"))


def _package_data(package: str) -> Path:
    """The folder `package_data` of an installed package, found without importing it."""
    spec = importlib.util.find_spec(package)
    if spec is None or spec.origin is None:
        message = f"The package {package} is not installed: run make install."
        raise RuntimeError(message)
    return Path(spec.origin).parent / "package_data"


STATICFILES_DIRS = [
    BASE_DIR / "static",
    # plotly.min.js comes from the wheel: one version, no vendored copy, no CDN.
    ("vendor/plotly", _package_data("plotly")),
]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
WHITENOISE_ALLOW_ALL_ORIGINS = False
WHITENOISE_USE_FINDERS = env.bool("WHITENOISE_USE_FINDERS", default=True)

# No script reads a cookie: pages carry the CSRF token themselves.
SESSION_COOKIE_HTTPONLY = CSRF_COOKIE_HTTPONLY = LANGUAGE_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = LANGUAGE_COOKIE_SAMESITE = "Lax"
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "form-action": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
    }
}

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["governance.api.authentication.SessionAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["governance.api.permissions.DenyUnlessGranted"],
    "DEFAULT_THROTTLE_CLASSES": ["governance.api.throttling.PersonThrottle"],
    "DEFAULT_RENDERER_CLASSES": ["governance.api.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["governance.api.parsers.JSONParser"],
    "DEFAULT_SCHEMA_CLASS": "governance.api.schema.ApiSchema",
    "DEFAULT_METADATA_CLASS": None,
    "NON_FIELD_ERRORS_KEY": "__all__",
    "URL_FORMAT_OVERRIDE": None,
    "DEFAULT_PAGINATION_CLASS": "governance.api.pagination.PagePagination",
    "EXCEPTION_HANDLER": "governance.api.exceptions.handler",
    "PAGE_SIZE": 100,
    "UNAUTHENTICATED_USER": "django.contrib.auth.models.AnonymousUser",
}
SPECTACULAR_SETTINGS = {
    "TITLE": _("IT Investment Governance Dashboard"),
    "DESCRIPTION": _(
        "The register as JSON. Yen are integers, decimals are text, an unknown figure is null and"
        " its state tells why. Records refer to each other by key. A write names the version it"
        " is based on; every error has one shape."
    ),
    "VERSION": "1",
    "OAS_VERSION": "3.1.1",
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "SERVE_INCLUDE_SCHEMA": False,
    # Fields and their choices are described by projects.api.schema itself.
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enum_id_removal",
        "projects.api.schema.describe_tags",
    ],
    "COMPONENT_SPLIT_PATCH": False,
    "ENFORCE_NON_BLANK_FIELDS": False,
}

# Counts the limits below, for all processes together where they share it (rediscache://…).
CACHES = {"default": env.cache_url("CACHE_URL", default="locmemcache://")}
# How often one person may pass a costly door: number/s, m, h or d. Generous for people; a
# program that copies a whole ministry by the API stays below them too.
LIMITS = {
    "upload": env.str("LIMIT_UPLOADS", default="20/h"),
    "export": env.str("LIMIT_EXPORTS", default="60/h"),
    "search": env.str("LIMIT_SEARCHES", default="60/m"),
    "explain": env.str("LIMIT_EXPLAIN", default="120/m"),
    "api_write": env.str("LIMIT_API_WRITES", default="300/m"),
}
# A file of more rows is made in the background, and kept for its owner for some days.
EXPORT_JOB_ROWS = env.int("EXPORT_JOB_ROWS", default=5_000)
EXPORT_DAYS = env.int("EXPORT_DAYS", default=7)

BROKER_URL = env.str("BROKER_URL", default="")
CELERY_BROKER_URL = BROKER_URL or "memory://"
CELERY_TASK_ALWAYS_EAGER = not BROKER_URL
# Without a broker a large file is read and written in a thread, so that its page can show how far
# it is; a process that dies leaves nothing half-written, and the next look takes it up.
LARGE_FILES_IN_THREADS = not BROKER_URL
CELERY_TASK_EAGER_PROPAGATES = True
CELERY_TASK_ACKS_LATE = True
CELERY_TIMEZONE = TIME_ZONE
# Reports and reviews fall due overnight; without a beat process `manage.py recompute` does it.
CELERY_BEAT_SCHEDULE = {
    "judge-daily": {
        "task": "projects.tasks.judge_daily",
        "schedule": crontab(hour=0, minute=30),
    },
    "remind": {"task": "projects.tasks.remind", "schedule": crontab(minute=5)},
    "send-mail": {"task": "projects.tasks.send_mail", "schedule": crontab(minute="*/10")},
    "resume-imports": {"task": "projects.tasks.resume_imports", "schedule": 60.0},
    "resume-exports": {"task": "reports.tasks.resume_exports", "schedule": 60.0},
}

# smtp+tls://user:password@host:587; without it mails are written to the log of the process.
vars().update(env.email_url("EMAIL_URL", default="consolemail://"))
DEFAULT_FROM_EMAIL = env.str("DEFAULT_FROM_EMAIL", default="governance@localhost")
# Stands before the addresses in mails, e.g. https://governance.example.go.jp
SITE_URL = env.str("SITE_URL", default="").rstrip("/")

# Shown on every page where set, so that nobody takes a trial for the truth.
SITE_NOTICE = env.str("SITE_NOTICE", default="")
