"""Django settings: one file, values from huntaze.env, no question about which environment this is."""

from datetime import timedelta

from csp.constants import NONCE, NONE, SELF
from django.utils.translation import gettext_lazy as _

from huntaze import env

BASE_DIR = env.BASE_DIR
VERSION = "0.1.0"
ENVIRONMENT_NAME = env.text("ENVIRONMENT_NAME", "local")

# --- secrets and switches
SECRET_KEY = env.secret("SECRET_KEY")
JWT_SIGNING_KEYS = [env.secret("JWT_SIGNING_KEY"), *env.words("JWT_PREVIOUS_KEYS")]
REFRESH_KEY = env.secret("REFRESH_KEY").encode()
BLIND_INDEX_KEY = env.secret("BLIND_INDEX_KEY").encode()
CRYPTO_KEKS = env.wrapping_keys("CRYPTO_KEKS")
OPS_TOKEN = env.text("OPS_TOKEN", "")
DEBUG = env.flag("DEBUG")
DEMO = env.flag("DEMO")
BASE_URL = env.text("BASE_URL", "http://127.0.0.1:8000")
ALLOWED_HOSTS = env.words("ALLOWED_HOSTS")
CSRF_TRUSTED_ORIGINS = env.words("CSRF_TRUSTED_ORIGINS", BASE_URL)
TRUSTED_PROXY_COUNT = env.number("TRUSTED_PROXY_COUNT", 0)
COUNTRY_HEADER = env.text("COUNTRY_HEADER", "")
METRICS_ALLOWED_NETS = env.words("METRICS_ALLOWED_NETS", "127.0.0.0/8,::1/128")

# --- composition
INSTALLED_APPS = [
    "messaging.apps.MessagingConfig",
    "billing.apps.BillingConfig",
    "accounts.apps.AccountsConfig",
    "huntaze.apps.HuntazeConfig",
    "huntaze.apps.HuntazeAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.postgres",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django.forms",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "django_prometheus",
    "djstripe",
    "csp",
]
MIDDLEWARE = [
    "huntaze.kernel.middleware.RequestContextMiddleware",
    "huntaze.kernel.headers.HeadersMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "huntaze.kernel.doors.DoorMiddleware",
    "accounts.middleware.ExposedKeyMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "accounts.middleware.MemberMiddleware",
    "accounts.impersonation.ImpersonationMiddleware",
    "accounts.staff_mode.StaffModeMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
ROOT_URLCONF = "huntaze.urls"
WSGI_APPLICATION = "huntaze.wsgi.application"
APPEND_SLASH = False
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
                "huntaze.context_processors.house",
            ],
        },
    }
]
FORM_RENDERER = "django.forms.renderers.TemplatesSetting"  # a widget's template may be one of ours
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
WORKSPACE_MODEL = "accounts.Workspace"

# --- event streams of browsers. Behind a proxy /events leads to their process; without one, on one machine, pages on
# loopback find it at a port of its own.
EVENTS_LOOPBACK_PORT = env.number("EVENTS_LOOPBACK_PORT", 0)
EVENTS_ORIGINS = CSRF_TRUSTED_ORIGINS if EVENTS_LOOPBACK_PORT else []
_events = [f"http://{host}:{EVENTS_LOOPBACK_PORT}" for host in ("127.0.0.1", "localhost")]

# --- stores
DATABASES = {
    "default": {
        **env.database("DATABASE_URL", "huntaze.kernel.postgresql"),
        "CONN_MAX_AGE": 60,
        "CONN_HEALTH_CHECKS": True,
    }
}
DATABASES["default"].setdefault("OPTIONS", {})
DATABASES["default"]["OPTIONS"] |= {
    "connect_timeout": 5,
    "keepalives_idle": 30,
    "tcp_user_timeout": 10_000,
    "prepare_threshold": 5,  # for the send engine's own cursors; the ORM's bind on the client and prepare nothing
    "options": "-c statement_timeout=10000 -c idle_in_transaction_session_timeout=15000 -c jit=off",
}
DATABASE_APP_ROLE = env.text("DATABASE_APP_ROLE", "")
REDIS_URL = env.text("REDIS_URL")
CACHES = {"default": {"BACKEND": "huntaze.kernel.redis.TolerantRedisCache", "LOCATION": REDIS_URL}}
SESSION_ENGINE = "accounts.sessions"

