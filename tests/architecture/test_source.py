"""What the product's source may not hold, or only where it is listed with its reason."""

import ast
import re
from pathlib import Path

from django.conf import settings
from django.utils.module_loading import import_string

from huntaze.celery import app as celery_app
from tests.architecture.source import calls, dotted, importers, imports, is_constant, modules

#: Why a file is read or written by name; none of the names comes from a request.
FILES = {
    "accounts/services/passwords.py": "the list of common passwords in the repository",
    "accounts/services/mail_files.py": "mails of an installation without a mail server, in its own folder",
    "huntaze/management/commands/sbom.py": "the inventory in the repository",
    "huntaze/gallery.py": "the names of our own icons",
    "huntaze/checks.py": "the day on which the pins in the repository were renewed",
    "huntaze/env.py": "secrets as files, named by the environment",
    "huntaze/kernel/i18n.py": "catalogues and sources of our own",
    "huntaze/kernel/metric_files.py": "figures of this process",
    "huntaze/kernel/system.py": "figures of the machine",
    "huntaze/kernel/windows.py": "figures of this process",
    "messaging/management/commands/seed_demo.py": "passwords of a demo, for its operator only",
}
#: Modules that may speak to a network: the one client, its guard, the host's own name, and the two stores' drivers.
NETWORK = {
    "huntaze/kernel/http.py": "the one client",
    "huntaze/kernel/guard.py": "the one client, for addresses that users gave",
    "huntaze/kernel/windows.py": "the machine's own name",
    "billing/gateways/stripe.py": "Stripe's own library, bound to Stripe's address",
    "billing/apps.py": "settings of Stripe's library; it asks nobody",
    "billing/services/stripe/mirror.py": "types of Stripe's library; it asks nobody",
    "accounts/services/mail.py": "the mail library's errors; Django's backend speaks to the mail server",
}
#: Where `random` is good enough.
JITTER = {
    "accounts/services/webhooks/deliver.py",
    "huntaze/kernel/live/streams.py",
    "messaging/rules/demo/plan.py",
    "messaging/services/sending/wire.py",
}
#: Who uses the cryptography library, and what of it.
CRYPTOGRAPHY = {
    "huntaze/kernel/crypto.py": {
        "cryptography.exceptions.InvalidTag",
        "cryptography.hazmat.primitives.ciphers.aead.AESGCM",
    },
    "accounts/services/factors.py": {
        "cryptography.hazmat.primitives.hashes.SHA1",
        "cryptography.hazmat.primitives.twofactor.InvalidToken",
        "cryptography.hazmat.primitives.twofactor.totp.TOTP",
    },
}  # fmt: skip
#: Where text becomes markup without being escaped.
MARKUP = {"accounts/views/factors.py": "a QR code that the library has drawn"}
#: Where a person is led to a platform after they agreed to it, to the address that its settings name.
PLATFORM_PAGES = {("accounts/views/integrations.py", "begun.address")}
#: Forms of the staff's pages that list their fields.
LISTED_FORMS = {"accounts/admin/privacy.py", "billing/admin/ledger.py", "billing/admin/plans.py"}
#: Everything that opens a session for somebody, by the service or view that does it.
WAYS_IN = {
    "accounts/services/signin.py": "open_family",
    "accounts/services/signup.py": "open_family",
    "accounts/views/invitations.py": "login",
    "accounts/views/signin.py": "login",
    "accounts/views/signup.py": "login",
}
#: Templates that put values into a statement do it at import time, with constants; these do it with parts of their own.
STATEMENT_PARTS = {
    "billing/services/ledger/book.py",
    "huntaze/kernel/admin.py",
    "huntaze/kernel/database_role.py",
    "messaging/services/campaigns/expand.py",
    "messaging/services/campaigns/rows.py",
    "messaging/services/credits.py",
}


def test_nothing_executes_what_it_reads() -> None:
    barred = {"eval", "exec", "compile", "__import__", "runpy.run_path", "code.interact"}
    assert [f"{path}:{node.lineno}" for path, name, node in calls() if name in barred] == []
    assert importers("code", "codeop", "runpy", "ctypes", "cffi", "imp") == set()


