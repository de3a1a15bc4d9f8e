"""A bar over epochs."""

from __future__ import annotations

from typing import Any

from skorch.callbacks import Callback
from tqdm import tqdm


class ProgressBar(Callback):
    """One bar over epochs a part of fit, with the losses in units of the prior."""

    hears_all_parts = True

    def on_train_begin(self, net: Any, **kwargs: Any) -> None:
        """Open the bar."""
        self._bar = tqdm(desc=net.part, total=net.max_epochs, unit="epoch")

    def on_epoch_end(self, net: Any, **kwargs: Any) -> None:
        """Move the bar by one epoch."""
        row = net.history[-1]
        losses = {key: row[key] for key in ("train_loss", "valid_loss") if key in row}
        self._bar.set_postfix({key: f"{value:.4f}" for key, value in losses.items()})
        self._bar.update()

    def on_train_end(self, net: Any, **kwargs: Any) -> None:
        """Close the bar."""
        self._bar.close()
        del self._bar
