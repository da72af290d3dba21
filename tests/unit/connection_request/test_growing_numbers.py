"""ts and id grow for every device: within a second, over restarts, and when the clock goes back."""

from __future__ import annotations

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from cwmp.connection_request import growing
from cwmp.connection_request.growing import GrowingNumbers


class Clock:
    def __init__(self, now: float = 1_800_000_000.0) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


def test_ts_is_the_time() -> None:
    clock = Clock()
    numbers = GrowingNumbers(clock=clock)
    ts, number = numbers.next("a")
    assert ts == 1_800_000_000
    assert number <= 2**31 - 1
    assert numbers.next("b")[0] == ts  # others may have the same second
    assert numbers.next("a")[0] == ts + 1


def test_a_restart_goes_on(tmp_path: Path) -> None:
    clock = Clock()
    file = tmp_path / "mark.json"
    before = [GrowingNumbers(file, clock=clock).next("a")]
    for _ in range(5):
        before.append(GrowingNumbers(file, clock=clock).next("a"))
    assert before == sorted(set(before))
    assert len({ts for ts, _ in before}) == len({number for _, number in before}) == 6


def test_a_clock_that_was_set_back(tmp_path: Path) -> None:
    clock = Clock()
    file = tmp_path / "mark.json"
    first = GrowingNumbers(file, clock=clock).next("a")
    clock.now -= 86400
    second = GrowingNumbers(file, clock=clock).next("a")
    assert second[0] > first[0] and second[1] > first[1]


def test_a_broken_file_is_begun_anew(tmp_path: Path) -> None:
    file = tmp_path / "mark.json"
    for text in ("", "[]", '{"ts": "x"}', '{"ts": null, "id": 1}', "\0"):
        file.write_text(text)
        assert GrowingNumbers(file, clock=Clock()).next("a")[0] == 1_800_000_000


def test_devices_that_are_not_remembered_one_by_one(monkeypatch: object) -> None:
    clock = Clock()
    numbers = GrowingNumbers(clock=clock)
    first = numbers.next("first")
    for index in range(growing._REMEMBERED + 1):
        numbers.next(str(index))
    assert numbers.next("first")[0] > first[0]


def test_the_file_is_not_written_for_every_request(tmp_path: Path) -> None:
    clock = Clock()
    file = tmp_path / "mark.json"
    numbers = GrowingNumbers(file, clock=clock)
    numbers.next("a")
    written = file.stat().st_mtime_ns
    for index in range(500):
        numbers.next(f"device {index}")
    assert file.stat().st_mtime_ns == written


@given(
    st.lists(st.tuples(st.sampled_from("abc"), st.floats(-5, 5), st.booleans()), min_size=1, max_size=60),
)
def test_every_device_sees_growing_numbers(steps: list[tuple[str, float, bool]]) -> None:
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "mark.json"
        clock = Clock()
        numbers = GrowingNumbers(file, clock=clock)
        seen: dict[str, int] = {}
        last = 0
        for device, forward, restart in steps:
            clock.now += forward
            if restart:
                numbers = GrowingNumbers(file, clock=clock)
            ts, number = numbers.next(device)
            assert ts > seen.get(device, 0)
            assert number > last
            seen[device], last = ts, number
