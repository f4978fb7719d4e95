"""Segments of videos over a Ray cluster: models are loaded once per worker, lost work is done again."""

from __future__ import annotations

import contextlib
import importlib
import logging
import os
import queue
import signal
import socket
import tempfile
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from animirror.realtime.convert import look_of
from animirror.realtime.errors import UserError
from animirror.realtime.job import Progress, VideoJob
from animirror.realtime.recipe import Recipe
from animirror.realtime.render import Rendered, read_rendered, render, told_path, video_path
from animirror.realtime.runtime import usable_cores
from animirror.realtime.segments import Segment

log = logging.getLogger(__name__)

NO_RAY = "--ray needs Ray: pip install 'animirror[ray]'."
TOKEN = "Where it wants a token, set RAY_AUTH_MODE=token and RAY_AUTH_TOKEN_PATH as on its machines."
# So many workers may be lost over one segment; then it is the segment that kills them.
MOST_LOSSES = 3
# Finished segments wait here for the driver, a few at a time: tens of megabytes each.
OBJECT_STORE_BYTES = 512 * 1024**2
# A worker that starts loads Python, models and FFmpeg.
START_SECONDS = 120.0
# A machine that is there answers in a fraction of this.
ANSWER_SECONDS = 5.0
# How often threads that wait for a worker look whether there will be none.
POLL_SECONDS = 0.2


@dataclass(frozen=True)
class Part:
    """A converted segment as bytes: its file (empty: no frames) and its JSON; or what was wrong."""

    video: bytes = b""
    told: bytes = b""
    problem: str | None = None


class Worker:
    """What runs on a cluster's core: a filter made once, segments rendered one after the other."""

    def __init__(self, recipe: Recipe) -> None:
        self._filter = recipe.make()

    def about(self) -> tuple[int, str]:
        """Process number, and what decides how its pictures look."""
        return os.getpid(), look_of(self._filter)

    def render(self, job: VideoJob, segment: Segment) -> Part:
        with tempfile.TemporaryDirectory(prefix="animirror-") as name:
            folder = Path(name)
            try:
                render(job, [segment], folder, self._filter)
            except UserError as error:
                return Part(problem=str(error))
            video = video_path(folder, segment.index)
            told = told_path(folder, segment.index).read_bytes()
            return Part(video.read_bytes() if video.exists() else b"", told)


class Cluster:
    """Workers of a Ray cluster, see :func:`connected`; several threads may call ``render`` at once."""

    def __init__(self, ray: Any, recipe: Recipe, look: str, workers: int, gpus: float) -> None:
        self._ray, self._look, self.workers = ray, look, workers
        # Results do not change with the number of threads (measured: the same bytes with 1, 2 and 4).
        self._recipe = replace(recipe, threads=1)
        self._actor = ray.remote(num_cpus=1, num_gpus=gpus, max_restarts=0)(Worker)
        self._idle: queue.Queue[Any] = queue.Queue()
        self._threads = ThreadPoolExecutor(workers, "animirror-ray")
        self._lock = threading.Lock()
        self._closed = threading.Event()
        self.pids: list[int] = []
        self.lost = 0

    def start(self) -> None:
        """Start all workers. Raises UserError where one has other models than this machine."""
        actors = [self._actor.remote(self._recipe) for _ in range(self.workers)]
        for actor in actors:
            self._welcome(actor)

    def render(
        self,
        job: VideoJob,
        segments: Sequence[Segment],
        folder: Path,
        progress: Progress | None = None,
    ) -> list[Rendered]:
        """A convert.Render: segments to files in ``folder``, on the workers, in any order."""
        # Workers have folders of their own.
        sent = replace(job, source=job.source.resolve(), target=job.target.absolute())
        done = _Count(progress)

        def one(segment: Segment) -> Rendered:
            told = _keep(self._rendered(sent, segment), folder, segment)
            done.add(told.frames)
            return told

        tasks = [self._threads.submit(one, segment) for segment in segments]
        try:
            return [task.result() for task in tasks]
        finally:
            for task in tasks:
                task.cancel()

    def close(self) -> None:
        """Give up what is still to be done."""
        self._closed.set()
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _rendered(self, job: VideoJob, segment: Segment) -> Part:
        for _ in range(MOST_LOSSES):
            actor = self._next_idle()
            try:
                part: Part = self._ray.get(actor.render.remote(job, segment))
            except self._ray.exceptions.RayTaskError:
                self._idle.put(actor)
                raise
            except self._ray.exceptions.RayError as error:
                self._replace(error, segment)
                continue
            self._idle.put(actor)
            if part.problem is not None:
                raise UserError(part.problem)
            return part
        raise UserError(
            f"{MOST_LOSSES} workers were lost over segment {segment.index + 1} of {job.source}: it may need "
            "more memory than they have. Convert it without --ray, or with fewer workers."
        )

    def _next_idle(self) -> Any:
        while not self._closed.is_set():
            with contextlib.suppress(queue.Empty):
                return self._idle.get(timeout=POLL_SECONDS)
        raise UserError("The work on the Ray cluster was ended.")

    def _replace(self, error: Exception, segment: Segment) -> None:
        """A new worker for one that was lost, and not because all of them were sent home."""
        if self._closed.is_set():
            return
        with self._lock:
            self.lost += 1
        log.warning(
            "A worker was lost (%s); segment %d is done again.", type(error).__name__, segment.index + 1
        )
        self._welcome(self._actor.remote(self._recipe))

    def _welcome(self, actor: Any) -> None:
        try:
            pid, look = self._ray.get(actor.about.remote(), timeout=START_SECONDS)
        except self._ray.exceptions.GetTimeoutError as error:
            raise UserError(
                f"A worker did not start within {START_SECONDS:.0f} seconds: are the cluster's cores taken?"
            ) from error
        except self._ray.exceptions.RayError as error:
            cause = getattr(error, "cause", None)
            if isinstance(cause, UserError):
                raise UserError(f"A worker could not start: {cause}") from error
            reason = (str(error).strip().splitlines() or [type(error).__name__])[-1]
            raise UserError(f"A worker of the Ray cluster could not start: {reason}") from error
        if look != self._look:
            raise UserError(
                "A machine of the Ray cluster has other models than this one; install the same AniMirror."
            )
        self.pids.append(pid)
        self._idle.put(actor)


