"""The folder of an unfinished conversion: what it is for, and which segments are done."""

from __future__ import annotations

import hashlib
import json
import shutil
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import Any

from animirror.realtime.errors import UserError
from animirror.realtime.files import unwritable, write_json
from animirror.realtime.job import VideoJob
from animirror.realtime.render import read_rendered
from animirror.realtime.segments import Plan, Segment

# Of a source, its size and so many bytes of its begin and end are compared: reading all of it takes minutes.
SAMPLE = 1 << 20


class Workshop:
    """The working folder of a job, beside its target; what lies in it outlives the process.

    ``missing``: segments that are still to be converted. With ``job.resume`` those that an earlier run
    finished are kept, without they are thrown away. Raises UserError where there is nothing to go on with:
    another source, other options.
    """

    def __init__(self, job: VideoJob, plan: Plan) -> None:
        self.folder = job.folder
        told = _identity(job)
        path = self.folder / "job.json"
        try:
            if job.resume:
                _compare(path, told, job)
            else:
                self.remove()
            self.folder.mkdir(exist_ok=True)
            if not path.exists():
                write_json(path, told)
            for half in self.folder.glob("*.part"):
                half.unlink()
        except OSError as error:
            if not path.exists():
                self.remove()
            raise unwritable(job.target, error) from error
        self.missing: list[Segment] = [
            segment for segment in plan.segments if read_rendered(self.folder, segment.index) is None
        ]

    def remove(self) -> None:
        """Throw the folder away with all that is in it."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def remove_if_empty(self, plan: Plan) -> None:
        """After a failure: keep only what a resume can use."""
        if all(read_rendered(self.folder, segment.index) is None for segment in plan.segments):
            self.remove()


def _identity(job: VideoJob) -> dict[str, Any]:
    """All that makes the frames of a conversion what they are."""
    return {
        "version": version("animirror"),
        "source": _digest(job.source),
        "options": {
            "encoding": asdict(job.encode),
            "format": job.target.suffix.lower(),
            "from": job.begin,
            "to": job.end,
            "fps": None if job.fps is None else str(job.fps),
            "transform": repr(job.transform),
            "look": job.look,
            "segment": job.segment_frames,
        },
    }


def _digest(path: Path) -> str:
    size = path.stat().st_size
    with path.open("rb") as file:
        begin = file.read(SAMPLE)
        file.seek(max(0, size - SAMPLE))
        return hashlib.sha256(f"{size} ".encode() + begin + file.read(SAMPLE)).hexdigest()


def _compare(path: Path, told: dict[str, Any], job: VideoJob) -> None:
    """Raise UserError where the folder belongs to another conversion."""
    if not path.exists():
        return
    try:
        known = json.loads(path.read_text("utf-8"))
        options = known["options"]
    except (ValueError, KeyError, TypeError) as error:
        raise UserError(f"{path} is damaged; begin anew without --resume.") from error
    if known["source"] != told["source"]:
        raise UserError(
            f"{job.source} has changed since the conversion of {job.target} was begun: "
            "it cannot be resumed; begin anew without --resume."
        )
    other = [name for name, value in told["options"].items() if options.get(name) != value]
    if known["version"] != told["version"]:
        other.append("version")
    if other:
        raise UserError(
            f"The conversion of {job.target} was begun with other options ({', '.join(other)}): "
            "give the same ones, or begin anew without --resume."
        )