# --- people
AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["django.contrib.auth.backends.ModelBackend"]
PASSWORD_HASHERS = [
    env.text("PASSWORD_HASHER", "django.contrib.auth.hashers.Argon2PasswordHasher"),
    "accounts.hashers.ImportedHasher",
]
AUTH_PASSWORD_VALIDATORS = [{"NAME": "accounts.services.passwords.HouseValidator"}]
CSRF_FAILURE_VIEW = "huntaze.errors.csrf_failure"
LOGIN_URL = "/signin"
LOGIN_REDIRECT_URL = "/"
STEP_UP_URL = "/confirm"
VERIFY_URL = "/verify-email"
SECURITY_URL = "/settings/security"
BILLING_URL = "/billing"

TERMS_VERSION = env.text("TERMS_VERSION", "2026-11")
TERMS_URL = env.text("TERMS_URL", "")
PRIVACY_URL = env.text("PRIVACY_URL", "")
MFA_REQUIRED_ROLES = env.words("MFA_REQUIRED_ROLES", "" if DEMO else "owner,manager")
MFA_REQUIRED_FOR_STAFF = env.flag("MFA_REQUIRED_FOR_STAFF", not DEMO)
PASSWORD_REQUIRE_CLASSES = env.flag("PASSWORD_REQUIRE_CLASSES", True)
TOTP_STRICT = env.flag("TOTP_STRICT")

# --- mail: files in var/mail unless told otherwise
_mail = env.mail("EMAIL_URL", f"filemail:///{BASE_DIR}/var/mail")
EMAIL_BACKEND, EMAIL_FILE_PATH = _mail["EMAIL_BACKEND"], _mail["EMAIL_FILE_PATH"]
EMAIL_HOST, EMAIL_PORT = _mail["EMAIL_HOST"] or "localhost", _mail["EMAIL_PORT"] or 25
EMAIL_HOST_USER, EMAIL_HOST_PASSWORD = _mail["EMAIL_HOST_USER"] or "", _mail["EMAIL_HOST_PASSWORD"] or ""
EMAIL_USE_TLS, EMAIL_USE_SSL = _mail.get("EMAIL_USE_TLS", False), _mail.get("EMAIL_USE_SSL", False)
EMAIL_TIMEOUT = 10
DEFAULT_FROM_EMAIL = env.text("MAIL_FROM", "Huntaze <no-reply@localhost>")

# --- cookies and headers; COOKIE_SECURE is off only where there is no TLS (loopback)
COOKIE_SECURE = env.flag("COOKIE_SECURE", True)
_prefix = "__Host-" if COOKIE_SECURE else ""
SESSION_COOKIE_NAME = f"{_prefix}sessionid"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = COOKIE_SECURE
SESSION_COOKIE_AGE = 12 * 3600
SESSION_SAVE_EVERY_REQUEST = False
CSRF_COOKIE_NAME = f"{_prefix}csrftoken"
REFRESH_COOKIE_NAME = f"{_prefix}refreshToken"
DEVICE_COOKIE_NAME = f"{_prefix}device"
SECURE_HSTS_SECONDS = 31_536_000 if COOKIE_SECURE else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = COOKIE_SECURE
SECURE_SSL_REDIRECT = env.flag("SSL_REDIRECT", COOKIE_SECURE)
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if TRUSTED_PROXY_COUNT else None
SECURE_REDIRECT_EXEMPT = [r"^api/"]  # programs are refused in kernel.doors, not led elsewhere
SECURE_REFERRER_POLICY = "strict-origin-when-cross-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF, NONCE],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF, *(_events if EVENTS_LOOPBACK_PORT else [])],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
        "base-uri": [NONE],
        "object-src": [NONE],
        "manifest-src": [SELF],
        "report-uri": ["/csp-report"],
        "report-to": ["csp"],
    }
}
DATA_UPLOAD_MAX_MEMORY_SIZE = 1_048_576
FILE_UPLOAD_HANDLERS = ["huntaze.kernel.doors.NoFiles"]

# --- language and time
LANGUAGE_CODE = "en"
LANGUAGES = [("en", _("English")), ("fr", _("French"))]
LOCALE_PATHS = [BASE_DIR / "locale"]
TIME_ZONE = "UTC"
USE_TZ = True

# --- static files
STATIC_URL = "/static/"
STATICFILES_DIRS = [BASE_DIR / "static"]
STATIC_ROOT = env.BASE_DIR / env.text("STATIC_ROOT", "var/static")
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": env.text("STATIC_STORAGE", "whitenoise.storage.CompressedManifestStaticFilesStorage")
    },
}

