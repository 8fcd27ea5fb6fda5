"""What every test stands on: embedded servers, a database copied from a migrated template, a live server, a worker.

* `db` / `@pytest.mark.django_db`: a transaction that is rolled back, as the runtime role. Most tests.
* `committed_db`: real commits over several connections and all three roles; afterwards a fresh copy of the template.
* `live`: the pages and the API over real HTTP (uses `committed_db`); `live.url`.
* `worker`: a real Celery worker process on this test's database and queue (uses `committed_db`).
Rule tests touch none of these and start nothing.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import hypothesis
import pytest

from tests import database, servers

ROOT = Path(__file__).resolve().parent.parent
SERVICES = ("DATABASE_URL", "DATABASE_OWNER_URL", "LEDGER_DATABASE_URL", "CELERY_BROKER_URL", "CACHE_URL")
# before Django reads its settings: a data folder of the tests' own, shared by all sessions of this checkout
os.environ["ATTUNE_DATA"] = os.environ.get("ATTUNE_TEST_DATA") or str(ROOT / "var" / "tests")
if servers.real():
    os.environ |= database.environment("postgres")  # each session takes a database of its own below
else:
    for variable in SERVICES:
        os.environ.pop(variable, None)
os.environ["DJANGO_SETTINGS_MODULE"] = (
    "portal.settings"  # here, not in pyproject: that is read before this file
)
os.environ["ATTUNE_PLAIN_STATIC"] = "1"  # browser tests need no manifest
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"  # playwright's loop runs in the test's thread
SESSION = f"{os.environ.get('PYTEST_XDIST_WORKER', 'main')}"


# a busy machine is no fault of the code: no test fails on time alone
hypothesis.settings.register_profile(
    "attune", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("attune")


def pytest_configure(config: pytest.Config) -> None:
    """Files and keys that a test writes go to a folder of this session, not next to another session's."""
    from django.conf import settings

    files = Path(tempfile.mkdtemp(prefix="attune-tests-"))
    config.add_cleanup(lambda: shutil.rmtree(files, ignore_errors=True))
    settings.MEDIA_ROOT = files / "files"
    settings.PACKS_DIR = files / "packs"
    settings.LEDGER_KEY_FILE = files / "keys" / "ledger.pem"
    settings.LEDGER_CHECKPOINT_FILE = files / "keys" / "last-checkpoint"
    settings.PASSWORD_HASHERS = [
        "django.contrib.auth.hashers.MD5PasswordHasher"
    ]  # a hundredth of Argon2's time
    settings.CACHES = {
        "default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache", "LOCATION": SESSION}
    }
    settings.CELERY_TASK_DEFAULT_QUEUE = f"{servers.prefix() or f'test_{os.getpid()}_'}{SESSION}"


@pytest.fixture(scope="session")
def embedded_services() -> Iterator[None]:
    """The embedded PostgreSQL and Valkey, forgetful and fast, while this session lives; those that no real server
    stands in for."""
    from portal import embedded
    from portal.embedded import addresses

    embedded.make_data_dir(addresses.data_dir())
    held = embedded.ensure(forgetful=True)
    assert held is not None or servers.real()
    yield
    if held is not None:
        held.release()


@dataclass
class TestDatabase:
    """The database of this session."""

    __test__ = False
    name: str
    template: str

    def environment(self) -> dict[str, str]:
        """The addresses for a child process that shall work on this database."""
        return database.environment(self.name)

    def renew(self) -> None:
        """A fresh copy of the template, for whoever comes next; what was committed is gone."""
        from django.conf import settings
        from django.db import connections

        from tests import database

        connections.close_all()
        database.copy(self.template, self.name)
        # key and last checkpoint belong to the ledger that is gone; kept, the signer would rightly refuse the next one
        shutil.rmtree(Path(settings.LEDGER_KEY_FILE).parent, ignore_errors=True)


@pytest.fixture(scope="session")
def test_database(embedded_services: None) -> Iterator[TestDatabase]:
    """A copy of the migrated template for this session (or xdist worker), dropped at the end."""
    database.drop_left_behind()
    ours = TestDatabase(name=f"{servers.prefix()}test_{os.getpid()}_{SESSION}", template=database.template())
    database.copy(ours.template, ours.name)
    yield ours
    database.drop(ours.name)


@pytest.fixture(scope="session")
def django_db_setup(test_database: TestDatabase, django_db_blocker: Any) -> Iterator[None]:
    """In place of pytest-django's: all three roles point at this session's copy."""
    from django.db import connections

    for alias in connections:
        connections.databases[alias]["NAME"] = test_database.name
        connections[alias].settings_dict["NAME"] = test_database.name
    yield
    with django_db_blocker.unblock():
        connections.close_all()


