"""Calls that block inside a C library, made where they hold nobody up."""

import threading
from collections.abc import Callable
from concurrent.futures import Future
from queue import SimpleQueue
from typing import Any, TypeVar

T = TypeVar("T")


class Worker:
    """Makes calls one after the other in a thread of its own, so that who waits may stop waiting.

    Signal handlers of Python run in the main thread, and not while that is inside a C library. The
    thread is a daemon: a call that never comes back does not hold up the end of the process.
    """

    def __init__(self) -> None:
        self._calls: SimpleQueue[tuple[Future[Any], Callable[[], Any]] | None] = SimpleQueue()
        threading.Thread(target=self._work, name="database", daemon=True).start()

    def submit(self, call: Callable[[], T]) -> Future[T]:
        """Make this call after those before it."""
        future: Future[T] = Future()
        self._calls.put((future, call))
        return future

    def stop(self) -> None:
        """End the thread once the calls before are made."""
        self._calls.put(None)

    def _work(self) -> None:
        while (item := self._calls.get()) is not None:
            future, call = item
            try:
                future.set_result(call())
            except BaseException as error:
                future.set_exception(error)
            # Otherwise the last call's rows stay in memory until the next call.
            del item, future, call
