"""One video through the filter: planned, converted segment by segment, joined; a kill loses one segment."""

from __future__ import annotations

import hashlib
import time as clock
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from pathlib import Path

from animirror.realtime.decode import Gap, merged
from animirror.realtime.filter import FaceFilter
from animirror.realtime.job import Progress, VideoJob, check_job
from animirror.realtime.join import join
from animirror.realtime.render import Rendered, read_rendered, render
from animirror.realtime.report import Report, Timings, peak_memory_mb
from animirror.realtime.segments import Plan, Segment, plan_segments
from animirror.realtime.workshop import Workshop

# Converts segments to files in a folder, as render.render does with a filter.
Render = Callable[[VideoJob, Sequence[Segment], Path, Progress | None], list[Rendered]]
# Gaps nearer than this (seconds) are told as one.
NEAR_GAPS = 0.1


def convert_video(job: VideoJob, face_filter: FaceFilter, progress: Progress | None = None) -> Report:
    """Redraw the heads of a video in this process; see :func:`convert_with`."""

    def here(
        job: VideoJob, segments: Sequence[Segment], folder: Path, progress: Progress | None
    ) -> list[Rendered]:
        return render(job, segments, folder, face_filter, progress)

    return convert_with(replace(job, look=job.look or look_of(face_filter)), here, progress)


def convert_with(job: VideoJob, work: Render, progress: Progress | None = None) -> Report:
    """Redraw the heads of a video: as many frames out as in, at the same times, all else as it was.

    ``work`` converts the segments that are missing, here or elsewhere. ``progress`` is called with the number
    of frames done and the number in all. The target appears only when it is whole; whatever ends the
    conversion early, finished segments wait beside it for ``job.resume``. Raises UserError.
    """
    check_job(job)
    start = clock.perf_counter()
    plan = plan_segments(job)
    shop = Workshop(job, plan)
    done = _finished(plan, shop.folder)
    before = sum(told.frames for told in done)
    total = plan.frames if job.fps is None else round(plan.seconds * job.fps)
    try:
        if shop.missing:
            work(job, shop.missing, shop.folder, _counted(progress, before, total))
        notes = join(job, plan, shop.folder)
    except BaseException:
        shop.remove_if_empty(plan)
        raise
    report = _report(job, _finished(plan, shop.folder), notes, clock.perf_counter() - start, before)
    shop.remove()
    return report


def look_of(face_filter: FaceFilter) -> str:
    """All of a filter that changes its pictures, in a few words: options and the models' hashes."""
    hashes = [hashlib.sha256(path.read_bytes()).hexdigest()[:16] for path in face_filter.model_files()]
    return f"{asdict(face_filter.options)} {face_filter.segmenter_size} {' '.join(hashes)}"


def _finished(plan: Plan, folder: Path) -> list[Rendered]:
    found = (read_rendered(folder, segment.index) for segment in plan.segments)
    return [told for told in found if told is not None]


def _counted(progress: Progress | None, before: int, total: int) -> Progress | None:
    if progress is None:
        return None
    progress(before, total)
    return lambda done, _: progress(before + done, total)


def _report(job: VideoJob, done: list[Rendered], notes: list[str], seconds: float, before: int) -> Report:
    timings = Timings(defaultdict(list))
    for told in done:
        for stage, milliseconds in told.milliseconds.items():
            timings.stages[stage] += milliseconds
    gaps = merged([Gap(*gap) for told in done for gap in told.gaps], NEAR_GAPS)
    frames = sum(told.frames for told in done)
    sentences = list(dict.fromkeys(note for told in done for note in told.notes))
    if gaps:
        places = ", ".join(str(gap) for gap in gaps)
        sentences.insert(
            0,
            f"{job.source} is damaged or truncated ({places}): "
            f"what could be decoded of it was used, {frames} frames.",
        )
    return Report(
        str(job.source),
        str(job.target),
        frames,
        sum(told.with_heads for told in done),
        round(seconds, 3),
        round((frames - before) / seconds, 2),
        timings.summary(),
        peak_memory_mb(),
        " ".join([*sentences, *notes]) or None,
        bool(gaps),
        tuple((gap.begin, gap.end) for gap in gaps),
        before,
    )