@pytest.fixture(autouse=True)
def _clean_cache() -> Iterator[None]:
    """Throttles, cached answers, language and zone of one test are not seen by the next."""
    yield
    from django.core.cache import cache
    from django.utils import timezone, translation

    cache.clear()
    translation.deactivate()
    timezone.deactivate()


@pytest.fixture
def committed_db(
    request: pytest.FixtureRequest, django_db_setup: None, django_db_blocker: Any, test_database: TestDatabase
) -> Iterator[TestDatabase]:
    """Real commits, over any number of connections, threads and processes; then a fresh copy of the template."""
    if "db" in request.fixturenames or request.node.get_closest_marker("django_db"):
        pytest.fail(
            "committed_db and django_db exclude each other: a rolled-back transaction is not committed"
        )
    django_db_blocker.unblock()
    try:
        yield test_database
    finally:
        test_database.renew()
        django_db_blocker.restore()


@dataclass
class LiveServer:
    """The site over real HTTP."""

    url: str


@contextmanager
def serving() -> Iterator[LiveServer]:
    """A threaded server of pages, API and static files on a free port."""
    from django.conf import settings
    from django.contrib.staticfiles.handlers import StaticFilesHandler
    from django.db import connections
    from django.test.testcases import LiveServerThread

    thread = LiveServerThread("127.0.0.1", StaticFilesHandler, connections_override={})
    thread.daemon = True
    thread.start()
    thread.is_ready.wait()
    if thread.error:
        raise thread.error
    before = settings.BASE_URL
    settings.BASE_URL = f"http://127.0.0.1:{thread.port}"
    try:
        yield LiveServer(url=settings.BASE_URL)
    finally:
        settings.BASE_URL = before
        thread.terminate()
        connections.close_all()


@pytest.fixture
def live(committed_db: TestDatabase) -> Iterator[LiveServer]:
    """The site over real HTTP while one test runs."""
    with serving() as server:
        yield server


@dataclass
class Background:
    """A real Celery worker or scheduler; `kill()` is SIGKILL of the whole group, `start()` another one."""

    environment: dict[str, str]
    log: Path
    application: str = "portal"
    role: str = "worker"
    process: "subprocess.Popen[bytes] | None" = None
    mark: int = 0

    def launch(self) -> None:
        """Start it, without waiting."""
        command = [sys.executable, "-m", "celery", "-A", self.application, self.role, "--loglevel", "INFO"]
        if self.role == "worker":
            command += [
                "--concurrency",
                "1",
                "--without-gossip",
                "--without-mingle",
                "--hostname",
                f"{self.log.stem}@%h",
            ]
            command += ["--queues", self.environment["ATTUNE_QUEUE"]]
        else:
            command += ["--pidfile", ""]
        with self.log.open("ab") as log:
            self.mark = log.tell()
            self.process = subprocess.Popen(
                command, cwd=ROOT, env=self.environment, stdout=log, stderr=log, start_new_session=True
            )

    def start(self) -> None:
        """Start and wait until it takes work."""
        self.launch()
        self.ready()

    def ready(self) -> None:
        """Wait until it takes work."""
        sign = b" ready." if self.role == "worker" else b"beat: Starting"
        self.wait_for(lambda: sign in self.log.read_bytes()[self.mark :], 90)

    def kill(self) -> None:
        """As the kernel does when memory runs out."""
        from portal.embedded import processes

        if self.process is not None:
            processes.kill_group(self.process)

    def wait_for(self, true: Callable[[], bool], seconds: float = 30) -> None:
        """Wait until it holds; fails with the log."""
        end = time.monotonic() + seconds
        while not true():
            dead = self.process is None or self.process.poll() is not None
            if time.monotonic() > end or dead:
                pytest.fail(
                    f"{f'the {self.role} died' if dead else 'too late'}:\n{self.log.read_text()[-4000:]}"
                )
            time.sleep(0.05)


def background_environment(database_of_test: TestDatabase) -> dict[str, str]:
    """What a worker or scheduler of this test has to know."""
    from django.conf import settings

    return {
        **os.environ,
        **database_of_test.environment(),
        "ATTUNE_QUEUE": settings.CELERY_TASK_DEFAULT_QUEUE,
        "ATTUNE_LEDGER_KEY_FILE": str(settings.LEDGER_KEY_FILE),
        "ATTUNE_LEDGER_CHECKPOINT_FILE": str(settings.LEDGER_CHECKPOINT_FILE),
        "ATTUNE_PACKS": str(settings.PACKS_DIR),
        "ATTUNE_FILES": str(settings.MEDIA_ROOT),
    }


@pytest.fixture
def worker(committed_db: TestDatabase, tmp_path: Path) -> Iterator[Background]:
    """A real worker on this test's database and queue; what the test enqueues is really run by it."""
    ours = Background(background_environment(committed_db), tmp_path / "worker.log")
    ours.start()
    yield ours
    ours.kill()