def test_no_program_is_started() -> None:
    starters = {"os.system", "os.popen", "os.fork", "os.posix_spawn", "pty.spawn"}
    found = [
        f"{path}:{node.lineno}"
        for path, name, node in calls()
        if name in starters or name.startswith(("os.exec", "os.spawn"))
    ]
    assert found == []
    assert importers("subprocess", "pty", "asyncio.subprocess", "pexpect", "sh") == set()


def test_nothing_makes_objects_out_of_what_it_reads() -> None:
    assert (
        importers("pickle", "marshal", "shelve", "dill", "jsonpickle", "yaml", "xml", "lxml", "defusedxml")
        == set()
    )
    assert (celery_app.conf.accept_content, celery_app.conf.task_serializer) == (["json"], "json")
    assert settings.SESSION_SERIALIZER == "django.contrib.sessions.serializers.JSONSerializer"
    cache = import_string(settings.CACHES["default"]["BACKEND"])("redis://127.0.0.1", {})
    serializer = cache._cache._serializer
    assert serializer.loads(serializer.dumps({"a": [1, None]})) == {"a": [1, None]}
    assert serializer.dumps({"a": [1, None]}) == b'{"a":[1,null]}'


def test_no_directory_or_document_language_is_spoken() -> None:
    """No LDAP, XPath, LaTeX, memcache or GraphQL, and no socket of a browser's own."""
    absent = (
        "ldap",
        "ldap3",
        "elementpath",
        "pylatex",
        "pymemcache",
        "memcache",
        "pylibmc",
        "graphene",
        "strawberry",
    )
    assert (
        importers(*absent, "channels", "websockets", "aiortc", "saml2", "onelogin", "authlib", "oauthlib")
        == set()
    )


def test_no_template_is_made_of_a_text() -> None:
    makers = {"Template", "from_string", "Engine", "render_template_string"}
    found = [f"{path}:{node.lineno}" for path, name, node in calls() if name.rpartition(".")[2] in makers]
    assert found == []
    assert importers("jinja2", "mako", "string.Template", "string.Formatter") == set()


def test_patterns_of_formats_are_ours() -> None:
    """`.format` reaches attributes of what it is given, so its pattern is a constant or a sentence to translate."""
    translated = {"_", "_now", "gettext", "ngettext", "pgettext", "gettext_lazy"}
    found = []
    for path, name, node in calls():
        if name.rpartition(".")[2] not in {"format", "format_map", "vformat"} or not isinstance(
            node.func, ast.Attribute
        ):
            continue
        pattern = node.func.value
        is_ours = is_constant(pattern) or (
            isinstance(pattern, ast.Call) and dotted(pattern.func) in translated
        )
        if not is_ours and path not in STATEMENT_PARTS and "format.format" not in f"{name}.{name}":
            found.append(f"{path}:{node.lineno}")
    assert found == []


def test_events_of_the_log_are_constants() -> None:
    found = [
        f"{path}:{node.lineno}"
        for path, name, node in calls()
        if re.fullmatch(r"log\.(debug|info|warning|error|exception|critical)", name)
        and not (node.args and isinstance(node.args[0], ast.Constant))
    ]
    assert found == []


def test_regular_expressions_are_constants() -> None:
    users = {"compile", "match", "search", "fullmatch", "sub", "subn", "split", "findall", "finditer"}
    found = [
        f"{path}:{node.lineno}"
        for path, name, node in calls()
        if name.startswith("re.") and name[3:] in users and not is_constant(node.args[0])
    ]
    assert found == []
    lookups = [
        f"{path}:{node.lineno}"
        for path, _, node in calls()
        for word in node.keywords
        if word.arg and word.arg.endswith(("__regex", "__iregex"))
    ]
    assert lookups == []


