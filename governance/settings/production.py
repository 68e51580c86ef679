"""Hardening for machines that others can reach. Secrets have no defaults here."""

from governance import logs
from governance.settings.base import *  # noqa: F403  (settings are layered by design)
from governance.settings.base import LOG_LEVEL, env

DEBUG = False
SECRET_KEY = env.str("SECRET_KEY")
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS")
SECURE_SSL_REDIRECT = env.bool("SECURE_SSL_REDIRECT", default=True)
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SECURE_HSTS_SECONDS = env.int("SECURE_HSTS_SECONDS", default=31_536_000)
SECURE_HSTS_INCLUDE_SUBDOMAINS = True
SECURE_HSTS_PRELOAD = True
SESSION_IDLE_SECONDS = env.int("SESSION_IDLE_SECONDS", default=30 * 60)
# One proxy of our own stands before it; log and throttle believe the same address.
TRUSTED_PROXY_COUNT = ALLAUTH_TRUSTED_PROXY_COUNT = env.int("TRUSTED_PROXY_COUNT", default=1)
# Those who approve, oversee, or make accounts.
MFA_REQUIRED_ROLES = env.list(
    "MFA_REQUIRED_ROLES",
    default=["cio_office", "ministry_cio", "pmo", "hr", "accounting", "auditor"],
)
# The cookie of messages follows that of the session. A browser takes a name that begins with
# __Host- over HTTPS from this very host alone: no other host of the domain can plant one.
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = LANGUAGE_COOKIE_SECURE = True
SESSION_COOKIE_NAME = "__Host-session"
CSRF_COOKIE_NAME = "__Host-csrftoken"
LANGUAGE_COOKIE_NAME = "__Host-language"
WHITENOISE_USE_FINDERS = False
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}
LOGGING = logs.settings_for(as_json=env.bool("LOG_AS_JSON", default=True), level=LOG_LEVEL)
if not env.str("EMAIL_URL", default=""):
    # Nothing is mailed then; printed to the console, mails would end up in the log.
    EMAIL_BACKEND = "django.core.mail.backends.dummy.EmailBackend"
