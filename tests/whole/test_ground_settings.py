"""Settings: every variable is documented, a wrong one is refused with a reason, production asks for what it needs."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
READ = re.compile(
    r"""(?:env\.\w+|flag|number|environ\.get|getenv|environment\.get|setdefault)\(\s*f?["']([A-Z][A-Z_]+)["']"""
    r"""|environ\[["']([A-Z][A-Z_]+)["']\]"""
)
NOT_OURS = {"DJANGO_SETTINGS_MODULE", "PATH", "TMPDIR", "TZ", "PYTHONUNBUFFERED"}
SHOW = "import portal.settings as s; print(s.SESSION_COOKIE_NAME, s.DATABASES['ledger']['NAME'])"
PRODUCTION = {
    "ATTUNE_PRODUCTION": "1",
    "ATTUNE_HOSTS": "attune.example.org",
    "ATTUNE_SECRET_KEY": "s" * 48,
    "ATTUNE_PSEUDONYM_KEY": "p" * 48,
    "ATTUNE_ERASURE_KEY": "e" * 48,
    "DATABASE_URL": "postgresql://attune_app@db.example.org/attune",
    "CELERY_BROKER_URL": "redis://broker.example.org/0",
    "CACHE_URL": "redis://broker.example.org/1",
    "EMAIL_URL": "smtp+tls://attune:secret@mail.example.org:587",
}


def variables() -> set[str]:
    """Every environment variable that our code reads."""
    sources = [path for app in ("portal", "governance", "metrics") for path in (ROOT / app).rglob("*.py")]
    found = [READ.findall(path.read_text(encoding="utf-8")) for path in sources]
    return {one or other for matches in found for one, other in matches} - NOT_OURS


def test_every_variable_is_documented_and_every_documented_one_is_read() -> None:
    documented = set(
        re.findall(r"^\| `([A-Z_]+)`", (ROOT / "docs" / "settings.md").read_text(), re.MULTILINE)
    )
    assert len(documented) > 25
    assert variables() - documented == set()
    assert documented - variables() == set()


def load(tmp_path: Path, show: str = SHOW, **environment: str) -> "subprocess.CompletedProcess[str]":
    """Read the settings in a process of its own."""
    clean = {key: os.environ[key] for key in ("PATH", "HOME") if key in os.environ}
    return subprocess.run(
        [sys.executable, "-c", show], cwd=ROOT, env={**clean, "ATTUNE_DATA": str(tmp_path), **environment},
        capture_output=True, text=True, check=False,
    )  # fmt: skip


def test_without_any_variable_it_runs_on_this_machine(tmp_path: Path) -> None:
    done = load(tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["attune", "attune"]
    key = tmp_path / "keys" / "secret_key"
    assert key.stat().st_mode & 0o077 == 0
    assert load(tmp_path).returncode == 0
    assert len(key.read_text()) >= 48


def test_production_with_everything_named(tmp_path: Path) -> None:
    done = load(tmp_path, **PRODUCTION)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["__Host-attune", "attune"]
    assert not (tmp_path / "keys").exists()  # no secret is made where they come from the environment


@pytest.mark.parametrize(
    "missing",
    [
        "ATTUNE_HOSTS",
        "ATTUNE_SECRET_KEY",
        "ATTUNE_PSEUDONYM_KEY",
        "ATTUNE_ERASURE_KEY",
        "DATABASE_URL",
        "CELERY_BROKER_URL",
        "CACHE_URL",
        "EMAIL_URL",
    ],
)
def test_production_refuses_what_is_missing_by_name(tmp_path: Path, missing: str) -> None:
    done = load(tmp_path, **{key: value for key, value in PRODUCTION.items() if key != missing})
    assert done.returncode != 0
    assert missing in done.stderr.splitlines()[-1]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ATTUNE_PRODUCTION", "ture"),
        ("ATTUNE_SECRET_KEY", "short"),
        ("ATTUNE_PREPARED_STATEMENTS", "sometimes"),
        ("ATTUNE_PRIVACY_FLOOR", "4"),
        ("ATTUNE_PRIVACY_FLOOR", "ten"),
        ("ATTUNE_MAX_BODY", "-1"),
        ("ATTUNE_TIME_ZONE", "Amsterdam"),
        ("ATTUNE_LOG_LEVEL", "LOUD"),
        ("DATABASE_URL", "mysql://root@localhost/attune"),
    ],
)
def test_a_wrong_value_is_refused_by_name(tmp_path: Path, name: str, value: str) -> None:
    done = load(tmp_path, **{name: value})
    assert done.returncode != 0
    last = done.stderr.splitlines()[-1]
    assert last.startswith("django.core.exceptions.ImproperlyConfigured:")
    assert name in last or name == "DATABASE_URL"


def test_debug_and_production_exclude_each_other(tmp_path: Path) -> None:
    done = load(tmp_path, **PRODUCTION, ATTUNE_DEBUG="1")
    assert "ATTUNE_DEBUG" in done.stderr.splitlines()[-1]


JOBS = """
import json
import portal.settings as s
from portal.celery import app
names = ("CELERY_TASK_TIME_LIMIT", "JOB_LEASE_SECONDS", "CELERY_TASK_ACKS_LATE", "CELERY_TASK_REJECT_ON_WORKER_LOST")
names += ("CELERY_WORKER_PREFETCH_MULTIPLIER", "CELERY_ACCEPT_CONTENT", "CELERY_BROKER_TRANSPORT_OPTIONS")
(queue,) = app.amqp.queues.values()
print(json.dumps([*(getattr(s, name) for name in names), queue.queue_arguments, queue.durable]))
"""


@pytest.mark.parametrize("broker", ["redis://broker.example.org/0", "amqp://broker.example.org/attune"])
def test_a_job_is_never_taken_from_a_worker_that_may_still_finish_it(tmp_path: Path, broker: str) -> None:
    done = load(tmp_path, JOBS, CELERY_BROKER_URL=broker)
    assert done.returncode == 0, done.stderr
    hard_limit, lease, late, rejected, prefetch, content, options, arguments, durable = json.loads(
        done.stdout
    )
    assert hard_limit + 60 <= lease
    assert (late, rejected, prefetch, content, durable) == (True, True, 1, ["json"], True)
    if broker.startswith("redis"):
        assert lease < options["visibility_timeout"]
        assert (options["unacked_restore_interval"], options["unacked_restore_throttle"]) == (5, 1)
    else:
        assert options == {"confirm_publish": True}
        assert arguments == {"x-queue-type": "quorum"}


@pytest.mark.parametrize("broker", ["memory://", "filesystem://", "sqla+sqlite:///x", "sqs://key:secret@"])
def test_a_broker_that_loses_messages_is_refused(tmp_path: Path, broker: str) -> None:
    done = load(tmp_path, CELERY_BROKER_URL=broker)
    assert done.returncode != 0
    assert "CELERY_BROKER_URL starts with" in done.stderr