def test_statements_hold_no_values() -> None:
    """What is executed is a constant, a parameter of the kernel's own helpers, or put together from names of tables."""
    helpers = {"huntaze/kernel/sql.py", "huntaze/kernel/reseal.py", *STATEMENT_PARTS}
    found = []
    for path, name, node in calls():
        if (
            name.rpartition(".")[2] not in {"execute", "executemany", "raw", "RawSQL", "row", "rows"}
            or not node.args
        ):
            continue
        if not name.startswith(("sql.", "cursor.", "opened.", "connection.", "plain.")) and "aw" not in name:
            continue
        statement = node.args[0]
        if path not in helpers and not is_constant(statement) and not isinstance(statement, ast.Name):
            found.append(f"{path}:{node.lineno}")
    assert found == []
    made = [
        f"{path}:{node.lineno}"
        for path, tree in modules()
        if path not in helpers
        for node in ast.walk(tree)
        if isinstance(node, ast.JoinedStr | ast.BinOp)
        and re.match(r"\s*(SELECT|INSERT|UPDATE|DELETE|WITH)\s", _head(node))
        and not is_constant(node)
    ]
    assert made == []


def _head(node: ast.JoinedStr | ast.BinOp) -> str:
    if isinstance(node, ast.BinOp):
        return _head(node.left) if isinstance(node.left, ast.JoinedStr | ast.BinOp) else _text(node.left)
    return _text(node.values[0]) if node.values else ""


def _text(first: ast.AST) -> str:
    return str(first.value) if isinstance(first, ast.Constant) else ""


def test_chance_is_the_operating_systems_where_it_must_not_be_guessed() -> None:
    assert importers("random") == JITTER
    assert importers("numpy", "uuid.uuid1", "uuid.uuid3", "uuid.uuid5") == set()


def test_only_known_hashes_and_ciphers_are_used() -> None:
    hashes = {name.partition(".")[2] for _, name in named("hashlib")}
    assert hashes == {"sha256"}
    digests = {
        dotted(node.args[2])
        for _, name, node in calls()
        if name in {"hmac.new", "hmac.digest"} and len(node.args) > 2
    }
    assert digests == {"hashlib.sha256"}
    found: dict[str, set[str]] = {}
    for path, name in imports():
        if name.startswith("cryptography."):
            found.setdefault(path, set()).add(name)
    assert found == CRYPTOGRAPHY
    assert importers("Crypto", "nacl", "rsa", "ecdsa", "des") == set()
    assert importers("bcrypt") == {"accounts/hashers.py"}


def named(module: str) -> set[tuple[str, str]]:
    """Every `module.name` that stands somewhere."""
    return {
        (path, dotted(node))
        for path, tree in modules()
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and dotted(node).startswith(f"{module}.")
    }


def test_only_the_one_client_speaks_to_the_network() -> None:
    speakers = (
        "aiohttp",
        "socket",
        "http.client",
        "urllib.request",
        "urllib3",
        "requests",
        "httpx",
        "smtplib",
        "ftplib",
        "stripe",
    )
    assert importers(*speakers) == set(NETWORK)
    loose = [
        f"{path}:{node.lineno}"
        for path, _, node in calls()
        for word in node.keywords
        if word.arg in {"ssl", "verify", "verify_ssl", "check_hostname"}
        or (word.arg in {"allow_redirects", "follow_redirects"} and not _is_false(word.value))
    ]
    assert loose == []


