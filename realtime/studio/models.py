"""The studio's models: each loaded when it is first needed, and only the styles in use kept in memory."""

from __future__ import annotations

import threading
from collections import OrderedDict

from animirror.realtime.regions import REGIONS
from animirror.realtime.segment import Segmenter, load_fine_segmenter
from animirror.realtime.stylize import Stylizer, load_stylizer
from animirror.realtime.zoo import Zoo

# The style on the screen and the one before it, to compare the two.
KEPT_STYLES = 2


class Models:
    """The zoo's segmenter and styles; may be used from several threads. ``keep``: styles held in memory.

    Raises UserError where the zoo's manifest cannot be read; loading raises it where a file is not sound.
    """

    def __init__(
        self,
        zoo: Zoo | None = None,
        device: str = "auto",
        threads: int | None = None,
        keep: int = KEPT_STYLES,
    ) -> None:
        self._zoo = zoo or Zoo()
        self._device, self._threads, self._keep = device, threads, max(1, keep)
        self._lock = threading.Lock()
        self._segmenter: Segmenter | None = None
        # The one used last stands at the end.
        self._stylizers: OrderedDict[str, Stylizer] = OrderedDict()

    @property
    def styles(self) -> tuple[str, ...]:
        return tuple(self._zoo.styles())

    @property
    def labels(self) -> tuple[str, ...]:
        """Labels of the segmenter, as its entry in the manifest says."""
        return self._zoo.default("segmentation").labels or ()

    @property
    def regions(self) -> tuple[str, ...]:
        """Names of the regions of which the segmenter knows a label."""
        known = {label.lower() for label in self.labels}
        return tuple(name for name, members in REGIONS.items() if members & known)

    @property
    def loaded(self) -> tuple[str, ...]:
        """Styles in memory, the one used last at the end."""
        with self._lock:
            return tuple(self._stylizers)

    def segmenter(self) -> Segmenter:
        with self._lock:
            if self._segmenter is None:
                self._segmenter = load_fine_segmenter(self._zoo, self._device, self._threads)
            return self._segmenter

    def stylizer(self, style: str) -> Stylizer:
        """The generator of a style; the one that was not used for longest makes room for it."""
        with self._lock:
            if style not in self._stylizers:
                # Room first: two large models at once may be one too many for the memory.
                while len(self._stylizers) >= self._keep:
                    self._stylizers.popitem(last=False)
                self._stylizers[style] = load_stylizer(self._zoo, style, self._device, self._threads)
            self._stylizers.move_to_end(style)
            return self._stylizers[style]