WHITENOISE_KEEP_ONLY_HASHED_FILES = True
WHITENOISE_SKIP_COMPRESS_EXTENSIONS = (
    "jpg", "jpeg", "png", "gif", "webp", "ico", "zip", "gz", "br", "woff", "woff2", "map",
)  # fmt: skip

# --- API
REST_FRAMEWORK = {
    "DEFAULT_RENDERER_CLASSES": ["huntaze.kernel.api.wire.CamelCaseJSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["huntaze.kernel.api.wire.CamelCaseJSONParser"],
    "DEFAULT_AUTHENTICATION_CLASSES": ["accounts.auth.BearerAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["huntaze.kernel.api.permissions.HasCapability"],
    "DEFAULT_THROTTLE_CLASSES": ["huntaze.kernel.api.throttling.PrincipalThrottle"],
    "DEFAULT_SCHEMA_CLASS": "huntaze.kernel.api.schema.DescribedSchema",
    "EXCEPTION_HANDLER": "huntaze.kernel.api.exceptions.handle",
    "COERCE_DECIMAL_TO_STRING": True,
    "UNAUTHENTICATED_USER": None,
}
API_REQUESTS_PER_MINUTE = env.number("API_REQUESTS_PER_MINUTE", 60)
API_KEY_SEEN_SECONDS = (
    3.0  # for so long a process believes what it has read of an API key; a revocation is seen in 5
)
ACCESS_TOKEN_LIFETIME = timedelta(minutes=15)
SPECTACULAR_SETTINGS = {
    "TITLE": "Huntaze API",
    "VERSION": VERSION,
    "DESCRIPTION": "Queue messages within the platform's limits, follow them, and read what came of them.",
    "SERVE_INCLUDE_SCHEMA": False,
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "SERVE_PERMISSIONS": ["rest_framework.permissions.AllowAny"],
    "SERVE_AUTHENTICATION": [],
    "POSTPROCESSING_HOOKS": [
        "huntaze.kernel.api.schema.camelize",
        "huntaze.openapi.plain_views",
        "huntaze.kernel.api.schema.common_errors",
    ],
    "COMPONENT_SPLIT_REQUEST": True,
}

# --- jobs
CELERY_BROKER_URL = env.text("CELERY_BROKER_URL", REDIS_URL)

# --- sending: the platform's limit for one account, as the platform counts it
SEND_LIMIT_COUNT = env.number("SEND_LIMIT_COUNT", 10)
SEND_LIMIT_WINDOW_SECONDS = env.decimal_number("SEND_LIMIT_WINDOW_SECONDS", 60.0)
SEND_TIMEOUT_SECONDS = env.decimal_number("SEND_TIMEOUT_SECONDS", 20.0)
SEND_LEASE_SECONDS = env.decimal_number("SEND_LEASE_SECONDS", 30.0)
SEND_LOOKUP_AFTER_SECONDS = env.decimal_number("SEND_LOOKUP_AFTER_SECONDS", 60.0)
SEND_PUMP_SECONDS = env.decimal_number("SEND_PUMP_SECONDS", 240.0)

# --- billing: how long an unpaid subscription keeps its access
BILLING_GRACE_HOURS = env.number("BILLING_GRACE_HOURS", 72)

# --- how long things are kept, in days: the one place for every period (accounts.services.retention forgets by it)
ERASE_GRACE_DAYS = env.number("ERASE_GRACE_DAYS", 30)
RETENTION = env.periods(
    "RETENTION_DAYS",
    {
        "answers": 25 / 24,  # an hour more than the 24 that an Idempotency-Key is honoured
        "audit": 731,
        "audit_origins": 90,  # the address and browser on rows of the audit log
        "campaign_texts": 731,  # after the campaign's end
        "connections": 30,  # attempts to connect an account, after their end
        "devices": 400,  # since the last visit
        "exports": 1,  # files of an export
        "inbound_events": 30,  # what platforms told us, word for word
        "invitations": 7,  # after they ended
        "mail_files": 30,  # where mails are written as files
        "mails": 30,
        "message_texts": 731,  # a workspace may choose less
        "oauth_states": 1,  # what consent pages bring back, after their end
        "privacy_requests": 1096,  # after their end; the receipt is the proof
        "revocations": 90,  # given up; the account is disconnected here all the same
        "sessions": 7,  # after their end, to tell a replayed token from an unknown one
        "staff_log": 731,
        "staff_runs": 731,  # after their end
        "staff_visits": 731,  # as long as the audit log tells of them
        "webhook_events": 30,  # what endpoints were told, with every attempt
    },
)

# --- platforms
ONLYFANSAPI_BASE_URL = env.text("ONLYFANSAPI_BASE_URL", "https://app.onlyfansapi.com")
ONLYFANSAPI_API_KEY = env.text("ONLYFANSAPI_API_KEY", "")
ONLYFANSAPI_KEEPS_KEYS = env.flag("ONLYFANSAPI_KEEPS_KEYS", True)
ONLYFANSAPI_WEBHOOK_SECRETS = env.words("ONLYFANSAPI_WEBHOOK_SECRETS")
INSTAGRAM_AUTH_URL = env.text("INSTAGRAM_AUTH_URL", "https://www.instagram.com")
INSTAGRAM_API_URL = env.text("INSTAGRAM_API_URL", "https://api.instagram.com")
INSTAGRAM_GRAPH_URL = env.text("INSTAGRAM_GRAPH_URL", "https://graph.instagram.com")
INSTAGRAM_GRAPH_VERSION = env.text("INSTAGRAM_GRAPH_VERSION", "v25.0")
INSTAGRAM_APP_ID = env.text("INSTAGRAM_APP_ID", "")
INSTAGRAM_APP_SECRET = env.text("INSTAGRAM_APP_SECRET", "")
TIKTOK_AUTH_URL = env.text("TIKTOK_AUTH_URL", "https://www.tiktok.com")
TIKTOK_API_URL = env.text("TIKTOK_API_URL", "https://open.tiktokapis.com")
TIKTOK_CLIENT_KEY = env.text("TIKTOK_CLIENT_KEY", "")
TIKTOK_CLIENT_SECRET = env.text("TIKTOK_CLIENT_SECRET", "")
WHATSAPP_AUTH_URL = env.text("WHATSAPP_AUTH_URL", "https://www.facebook.com")
WHATSAPP_GRAPH_URL = env.text("WHATSAPP_GRAPH_URL", "https://graph.facebook.com")
WHATSAPP_GRAPH_VERSION = env.text("WHATSAPP_GRAPH_VERSION", "v25.0")
WHATSAPP_APP_ID = env.text("WHATSAPP_APP_ID", "")
WHATSAPP_APP_SECRET = env.text("WHATSAPP_APP_SECRET", "")
WHATSAPP_CONFIG_ID = env.text("WHATSAPP_CONFIG_ID", "")

# --- billing: Stripe carries our own fee only; without a key there is nothing to buy
STRIPE_SECRET_KEY = env.text("STRIPE_SECRET_KEY", "")
STRIPE_LIVE_MODE = STRIPE_SECRET_KEY.split("_")[1:2] == ["live"]
STRIPE_WEBHOOK_SECRETS = env.words("STRIPE_WEBHOOK_SECRETS")
STRIPE_API_BASE = env.text("STRIPE_API_BASE", "https://api.stripe.com")
#: The version that our code and the mirror were read against; the webhook's endpoint is made with the same.
STRIPE_API_VERSION = "2026-08-26.dahlia"
#: dj-stripe's copies of Stripe's objects, for staff; nothing is decided on them.
STRIPE_MIRROR = env.flag("STRIPE_MIRROR", True)
STRIPE_AUTOMATIC_TAX = env.flag("STRIPE_AUTOMATIC_TAX")
STRIPE_PACK_PRICES = {
    "25k": env.text("STRIPE_PRICE_MSGPACK_25K", ""),
    "100k": env.text("STRIPE_PRICE_MSGPACK_100K", ""),
    "500k": env.text("STRIPE_PRICE_MSGPACK_500K", ""),
}
if STRIPE_API_BASE != "https://api.stripe.com":
    STRIPE_API_HOST = STRIPE_API_BASE
DJSTRIPE_FOREIGN_KEY_TO_FIELD = "id"
DJSTRIPE_SUBSCRIBER_MODEL = "accounts.Workspace"
DJSTRIPE_SUBSCRIBER_MODEL_MIGRATION_DEPENDENCY = "0001_initial"
#: dj-stripe's own migrations take a minute of CPU; this is their result, made by makemigrations.
MIGRATION_MODULES = {"djstripe": "billing.djstripe_migrations"}
SILENCED_SYSTEM_CHECKS = ["djstripe.I006", *(["djstripe.W002"] if DEMO else [])]

# --- logs
LOGGING_CONFIG = "huntaze.kernel.logs.configure_django"
LOG_LEVEL = env.text("LOG_LEVEL", "INFO")
LOGGING = {"level": LOG_LEVEL}