def _is_false(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and node.value is False


def test_files_are_named_by_us() -> None:
    found = {
        path
        for path, name, _ in calls()
        if name in {"open", "os.open", "gzip.open", "io.open"}
        or name.rpartition(".")[2]
        in {"read_text", "read_bytes", "write_text", "write_bytes", "unlink", "mkstemp"}
    }
    assert found == set(FILES)


def test_markup_is_made_of_texts_only_where_it_is_listed() -> None:
    assert importers("django.utils.safestring.mark_safe") == set(MARKUP)
    loose = [
        path.as_posix()
        for path in Path(settings.BASE_DIR, "templates").rglob("*")
        if path.is_file() and re.search(r"\|\s*safe\b|autoescape\s+off|\|\s*safeseq", path.read_text())
    ]
    assert loose == [f"{settings.BASE_DIR}/templates/emails/letter.txt"], "a mail's plain text is no markup"


def test_answers_lead_only_to_addresses_of_ours() -> None:
    """The name of an address, an address of the settings, or what `next_of` and `back` have checked."""
    checked = {"next_of", "back"}
    found = []
    for path, name, node in calls():
        if name not in {"redirect", "HttpResponseRedirect", "HttpResponsePermanentRedirect"}:
            continue
        target = node.args[0]
        choices = [target.body, target.orelse] if isinstance(target, ast.IfExp) else [target]
        if not all(
            is_constant(one)
            or (isinstance(one, ast.Call) and dotted(one.func) in checked)
            or (path, dotted(one)) in PLATFORM_PAGES
            for one in choices
        ):
            found.append(f"{path}:{node.lineno}")
    assert found == []


def test_no_row_is_filled_by_whatever_is_sent() -> None:
    """Each door lists its fields; none takes them from a model, and only listed names are ever set by name."""
    filled = {
        path
        for path, tree in modules()
        for node in ast.walk(tree)
        if isinstance(node, ast.ClassDef)
        and any("ModelSerializer" in dotted(base) or "ModelForm" in dotted(base) for base in node.bases)
    }
    assert filled == LISTED_FORMS
    assert [path for path, tree in modules() if "__all__" in _listed_fields(tree)] == []
    poured = [
        f"{path}:{node.lineno}"
        for path, _, node in calls()
        for word in node.keywords
        if word.arg is None
        and isinstance(word.value, ast.Attribute)
        and word.value.attr in {"data", "POST", "GET", "query_params"}
    ]
    assert poured == []


def _listed_fields(tree: ast.Module) -> set[object]:
    """Values that `fields = …` has anywhere."""
    return {
        node.value.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign)
        and isinstance(node.value, ast.Constant)
        and any(dotted(target) == "fields" for target in node.targets)
    }


def test_sessions_begin_only_where_it_is_listed() -> None:
    found = {
        (path, name.rpartition(".")[2])
        for path, name, _ in calls()
        if name.rpartition(".")[2] in {"open_family", "login"} and not name.startswith("super")
    }
    assert found == set(WAYS_IN.items())
    assert settings.AUTHENTICATION_BACKENDS == ["django.contrib.auth.backends.ModelBackend"]


def test_parameters_are_read_from_where_they_belong() -> None:
    """Query, form, cookies and headers are never thrown together, so none can stand in for another."""
    mixed = [
        f"{path}:{node.lineno}"
        for path, tree in modules()
        for node in ast.walk(tree)
        if isinstance(node, ast.BinOp | ast.Dict)
        and {"GET", "POST"} <= {part.attr for part in ast.walk(node) if isinstance(part, ast.Attribute)}
    ]
    assert mixed == []
    assert [path for path, tree in modules() if any(_is_request(node) for node in ast.walk(tree))] == []


def _is_request(node: ast.AST) -> bool:
    return (
        isinstance(node, ast.Attribute)
        and node.attr in {"REQUEST", "params"}
        and dotted(node.value) == "request"
    )


def test_nothing_is_kept_in_a_shared_cache() -> None:
    """Django's cache is used for nothing: whatever is kept in Redis goes through the kernel's own modules."""
    assert importers("django.core.cache", "django.views.decorators.cache.cache_page") == {
        "huntaze/kernel/redis.py"
    }
    assert [
        path for path, name in imports() if name.startswith("django.core.cache") and "backends" not in name
    ] == []
    assert not any("CacheMiddleware" in name for name in settings.MIDDLEWARE)


def test_the_product_imports_nothing_of_tests_or_sandbox() -> None:
    assert (
        importers(
            "tests", "sandbox", "bench", "pytest", "factory", "hypothesis", "time_machine", "playwright"
        )
        == set()
    )
