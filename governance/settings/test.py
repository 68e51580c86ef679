"""The base settings, made fast and quiet for tests."""

from governance.settings.base import *  # noqa: F403  (settings are layered by design)

DEBUG = False
SECRET_KEY = "only-for-tests"  # noqa: S105  (no secret: tests only)
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
CELERY_TASK_ALWAYS_EAGER = True
LARGE_FILES_IN_THREADS = False
# Nothing is collected for tests; this looks files up where they stand instead of warning.
WHITENOISE_AUTOREFRESH = True
# Tests that look at the log ask for their own; all the others are quiet.
LOGGING = {}
# Tests ask for more in a second than a person does in an hour; the limits have tests of their own.
LIMITS = {}
