"""The live session: source, filter and sinks in one pipeline, steered by the controls."""

from __future__ import annotations

import time as clock
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from animirror.realtime.config import LiveConfig
from animirror.realtime.controls import Controls, Panel
from animirror.realtime.degrade import Governor, levels
from animirror.realtime.effects import Effects
from animirror.realtime.errors import UserError
from animirror.realtime.filter import FaceFilter
from animirror.realtime.layout import plan
from animirror.realtime.pipeline import Foreground, Packet, Pipeline, Sink, Statistics, Step
from animirror.realtime.playback import LiveSource, open_source
from animirror.realtime.recording import FileSink, Recorder, keep_snapshot
from animirror.realtime.report import peak_memory_mb
from animirror.realtime.runtime import PROVIDERS, usable_cores
from animirror.realtime.segment import Segmenter, load_live_segmenter, load_segmenter
from animirror.realtime.stylize import Stylizer, load_stylizer
from animirror.realtime.vcam import VirtualCamera
from animirror.realtime.view import View
from animirror.realtime.window import LiveWindow, display_answers
from animirror.realtime.zoo import Zoo

# The HUD tells of the last so many frames, and changes so often (seconds) that it can be read.
HUD_FRAMES, HUD_SECONDS = 60, 0.25
MESSAGE_SECONDS = 4.0
NO_DISPLAY = (
    "No window can be opened: there is no display. Use --sink camera, a file or none, or set DISPLAY."
)


@dataclass(frozen=True)
class LiveReport:
    """What a session was: settings that matter, how it ran, and its figures (see pipeline.Statistics).

    ``degraded``: what is left out for speed by now (see degrade.levels); empty: nothing.
    """

    source: str
    size: str
    style: str
    models: dict[str, str]
    providers: dict[str, str]
    notes: list[str]
    threads: list[str]
    degraded: str
    peak_memory_mb: float | None
    statistics: Statistics

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


class Messages:
    """What is said to the user for a while; said and read from any thread."""

    def __init__(self) -> None:
        self._said: tuple[str, float] | None = None

    def say(self, text: str) -> None:
        self._said = text, clock.perf_counter()

    def current(self) -> str | None:
        """The last message, while it is fresh."""
        said = self._said
        return said[0] if said is not None and clock.perf_counter() - said[1] < MESSAGE_SECONDS else None


class Session:
    """A live session, built from its settings and run once.

    ``foreground``: shows the views in place of a window of ours. Raises UserError where source, models or
    sinks cannot be had; everything opened by then is closed.
    """

    def __init__(
        self, config: LiveConfig, zoo: Zoo | None = None, foreground: Foreground[View] | None = None
    ) -> None:
        zoo = zoo or Zoo()
        self._foreground = foreground
        self._config, self._messages = config, Messages()
        self._threads, model_threads = plan(usable_cores(), config.stages)
        model_threads = config.threads or model_threads
        with ExitStack() as opened:
            self._source: LiveSource = open_source(config.source, config.size, config.fps, config.loop)
            opened.callback(self._source.close)
            placed = config.device, model_threads, config.precision
            self._segmenter = load_live_segmenter(zoo, *placed)
            styles, first = style_choices(zoo, config.style)
            self._styles = LazyStylizers(zoo, styles, *placed)
            stylizer = self._styles.get(first)
            self.panel = self._panel(styles, first)
            face_filter = FaceFilter(self._segmenter, stylizer, config.filter_options())
            face_filter.prepare_for_live(config.segment_every)
            self._governor = governor(zoo, self._segmenter, config, placed, stylizer.sizes)
            effects = Effects(
                face_filter, self._styles.get, self.panel, self._messages.say, governor=self._governor
            )
            self._pipeline = self._wired(effects.steps(), opened)
            for model in (self._segmenter.session, stylizer.session):
                model.warm_up()
            opened.pop_all()

    def run(self) -> None:
        """Run until the source ends, the user quits, something fails, or :meth:`stop`."""
        self._pipeline.run()

    def stop(self) -> None:
        """End the session soon; from any thread."""
        self._pipeline.stop()

    def report(self) -> LiveReport:
        """What is known of the session by now."""
        models = {"segmenter": self._segmenter.session, **self._styles.sessions()}
        return LiveReport(
            self._config.source,
            f"{self._source.size[0]}x{self._source.size[1]}",
            self.panel.styles[self.panel.controls.style],
            {name: session.name for name, session in models.items()},
            {name: session.provider for name, session in models.items()},
            sorted({session.note for session in models.values() if session.note}),
            [" + ".join(group) for group in self._threads],
            self._eased(),
            peak_memory_mb(),
            self._pipeline.statistics(),
        )

    def choices(self) -> dict[str, Any]:
        """The settings that keys may have changed, as they are now."""
        controls = self.panel.controls
        chosen = asdict(controls.filter)
        return chosen | {
            "style": self.panel.styles[controls.style],
            "mirror": controls.mirror,
            "hud": controls.hud,
        }

    def _hud_lines(self) -> list[str]:
        told = self._pipeline.statistics(HUD_FRAMES)
        eased = self._eased()
        lines = hud_lines(told, self.panel, self.report().providers, self._threads)
        return [*lines, f"too slow, so: {eased}"] if eased else lines

    def _eased(self) -> str:
        return "" if self._governor is None else self._governor.told

    def _panel(self, styles: Sequence[str], first: int) -> Panel:
        config = self._config
        controls = Controls(config.filter_options(), style=first, mirror=config.mirror, hud=config.hud)
        return Panel(styles, self._segmenter.labels, controls)

    def _wired(self, steps: Sequence[Step], opened: ExitStack) -> Pipeline[View]:
        by_name = {step.name: step for step in steps}
        groups = [[by_name[name] for name in group] for group in self._threads]
        wanted = self._config.sink
        rate = self._config.fps or self._source.rate
        folder = Path(self._config.out_dir)
        sinks: list[Sink[View]] = []
        for name in dict.fromkeys(wanted):
            if name != "window":
                sink = open_sink(name, self._source.size, rate)
                sinks.append(sink)
                opened.callback(sink.close)
        window = self._foreground
        if "window" in wanted:
            if not display_answers():
                raise UserError(NO_DISPLAY)
            sinks.append(Recorder(folder, rate, self._messages.say))
            window = LiveWindow(
                self.panel,
                Figures(self._hud_lines),
                self._messages.current,
                lambda view: self._messages.say(keep_snapshot(view, folder)),
            )
        return Pipeline(self._source, groups, sinks, live=True, foreground=window)


