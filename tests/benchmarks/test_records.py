"""Records hold what is needed to repeat a figure, and are never lost."""

import getpass
import json
import os
import socket
import threading

import pytest

from fredholm.benchmarks import machine, write_record
from fredholm.errors import DataError


def write(folder, content=None, key="fno", **changes):
    settings = {"command": "fredholm reproduce fno", "seeds": [0], **changes}
    return write_record(folder, key, content or {"ratio": 0.5}, **settings)


def test_a_record_says_how_to_repeat_it(tmp_path):
    stored = json.loads(write(tmp_path, {"ratio": 0.25}, seeds=(3, 4)).read_text())
    assert stored["ratio"] == 0.25 and stored["seeds"] == [3, 4] and stored["key"] == "fno"
    assert stored["command"] == "fredholm reproduce fno" and stored["date"].endswith("+00:00")
    assert {"cpu", "threads", "torch", "fredholm", "python"} <= set(stored["machine"])


def test_records_are_never_overwritten(tmp_path):
    paths = [write(tmp_path, {"number": n}) for n in range(3)]
    assert [path.name for path in paths] == ["fno.json", "fno-2.json", "fno-3.json"]
    assert [json.loads(path.read_text())["number"] for path in paths] == [0, 1, 2]
    assert sorted(tmp_path.iterdir()) == sorted(paths)


def test_writers_at_the_same_time_lose_nothing(tmp_path):
    threads = [
        threading.Thread(target=write, args=(tmp_path, {"number": n}, f"key-{n % 2}"))
        for n in range(12)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    found = sorted(json.loads(path.read_text())["number"] for path in tmp_path.iterdir())
    assert found == list(range(12))


def test_failed_runs_can_be_recorded(tmp_path):
    content = {"error": float("inf"), "all": [float("nan"), -float("inf"), 1.0]}
    text = write(tmp_path, content).read_text()
    stored = json.loads(text, parse_constant=lambda word: pytest.fail(f"{word} is not JSON"))
    assert float(stored["error"]) == float("inf")
    assert [str(float(x)) for x in stored["all"]] == ["nan", "-inf", "1.0"]


@pytest.mark.parametrize("key", ["", "../x", "a/b", ".hidden", "a b", "x\n"])
def test_keys_are_plain_names(tmp_path, key):
    with pytest.raises(ValueError, match="plain name"):
        write(tmp_path, key=key)
    assert not any(tmp_path.iterdir())


def test_content_cannot_replace_what_is_added(tmp_path):
    with pytest.raises(ValueError, match="adds date itself"):
        write(tmp_path, {"date": "yesterday"})


def test_unusable_folders_give_a_sentence(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(DataError, match="cannot write a record"):
        write(tmp_path / "file")


def test_content_that_is_not_plain_leaves_nothing_behind(tmp_path):
    with pytest.raises(TypeError):
        write(tmp_path, {"x": object()})
    assert not any(tmp_path.iterdir())


def test_the_machine_is_described_without_naming_it():
    found = machine()
    text = json.dumps(found)
    assert found["cpu"] and found["cores"] == os.cpu_count() and found["threads"] >= 1
    assert socket.gethostname() not in text and os.sep not in text.replace("\\u", "")
    assert "system" in found and getpass.getuser() not in found["system"]
