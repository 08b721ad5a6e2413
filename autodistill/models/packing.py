"""Where the real tokens of a batch are.

Letters: B examples, T tokens, S real tokens of the batch, H heads, K width of a head, N rows of the
grid (example, head, token).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property

from autodistill.lazy import torch


class Packing:
    """Where the real tokens of a batch are: in a row, S, and on the grid (B, T)."""

    def __init__(self, mask_BT: torch.Tensor, heads: int) -> None:
        self.size, self.heads = mask_BT.shape, heads
        self.where_S = mask_BT.flatten().nonzero()[:, 0]
        self.full = len(self.where_S) == mask_BT.numel()
        self._mask_BT = mask_BT
        self._rows: dict[tuple[str, int], torch.Tensor] = {}

    @cached_property
    def firsts(self) -> torch.Tensor:
        """Where each example's first token is among the real ones, (B,)."""
        lengths_B = self._mask_BT.sum(dim=1)
        return lengths_B.cumsum(dim=0) - lengths_B

    @cached_property
    def bias(self) -> torch.Tensor:
        """What is added to scores, (B, 1, 1, T), so that nothing attends to padding."""
        return torch.zeros_like(self._mask_BT, dtype=torch.float32).masked_fill_(
            ~self._mask_BT, -torch.inf
        )[:, None, None]

    @cached_property
    def _slots(self) -> torch.Tensor:
        """The real token of each place on the grid, (B, T); at padding any other one."""
        slot = self._mask_BT.flatten().cumsum(dim=0).sub_(1).clamp_(min=0)
        return slot.view(self.size)

    @cached_property
    def _pads(self) -> torch.Tensor:
        B, T = self.size
        pads_BHT = (~self._mask_BT)[:, None].expand(B, self.heads, T)
        return pads_BHT.flatten().nonzero()[:, 0]

    def split(self, packed_SC: torch.Tensor, parts: int) -> torch.Tensor:
        """Return (parts, B H, T, K) of tokens that have so many parts of H heads each.

        At padding there are the values of some other token.
        """
        (B, T), H = self.size, self.heads
        width = packed_SC.shape[1] // parts // H
        grid = packed_SC.view(-1, width).index_select(0, self._once(self._split_rows, parts))
        return grid.view(parts, B * H, T, width)

    def split_gradient(self, packed_SC: torch.Tensor) -> torch.Tensor:
        """Return (B H, T, K) of one part, zero at padding."""
        grid = self.split(packed_SC, 1)[0]
        if not self.full:
            grid.flatten(0, 1).index_fill_(0, self._pads, 0)
        return grid

    def merged(self, grid: torch.Tensor) -> torch.Tensor:
        """Return the real tokens, (S, parts H K), of (parts, B H, T, K)."""
        rows = grid.view(-1, grid.shape[-1]).index_select(
            0, self._once(self._merged_rows, grid.shape[0])
        )
        return rows.view(len(self.where_S), -1)

    def _split_rows(self, parts: int) -> torch.Tensor:
        part, head = (torch.arange(n, device=self.where_S.device) for n in (parts, self.heads))
        slot = self._slots[None, :, None, :] * parts + part[:, None, None, None]
        return (slot * self.heads + head[None, None, :, None]).flatten()

    def _merged_rows(self, parts: int) -> torch.Tensor:
        B, T = self.size
        example, time = self.where_S // T, self.where_S % T
        part, head = (torch.arange(n, device=self.where_S.device) for n in (parts, self.heads))
        lane = part[None, :, None] * B + example[:, None, None]
        return ((lane * self.heads + head[None, None]) * T + time[:, None, None]).flatten()

    def packed(self, states_BTD: torch.Tensor) -> torch.Tensor:
        """Return the real tokens of a grid."""
        flat = states_BTD.flatten(0, 1)
        return flat if self.full else flat.index_select(0, self.where_S)

    def padded(self, states_SD: torch.Tensor) -> torch.Tensor:
        """Return real tokens on the grid, zero at padding."""
        if not self.full:
            blank = states_SD.new_zeros(self._mask_BT.numel(), states_SD.shape[1])
            states_SD = blank.index_copy(0, self.where_S, states_SD)
        return states_SD.view(*self.size, -1)

    def _once(self, make: Callable[[int], torch.Tensor], parts: int) -> torch.Tensor:
        key = (make.__name__, parts)
        if key not in self._rows:
            self._rows[key] = make(parts)
        return self._rows[key]
