"""ImagePool: earlier results, shown to the discriminator again so that it does not forget."""

from __future__ import annotations

import torch


class ImagePool:
    """Keeps up to ``size`` results (CycleGAN, section 4; Shrivastava et al., CVPR 2017, section 2.3)."""

    def __init__(self, size: int, seed: int) -> None:
        self._size = size
        self._random = torch.Generator().manual_seed(seed)
        self.pictures: list[torch.Tensor] = []

    def exchange(self, batch: torch.Tensor) -> torch.Tensor:
        """A batch of the same shape: each picture the given one or, at even odds, an earlier one for it."""
        if self._size == 0:
            return batch
        result = []
        for picture in batch.detach():
            if len(self.pictures) < self._size:
                self.pictures.append(picture.clone())
                result.append(picture)
            elif torch.rand((), generator=self._random).item() < 0.5:
                place = int(torch.randint(len(self.pictures), (), generator=self._random).item())
                result.append(self.pictures[place])
                self.pictures[place] = picture.clone()
            else:
                result.append(picture)
        return torch.stack(result)

    @property
    def random_state(self) -> torch.Tensor:
        return self._random.get_state()

    def restore(self, pictures: list[torch.Tensor], random_state: torch.Tensor) -> None:
        """Go on where another pool stopped."""
        self.pictures = pictures
        self._random.set_state(random_state)
