"""A coroutine that is run at once does all that it would do in a task."""

from __future__ import annotations

import asyncio

import pytest

from cwmp.acs.listen import eager


def test_what_waits_for_nothing_is_over_at_once() -> None:
    done: list[str] = []

    async def work() -> None:
        done.append("all")

    async def main() -> None:
        assert eager.start(work(), asyncio.get_running_loop()) is None
        assert done == ["all"]

    asyncio.run(main())


def test_the_rest_is_done_by_a_task_through_every_kind_of_wait() -> None:
    done: list[object] = []

    async def work(ready: asyncio.Future[str]) -> None:
        done.append("begun")
        done.append(await ready)
        await asyncio.sleep(0)
        async with asyncio.timeout(5):  # from here on there is a task
            await asyncio.sleep(0.001)
        done.append(await asyncio.gather(asyncio.sleep(0, 1), asyncio.sleep(0, 2)))

    async def main() -> None:
        loop = asyncio.get_running_loop()
        ready: asyncio.Future[str] = loop.create_future()
        task = eager.start(work(ready), loop)
        assert task is not None and done == ["begun"]
        ready.set_result("ready")
        await task
        assert done == ["begun", "ready", [1, 2]]

    asyncio.run(main())


def test_errors_of_what_is_waited_for_reach_the_coroutine() -> None:
    caught: list[str] = []

    async def work(ready: asyncio.Future[None]) -> None:
        try:
            await ready
        except ValueError as error:
            caught.append(str(error))
        raise KeyError("out")

    async def main() -> None:
        loop = asyncio.get_running_loop()
        ready: asyncio.Future[None] = loop.create_future()
        task = eager.start(work(ready), loop)
        assert task is not None
        ready.set_exception(ValueError("in"))
        with pytest.raises(KeyError, match="out"):
            await task
        assert caught == ["in"]

    asyncio.run(main())


def test_cancelling_the_rest_cancels_the_coroutine() -> None:
    ended: list[str] = []

    async def work() -> None:
        try:
            await asyncio.sleep(60)
        finally:
            ended.append("cleaned")

    async def main() -> None:
        task = eager.start(work(), asyncio.get_running_loop())
        assert task is not None
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert ended == ["cleaned"]

    asyncio.run(main())


def test_an_error_before_the_first_wait_comes_out() -> None:
    async def work() -> None:
        raise KeyError("at once")

    async def main() -> None:
        with pytest.raises(KeyError):
            eager.start(work(), asyncio.get_running_loop())

    asyncio.run(main())