class LazyStylizers:
    """Stylizers by their place among the styles, each loaded once, when it is first wanted."""

    def __init__(
        self, zoo: Zoo, styles: Sequence[str], device: str, threads: int | None, precision: str
    ) -> None:
        self._zoo, self._styles = zoo, tuple(styles)
        self._placed = device, threads, precision
        self._loaded: dict[int, Stylizer] = {}

    def get(self, index: int) -> Stylizer:
        if index not in self._loaded:
            style = self._styles[index]
            self._loaded[index] = load_stylizer(self._zoo, style, *self._placed)
        return self._loaded[index]

    def sessions(self) -> dict[str, Any]:
        return {self._styles[index]: stylizer.session for index, stylizer in list(self._loaded.items())}


class Figures:
    """The lines of the HUD, made anew at a pace that can be read."""

    def __init__(self, make: Callable[[], list[str]]) -> None:
        self._make, self._lines, self._made = make, [""], -HUD_SECONDS

    def __call__(self) -> list[str]:
        now = clock.perf_counter()
        if now - self._made >= HUD_SECONDS:
            self._made, self._lines = now, self._make()
        return self._lines


def hud_lines(
    told: Statistics, panel: Panel, providers: dict[str, str], threads: Sequence[Sequence[str]]
) -> list[str]:
    """What the HUD says, in plain ASCII."""
    chosen, style = panel.controls.filter, panel.styles[panel.controls.style]
    short = {full: name for name, full in PROVIDERS.items()}
    devices = ", ".join(dict.fromkeys(short.get(name, name) for name in providers.values()))
    lines = [
        f"{told.fps_out:.1f} of {told.fps_in:.1f} frames per second, {told.dropped} dropped",
        f"age {told.age.median:.0f} ms, p95 {told.age.p95:.0f} ms",
        ", ".join(f"{name} {spread.median:.0f}" for name, spread in told.steps.items()) + " ms",
        f"{len(threads)} threads: {' | '.join('+'.join(group) for group in threads)}; on {devices}",
        f"{style}, {' '.join(chosen.regions)}, strength {chosen.strength:.1f}",
    ]
    late = [f"{name} {sink.dropped}" for name, sink in told.sinks.items() if sink.dropped]
    return [*lines, f"dropped for {', '.join(late)}"] if late else lines


def governor(
    zoo: Zoo,
    segmenter: Segmenter,
    config: LiveConfig,
    placed: tuple[str, int, str],
    sizes: Sequence[int] = (),
) -> Governor | None:
    """What eases the work as the settings allow, smaller segmenters ready to run; None: nothing may.

    ``sizes``: that the generator draws at.
    """
    if config.degrade == "never":
        return None
    entries = zoo.smaller(zoo.default("segmentation"), segmenter.size)
    smaller = [load_segmenter(zoo, entry.name, *placed) for entry in entries]
    for eased in smaller:
        eased.session.warm_up()
    return Governor(levels(segmenter, smaller, config.segment_every, sizes))


def style_choices(zoo: Zoo, style: str | None) -> tuple[list[str], int]:
    """The styles that keys choose from, and the place of the wanted one. Raises UserError."""
    styles = zoo.styles()
    if style is None:
        return styles, styles.index(zoo.default("stylization").style or styles[0])
    zoo.for_style(style)
    if style not in styles:  # a model's own name
        styles.insert(0, style)
    return styles, styles.index(style)


def open_sink(name: str, size: tuple[int, int], rate: float) -> Sink[View]:
    """The sink that ``--sink`` names, other than a window. Raises UserError."""
    if name == "none":
        return Nowhere()
    kind, _, device = name.partition(":")
    if kind == "camera":
        sink = VirtualCamera(*size, rate, device or None)
        sink.name = name
        return sink
    if not Path(name).suffix:
        raise UserError(
            f"There is no sink '{name}'; there are window, camera, none, or a file such as a.mp4."
        )
    return FileSink(Path(name), rate)


class Nowhere:
    """The sink `none`: for measuring."""

    name = "none"

    def write(self, packet: Packet[View]) -> None:
        pass

    def close(self) -> None:
        pass
