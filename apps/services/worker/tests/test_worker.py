import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from worker import health
from worker.loop import Loop
from worker.settings import Settings, SettingsError, secret


def start(folder: Path, *arguments: str, **environment: str) -> subprocess.Popen[str]:
    given = {"PATH": os.environ["PATH"], "PYTHONPATH": os.pathsep.join(sys.path)}
    own = {"SERVICE_WORKER_HEARTBEAT": str(folder / "heartbeat"), "SERVICE_WORKER_INTERVAL": "1"}
    return subprocess.Popen(
        [sys.executable, *(arguments or ("-m", "worker"))],
        env={**given, **own, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def wait(condition: Callable[[], bool]) -> None:
    ends = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < ends
        time.sleep(0.05)


def test_it_works_again_and_again_until_sigterm(tmp_path: Path) -> None:
    process = start(tmp_path)
    wait((tmp_path / "heartbeat").exists)
    checked = start(tmp_path, "-m", "worker.health")
    assert checked.wait(10) == 0
    assert process.stdout is not None and process.stderr is not None
    # A worker that does nothing is killed, so that its output ends.
    watch = threading.Timer(20, process.kill)
    watch.start()
    messages: list[str] = []
    while messages.count("worked") < 2:
        messages.append(json.loads(process.stdout.readline())["message"])
    watch.cancel()
    began = time.monotonic()
    process.send_signal(signal.SIGTERM)
    assert (process.wait(10), process.stderr.read(), time.monotonic() - began < 2) == (0, "", True)
    messages += [json.loads(line)["message"] for line in process.stdout]
    assert (messages[0], messages[-1]) == ("started", "stopped")
    assert start(tmp_path, "-m", "worker.health").wait(10) == 1


def test_sigterm_lets_the_work_in_hand_finish(tmp_path: Path) -> None:
    slow = """
import pathlib, sys, time
from worker.loop import Loop
from worker.settings import Settings
def work(beat):
    pathlib.Path(sys.argv[1], "begun").touch()
    time.sleep(1.5)
    pathlib.Path(sys.argv[1], "ended").touch()
sys.exit(Loop(Settings.read(), work).run())
"""
    process = start(tmp_path, "-c", slow, str(tmp_path))
    wait((tmp_path / "begun").exists)
    process.send_signal(signal.SIGTERM)
    out, errors = process.communicate(timeout=10)
    assert process.returncode == 0, out + errors
    assert (tmp_path / "ended").exists()


def test_health_tells_a_loop_that_hangs(tmp_path: Path) -> None:
    settings = Settings(1, tmp_path / "heartbeat")
    assert "not running" in (health.problem(settings) or "")
    settings.heartbeat.touch()
    assert health.problem(settings) is None
    old = time.time() - health.FRESH - 5
    os.utime(settings.heartbeat, (old, old))
    assert "35 s old" in (health.problem(settings) or "")


def test_a_failure_is_logged_and_the_loop_goes_on(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    tries: list[int] = []
    loop = Loop(Settings(1, tmp_path / "heartbeat"), lambda _: None)

    def work(_: Callable[[], None]) -> None:
        tries.append(1)
        if len(tries) == 1:
            raise ValueError("once")
        loop.stopping.set()

    loop.work = work
    loop.pause = lambda failures: 0.01 * failures  # type: ignore[method-assign]
    assert loop.run() == 0
    assert len(tries) == 2
    first = json.loads(capsys.readouterr().out.splitlines()[0])
    assert (first["message"], first["error"], first["failures"]) == ("work failed", "ValueError('once')", 1)


def test_the_rest_grows_with_failures_up_to_a_limit(tmp_path: Path) -> None:
    loop = Loop(Settings(10, tmp_path / "heartbeat"), lambda _: None)
    assert [loop.pause(failures) for failures in (0, 1, 2, 3, 99)] == [10, 20, 40, 80, 300]


def test_wrong_settings_stop_the_start_with_what_is_allowed(tmp_path: Path) -> None:
    process = start(tmp_path, SERVICE_WORKER_INTERVAL="0", SERVICE_WORKER_HEARTBEAT="heartbeat")
    _, errors = process.communicate(timeout=10)
    assert process.returncode == 78
    assert "SERVICE_WORKER_INTERVAL: '0' is not allowed; allowed: 1 to 86400 seconds" in errors
    assert "SERVICE_WORKER_HEARTBEAT: 'heartbeat' is no absolute path" in errors


def test_a_secret_comes_from_its_file_or_its_plain_name(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("canary\n")
    assert secret("KEY", {"KEY_FILE": str(tmp_path / "key")}) == "canary"
    assert secret("KEY", {"KEY": "canary"}) == "canary"
    for wrong in ({}, {"KEY": "canary", "KEY_FILE": "/x"}, {"KEY_FILE": "/none/canary"}):
        with pytest.raises(SettingsError) as error:
            secret("KEY", wrong)
        assert "canary" not in str(error.value)
