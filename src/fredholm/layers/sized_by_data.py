"""Buffers whose sizes come with the data that a module is fitted to."""

from typing import Any

from torch import nn


class SizedByData(nn.Module):
    """A module that, when its state is loaded, takes the shapes of its own buffers from there."""

    def _load_from_state_dict(
        self, state_dict: dict[str, Any], prefix: str, *arguments: Any
    ) -> None:
        for name, buffer in self._buffers.items():
            stored = state_dict.get(prefix + name)
            if stored is not None and buffer is not None:
                self._buffers[name] = buffer.new_empty(stored.shape)
        super()._load_from_state_dict(state_dict, prefix, *arguments)
