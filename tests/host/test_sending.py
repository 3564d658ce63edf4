"""The run over a file of events."""

from __future__ import annotations

import os
import signal
import threading

import pytest

from wharfinger_host.sending import _interrupt_deferred


def test_an_interrupt_waits_until_a_chunk_is_on_record() -> None:
    recorded: list[str] = []
    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt):
        record_while_interrupted(recorded)
    assert recorded == ["all of it"]
    assert signal.getsignal(signal.SIGINT) is before


def record_while_interrupted(recorded: list[str]) -> None:
    with _interrupt_deferred():
        os.kill(os.getpid(), signal.SIGINT)
        recorded.append("all of it")


def test_recording_works_in_a_thread_that_gets_no_interrupts() -> None:
    recorded = []

    def record() -> None:
        with _interrupt_deferred():
            recorded.append("all of it")

    thread = threading.Thread(target=record)
    thread.start()
    thread.join()
    assert recorded == ["all of it"]