@contextmanager
def connected(address: str | None, recipe: Recipe, look: str) -> Iterator[Cluster]:
    """Workers on the Ray cluster at ``address``; None: a Ray of our own on this machine's cores.

    A worker per core (per GPU, where the cluster has any and the recipe does not want the CPU); their
    machines need the same AniMirror, and the videos under the same paths. ``look``: of the filter here,
    which all must have. Raises UserError.
    """
    # Ray tells its makers about its use, unless this is said before it is imported.
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    try:
        ray = importlib.import_module("ray")
    except ModuleNotFoundError as error:
        raise UserError(NO_RAY) from error
    _connect(ray, address)
    try:
        # Others may work on the cluster too.
        free = ray.available_resources()
        gpus = int(free.get("GPU", 0)) if recipe.device != "cpu" else 0
        workers = gpus or int(free.get("CPU", 0))
        if not workers:
            raise UserError(f"The Ray cluster at {address} has no free core; wait for its other work to end.")
        cluster = Cluster(ray, recipe, look, workers, 1.0 if gpus else 0.0)
        try:
            cluster.start()
            yield cluster
        finally:
            cluster.close()
    finally:
        ray.shutdown()


def _check_address(address: str) -> None:
    """Raise UserError where nobody answers: Ray itself would try for minutes."""
    host, _, port = address.removeprefix("ray://").rpartition(":")
    if not port.isdigit() or not host:
        if address in ("auto", "local"):
            return
        raise UserError(
            f"'{address}' is no address of a Ray cluster; --ray takes one such as 192.168.1.5:6379."
        )
    try:
        socket.create_connection((host, int(port)), ANSWER_SECONDS).close()
    except (OSError, OverflowError) as error:
        raise UserError(
            f"There is no Ray cluster at {address} ({error}); start one with `ray start`."
        ) from error


def _connect(ray: Any, address: str | None) -> None:
    if address is not None:
        _check_address(address)
    quiet = {"log_to_driver": False, "logging_level": logging.ERROR}
    # Ray takes this signal for itself and prints its stack; the command ends in good order.
    handler = signal.getsignal(signal.SIGTERM)
    try:
        if address is not None:
            ray.init(address=address, **quiet)
        else:
            ray.init(
                address="local",
                num_cpus=usable_cores(),
                object_store_memory=OBJECT_STORE_BYTES,
                include_dashboard=False,
                **quiet,
            )
    except (ConnectionError, ValueError, RuntimeError, OSError) as error:
        where = f"The Ray cluster at {address}" if address else "Ray on this machine"
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0].rstrip(".")
        token = f" {TOKEN}" if address else ""
        raise UserError(f"{where} cannot be reached ({reason}).{token}") from error
    finally:
        if handler is not None and threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGTERM, handler)


def _keep(part: Part, folder: Path, segment: Segment) -> Rendered:
    """Write a part's files where a conversion on this machine would have; the JSON last: then it counts."""
    for path, content in (
        (video_path(folder, segment.index), part.video),
        (told_path(folder, segment.index), part.told),
    ):
        if content:
            partial = path.with_name(f"{path.name}.part")
            partial.write_bytes(content)
            partial.replace(path)
    told = read_rendered(folder, segment.index)
    assert told is not None  # written just now
    return told


class _Count:
    """Frames of all segments, added by several threads."""

    def __init__(self, progress: Progress | None) -> None:
        self._progress, self._lock, self._done = progress, threading.Lock(), 0

    def add(self, frames: int) -> None:
        with self._lock:
            self._done += frames
            if self._progress is not None:
                self._progress(self._done, None)
