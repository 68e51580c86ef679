"""Settings of the embedded default: one machine, SQLite, tasks in-process.

Everything that differs between machines is read from the environment (or from
a file `.env` beside manage.py); `production` hardens this, `test` speeds it up.
"""

import importlib.util
import logging
import re
from pathlib import Path

import environ
from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured
from django.utils.translation import gettext_lazy as _

from governance import logs

BASE_DIR = Path(__file__).resolve().parent.parent.parent
env = environ.Env()
env.read_env(BASE_DIR / ".env", overwrite=False)

DEBUG = env.bool("DEBUG", default=False)
# Good enough for a demonstration on one's own machine; production has no default.
SECRET_KEY = env.str("SECRET_KEY", default="demonstration-only-key-not-for-production-use")
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["127.0.0.1", "localhost", "[::1]"])
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[])

INSTALLED_APPS = [
    # Before Django's own: its changepassword leaves no event.
    "governance",
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
    "django_structlog",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "allauth.account",
    "allauth.mfa",
    "allauth.socialaccount",
    "allauth.socialaccount.providers.openid_connect",
    "allauth.usersessions",
    "projects",
    "reports",
]

MIDDLEWARE = [
    # First, so that whatever fails further in has its number and its line in the log.
    "governance.middleware.RequestLog",
    "governance.middleware.HealthFirst",
    "django.middleware.security.SecurityMiddleware",
    "governance.web.headers.isolate",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "governance.web.headers.keep_nothing",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "governance.middleware.RefuseOddCharacters",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "governance.people.middleware.SignInFirst",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "governance.people.middleware.SessionLimits",
    "governance.people.middleware.SecondFactorFirst",
    "governance.people.middleware.ButtonsHavePages",
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
if "ENGINE" not in DATABASES["default"]:
    message = "DATABASE_URL names no database: write postgres://USER:PASSWORD@HOST:5432/NAME."
    raise ImproperlyConfigured(message)
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
if DATABASES["default"]["ENGINE"] == "django.db.backends.postgresql":
    # A database machine that does not answer is told in seconds; /readyz waits no longer either.
    DATABASES["default"]["OPTIONS"] = {
        "connect_timeout": 5,
        **DATABASES["default"].get("OPTIONS", {}),
    }

# Where `manage.py backup` puts its files: another disk or machine than the database's.
BACKUP_DIR = env.path("BACKUP_DIR", default=str(BASE_DIR / "var" / "backups"))

# How many days what is no record of account is kept, where it differs from docs/retention.md:
# RETENTION_DAYS=drafts=30,notices_read=180
RETENTION_DAYS = {name: int(days) for name, days in env.dict("RETENTION_DAYS", default={}).items()}

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
AUTHENTICATION_BACKENDS = ["django.contrib.auth.backends.ModelBackend"]
LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "home"
LOGOUT_REDIRECT_URL = "login"
# A link to set a password works once, and so many seconds.
PASSWORD_RESET_TIMEOUT = env.int("PASSWORD_RESET_TIMEOUT", default=3 * 24 * 3600)

# Sign-in (docs/accounts.md). Accounts are made by offices: nobody signs up.
ACCOUNT_ADAPTER = "governance.people.adapters.AccountAdapter"
ACCOUNT_SIGNUP_ENABLED = False
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_UNIQUE_EMAIL = False
ACCOUNT_AUTHENTICATED_LOGIN_REDIRECTS = False
# Closing the browser signs out.
ACCOUNT_SESSION_REMEMBER = False
ACCOUNT_REAUTHENTICATION_METHODS = ("password", "mfa")
ACCOUNT_REAUTHENTICATION_TIMEOUT = 300
# Wrong passwords are slowed by governance.people.throttle, which locks out nobody but the guesser;
# codes of a second factor are asked for after the right password only.
ACCOUNT_RATE_LIMITS = {"login": None, "login_failed": "5/5m/key"}
# How many proxies before this site add to X-Forwarded-For; 0 believes the connection alone.
ALLAUTH_TRUSTED_PROXY_COUNT = env.int("TRUSTED_PROXY_COUNT", default=0)

MFA_ADAPTER = "governance.people.adapters.MfaAdapter"
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_ALLOW_UNVERIFIED_EMAIL = True
MFA_TOTP_ISSUER = env.str("MFA_TOTP_ISSUER", default="IT Governance")
# A clock half a minute wrong is no reason to keep somebody out.
MFA_TOTP_TOLERANCE = 1
MFA_RECOVERY_CODES_SHOW_ONCE = True
# Who holds one of these roles enrols a second factor before anything else.
MFA_REQUIRED_ROLES = env.list("MFA_REQUIRED_ROLES", default=[])

# Single sign-on by OpenID Connect, where these name a provider.
OIDC_SERVER_URL = env.str("OIDC_SERVER_URL", default="")
OIDC_NAME = env.str("OIDC_NAME", default="OpenID Connect")
# Whether the provider itself asks for a second factor: then none is asked for here.
OIDC_HAS_SECOND_FACTOR = env.bool("OIDC_HAS_SECOND_FACTOR", default=False)
SOCIALACCOUNT_ADAPTER = "governance.people.adapters.SingleSignOnAdapter"
SOCIALACCOUNT_AUTO_SIGNUP = False
SOCIALACCOUNT_STORE_TOKENS = False
SOCIALACCOUNT_LOGIN_ON_GET = True
SOCIALACCOUNT_PROVIDERS = {
    "openid_connect": {
        "OAUTH_PKCE_ENABLED": True,
        "APPS": [
            {
                "provider_id": "oidc",
                "name": OIDC_NAME,
                "client_id": env.str("OIDC_CLIENT_ID", default=""),
                "secret": env.str("OIDC_SECRET", default=""),
                "settings": {"server_url": OIDC_SERVER_URL},
            }
        ]
        if OIDC_SERVER_URL
        else [],
    }
}

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

# A session ends after so many seconds whatever happens, and after so many without a request
# (0: the first limit alone).
SESSION_COOKIE_AGE = env.int("SESSION_SECONDS", default=12 * 3600)
SESSION_IDLE_SECONDS = env.int("SESSION_IDLE_SECONDS", default=0)
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

# How many proxies before this site add to X-Forwarded-For; 0 believes the connection alone.
TRUSTED_PROXY_COUNT = env.int("TRUSTED_PROXY_COUNT", default=0)

# One line an event on stderr: for people here, JSON in production.
LOG_AS_JSON = env.bool("LOG_AS_JSON", default=False)
LOG_LEVEL = env.str("LOG_LEVEL", default="INFO")
logs.configure()
LOGGING = logs.settings_for(as_json=LOG_AS_JSON, level=LOG_LEVEL)
DJANGO_STRUCTLOG_CELERY_ENABLED = True
DJANGO_STRUCTLOG_STATUS_START_LOG_LEVEL = logging.DEBUG

# /readyz refuses below so much free space on any disk that is written to.
DISK_FLOOR_MB = env.int("DISK_FLOOR_MB", default=200)


def _limit(name: str, default: str) -> str:
    """A limit from the environment; what cannot be read stops the start, not the first request."""
    text = str(env.str(name, default=default))
    if not re.fullmatch(r"[1-9][0-9]{0,5}/[smhd]", text):
        told = f"{name}={text!r} cannot be read: write a number a s, m, h or d, such as {default}."
        raise ImproperlyConfigured(told)
    return text


# How often one person may pass a costly door: number/s, m, h or d. Generous for people; a
# program that copies a whole ministry by the API stays below them too.
LIMITS = {
    "upload": _limit("LIMIT_UPLOADS", "20/h"),
    "export": _limit("LIMIT_EXPORTS", "60/h"),
    "search": _limit("LIMIT_SEARCHES", "60/m"),
    "explain": _limit("LIMIT_EXPLAIN", "120/m"),
    "api_write": _limit("LIMIT_API_WRITES", "300/m"),
}
# A file of more rows is made in the background, and kept for its owner for some days.
EXPORT_JOB_ROWS = env.int("EXPORT_JOB_ROWS", default=5_000)

BROKER_URL = env.str("BROKER_URL", default="")
# Counts of wrong passwords and used codes: every process of the site must see the same ones.
CACHES = {
    "default": env.cache_url(
        "CACHE_URL",
        default=BROKER_URL
        if BROKER_URL.startswith(("redis://", "rediss://"))
        else "locmemcache://",
    )
}
CELERY_BROKER_URL = BROKER_URL or "memory://"
CELERY_TASK_ALWAYS_EAGER = not BROKER_URL
# Without a broker a large file is read and written in a thread, so that its page can show how far
# it is; a process that dies leaves nothing half-written, and the next look takes it up.
LARGE_FILES_IN_THREADS = not BROKER_URL
CELERY_TASK_EAGER_PROPAGATES = True
CELERY_TASK_ACKS_LATE = True
# Nobody waits for an answer: what came of a task stands in the database.
CELERY_TASK_IGNORE_RESULT = True
# A request that hands work over waits a moment for the broker and no longer: what is to be done
# stands in the database, and a regular job takes it up.
CELERY_TASK_PUBLISH_RETRY = False
CELERY_BROKER_CONNECTION_TIMEOUT = 3
CELERY_BROKER_TRANSPORT_OPTIONS = {"max_retries": 1, "interval_start": 0, "interval_step": 0.2}
if BROKER_URL.startswith(("redis://", "rediss://")):
    CELERY_BROKER_TRANSPORT_OPTIONS |= {"socket_connect_timeout": 3, "socket_timeout": 5}
CELERY_TIMEZONE = TIME_ZONE
# What the site does by itself, and when; beat only asks every minute what is due.
REGULAR_JOBS = "reports.regular_jobs.JOBS"
CELERY_BEAT_SCHEDULE = {
    "regular-jobs": {
        "task": "governance.tasks.start_due",
        "schedule": 60.0,
        # While no worker listens, asking once is enough.
        "options": {"expires": 60},
    },
}

# The trail answers for the rows of these applications, see docs/audit.md.
AUDIT_APPS = ("governance", "projects", "reports")
# Seconds by which an event may be earlier than one before it: long imports end long after they
# began.
AUDIT_CLOCK_TOLERANCE = env.int("AUDIT_CLOCK_TOLERANCE", default=3600)
# Where the head of the trail is anchored every day: outside of the database, best on a disk or a
# machine that the database's operators cannot write to.
AUDIT_ANCHOR_DIR = env.path("AUDIT_ANCHOR_DIR", default=str(BASE_DIR / "var" / "anchors"))
# The key that signs anchors (PEM). Left out, one is made on first use; a path that is given must
# hold one: `manage.py audit_key --make`.
AUDIT_SIGNING_KEY = env.str("AUDIT_SIGNING_KEY", default="")
# Fingerprints of earlier keys, whose anchors still count (`manage.py audit_key` prints one).
AUDIT_TRUSTED_KEYS = env.list("AUDIT_TRUSTED_KEYS", default=[])
AUDIT_SIGNING_KEY_DEFAULT = BASE_DIR / "var" / "keys" / "audit-signing.pem"

# smtp+tls://user:password@host:587; without it mails are written to the log of the process.
vars().update(env.email_url("EMAIL_URL", default="consolemail://"))
# A mail server that hangs holds up the mails alone, and no longer than this for each.
EMAIL_TIMEOUT = env.int("EMAIL_TIMEOUT", default=15)
# Whether mail reaches anybody: links to set a password are mailed to their holder alone then.
HAS_MAIL = vars()["EMAIL_BACKEND"] != "django.core.mail.backends.console.EmailBackend"
# Domains that give addresses to their own people alone (example.go.jp, each in full): a mail there
# proves its reader. Empty: mail proves nobody to whoever typed the address.
PROVING_MAIL_DOMAINS = env.list("PROVING_MAIL_DOMAINS", default=[])
DEFAULT_FROM_EMAIL = env.str("DEFAULT_FROM_EMAIL", default="governance@localhost")
# Stands before the addresses in mails, e.g. https://governance.example.go.jp
SITE_URL = env.str("SITE_URL", default="").rstrip("/")

# Shown on every page where set, so that nobody takes a trial for the truth.
SITE_NOTICE = env.str("SITE_NOTICE", default="")
