"""Writes every task result as one JSON line, for the tests: what a callback sees is what a user can see."""

from __future__ import annotations

import json
import os
from pathlib import Path

from ansible.plugins.callback import CallbackBase

DOCUMENTATION = """
name: record
type: notification
short_description: one JSON line per result
description: for tests
"""


class CallbackModule(CallbackBase):
    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "notification"
    CALLBACK_NAME = "record"
    CALLBACK_NEEDS_ENABLED = False

    def _write(self, status, result):
        line = {
            "host": result.host.get_name(),
            "task": result.task.get_name(),
            "status": status,
            "result": json.loads(self._dump_results(result.result)),
        }
        with Path(os.environ["RECORD_FILE"]).open("a") as out:
            out.write(json.dumps(line) + "\n")

    def v2_runner_on_ok(self, result):
        self._write("ok", result)

    def v2_runner_on_failed(self, result, ignore_errors=False):
        self._write("failed", result)

    def v2_runner_on_skipped(self, result):
        self._write("skipped", result)

    def v2_runner_on_unreachable(self, result):
        self._write("unreachable", result)
