"""What is known of a failed run, as data: exceptions and where they were raised, and no values.

A traceback shows variables' names and lines of code, an exception's text may show a row. What is
kept here is the type, file, function and line of each frame, and the text only of exceptions that
are worded in this project, without what the server quoted.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypedDict

import dagster as dg
from dagster import DagsterEventType
from dagster_shared.error import SerializableErrorInfo

from trc_pipelines.jobs.contract import UsageError
from trc_pipelines.settings import PROJECT_ROOT

MAX_FRAMES, MAX_EXCEPTIONS = 50, 5
PACKAGE = "trc_pipelines"
_FRAME = re.compile(r'^ *File "(?P<file>[^"]+)", line (?P<line>\d+), in (?P<function>[\w<>.]+)')
_TYPE = re.compile(r"(?P<type>[A-Za-z_][\w.]*)(?::\s+(?P<text>.*))?", re.DOTALL)
# Up to the installation's folder a path says where somebody's home is, and nothing else.
_INSTALLED = re.compile(r".*/(?:site-packages|python3\.\d+)/")
# What a server quotes after a colon is a value: invalid input syntax for type integer: "…"
_QUOTED_VALUE = re.compile(r':\s*["\'].*', re.DOTALL)
# Dagster's own error for "an asset raised something". What it raised is the cause of that.
_WRAPPER = "dagster._core.errors.DagsterExecutionStepExecutionError"
# What a step raises that did not succeed. Its text is the step's message.
_REFUSAL = "dagster._core.definitions.events.Failure"


class Frame(TypedDict):
    """Where a call was. The file is relative to the project or to where libraries are."""

    file: str
    function: str
    line: int


class Failure(TypedDict):
    """One exception. `text` is empty where it may show data."""

    type: str
    text: str
    frames: list[Frame]


def find_failures(instance: dg.DagsterInstance, run_id: str) -> list[Failure]:
    """Find the exceptions on record that ended a run, the first cause last."""
    kinds = {DagsterEventType.STEP_FAILURE, DagsterEventType.RUN_FAILURE}
    for record in instance.get_records_for_run(run_id, of_type=kinds, limit=1).records:
        event = record.event_log_entry.dagster_event
        error = getattr(event.event_specific_data, "error", None) if event else None
        if error:
            return [describe(one) for one in _chain(error)]
    return []


def describe(error: SerializableErrorInfo) -> Failure:
    """Describe one exception of a chain as data."""
    said = _TYPE.match(error.message.strip())
    name = said["type"] if said else error.cls_name or "Exception"
    text = (said["text"] or "").strip() if said else ""
    is_ours = name.startswith(f"{PACKAGE}.") or name == _REFUSAL
    frames = [frame for line in error.stack if (frame := _read_frame(line))]
    return Failure(
        type=name,
        text=_QUOTED_VALUE.sub(": …", text) if is_ours else "",
        frames=frames[-MAX_FRAMES:],
    )


def find_refusal(failures: Sequence[Failure]) -> str | None:
    """Find what was answered to a request that is not possible. None means that it was a failure."""
    name = f"{UsageError.__module__}.{UsageError.__qualname__}"
    return next((failure["text"] for failure in failures if failure["type"] == name), None)


def name_cause(failures: Sequence[Mapping[str, Any]]) -> list[str]:
    """Name what makes two failures the same: the type of the first cause, and our function it was in."""
    if not failures:
        return []
    own = [
        f"{frame['file']}:{frame['function']}"
        for failure in failures
        for frame in failure["frames"]
        if is_own(frame)
    ]
    return [failures[-1]["type"], *own[-1:]]


def is_own(frame: Mapping[str, Any]) -> bool:
    """Check whether the frame is of this project."""
    file: str = frame["file"]
    return file.startswith(f"{PACKAGE}/")


def _chain(error: SerializableErrorInfo) -> Iterator[SerializableErrorInfo]:
    one: SerializableErrorInfo | None = error
    for _ in range(MAX_EXCEPTIONS):
        if one is None:
            return
        if not one.message.startswith(_WRAPPER):
            yield one
        one = one.cause or one.context


def _read_frame(line: str) -> Frame | None:
    found = _FRAME.match(line)
    if not found:
        return None
    file = found["file"].removeprefix(f"{PROJECT_ROOT}/")
    file = _INSTALLED.sub("", file)
    if file.startswith("/"):
        file = file.rsplit("/", 1)[-1]
    return Frame(file=file, function=found["function"], line=int(found["line"]))
