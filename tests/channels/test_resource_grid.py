"""Slots, blocks, pilots, and the place of each symbol."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from semlink.channels.resource_grid import PILOT_SYMBOLS, SYMBOLS, Allocation, ResourceGrid

GRID = ResourceGrid(30, 51, "interleaved", streams=1, pilot_symbols=2)


def mask_of(*counts: int) -> Tensor:
    """Examples that use their first symbols: bool [batch, largest count]."""
    return torch.arange(max(counts)) < torch.tensor(counts).unsqueeze(1)


def test_numerology() -> None:
    """At 30 kHz a slot lasts 0.5 ms, an OFDM symbol without prefix 33.3 us."""
    assert GRID.symbol_seconds == pytest.approx(1e-3 / 30)
    assert SYMBOLS / GRID.symbol_rate == pytest.approx(0.5e-3)
    assert [ResourceGrid(30, 51, "interleaved", 1, pilots).data_elements for pilots in (1, 2, 3, 4)] == [
        156, 144, 132, 120,
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("streams", "pilot_symbols", "used", "elements", "blocks", "slots"),
    [
        (1, 2, 0, 0, 0, 0),
        (1, 2, 1, 1, 1, 1),
        (1, 2, 144, 144, 1, 1),
        (1, 2, 145, 145, 2, 1),
        (1, 2, 51 * 144, 51 * 144, 51, 1),
        (1, 2, 51 * 144 + 1, 51 * 144 + 1, 52, 2),
        (1, 4, 121, 121, 2, 1),
        (2, 2, 289, 145, 2, 1),
        (4, 1, 7, 2, 1, 1),
    ],
)
def test_grants(streams: int, pilot_symbols: int, used: int, elements: int, blocks: int, slots: int) -> None:
    grid = ResourceGrid(30, 51, "contiguous", streams, pilot_symbols)
    mask = torch.ones(2, used, dtype=torch.bool)
    assert grid.elements(mask).tolist() == [elements] * 2
    assert grid.blocks(mask).tolist() == [blocks] * 2
    assert grid.slots(mask) == slots


def test_grants_of_mixed_sizes() -> None:
    mask = mask_of(0, 1, 144, 145, 300)
    assert GRID.blocks(mask).tolist() == [0, 1, 1, 2, 3]
    placement = GRID.place(mask)
    assert placement.blocks == 3
    assert placement.block[3, :5].tolist() == [0, 1, 0, 1, 0]
    assert placement.position[3, :5].tolist() == [0, 0, 1, 1, 2]
    assert placement.block[4, :5].tolist() == [0, 1, 2, 0, 1]
    assert placement.position[2, :144].tolist() == list(range(144))
    assert placement.active.sum(dim=(1, 2)).tolist() == [0, 1, 144, 145, 300]


@settings(deadline=None)
@given(
    st.lists(st.lists(st.booleans(), min_size=40, max_size=40), min_size=1, max_size=4),
    st.integers(1, 4),
    st.integers(1, 4),
)
def test_every_symbol_has_a_place_of_its_own(rows: list[list[bool]], streams: int, pilot_symbols: int) -> None:
    """For masks of any pattern: no two symbols share stream and element, none is lost, and all are found again."""
    mask, grid = torch.tensor(rows), ResourceGrid(15, 6, "interleaved", streams, pilot_symbols)
    placement = grid.place(mask)
    if not placement.blocks:
        assert not mask.any()
        return
    symbols = torch.arange(1, mask.numel() + 1).view(mask.shape).to(torch.complex64)
    packed = placement.pack(symbols.masked_fill(~mask, torch.nan), mask)
    assert torch.equal(packed != 0, placement.active)
    assert torch.equal(placement.unpack(packed)[mask], symbols[mask])
    for example, granted in enumerate(grid.blocks(mask).tolist()):
        taken = placement.active[example].any(dim=1)
        places = torch.stack([placement.block[example], placement.position[example]])[:, taken]
        assert len(places.unique(dim=1).T) == taken.sum() == grid.elements(mask)[example]
        assert (places[0] < max(granted, 1)).all()
        assert (places[1] < grid.data_elements).all()


def test_symbols_are_spread_over_the_granted_blocks() -> None:
    """Any run of as many symbols as blocks meets them all."""
    placement = GRID.place(mask_of(1000))
    assert placement.blocks == 7
    assert all(len(set(placement.block[0, start : start + 7].tolist())) == 7 for start in range(0, 990, 13))


def test_picking_finds_the_element() -> None:
    placement = GRID.place(mask_of(300, 20))
    values = torch.arange(2 * 3 * 2 * 3 * 150.0).view(2, 3, 2, 3, 150)
    picked = placement.pick(values, torch.arange(6, 150))
    assert picked.shape == (2, 300, 3, 2)
    for example, element in ((0, 0), (0, 299), (1, 7)):
        block, position = placement.block[example, element], placement.position[example, element]
        assert torch.equal(picked[example, element], values[example, :, :, block, 6 + position])


@pytest.mark.parametrize("streams", [1, 2, 3, 4])
@pytest.mark.parametrize("pilot_symbols", PILOT_SYMBOLS)
def test_pilots_and_data_fill_a_block_without_overlap(streams: int, pilot_symbols: int) -> None:
    grid = ResourceGrid(30, 51, "interleaved", streams, pilot_symbols)
    pilots = [torch.stack(grid.pilot_places(stream), dim=1) for stream in range(streams)]
    data = torch.stack(grid.data_places(), dim=1)
    assert len(torch.cat([data, *pilots]).unique(dim=0)) == len(data) + sum(map(len, pilots)) == 168
    assert {len(own) for own in pilots} == {12 * pilot_symbols // streams}
    assert set(torch.cat(pilots)[:, 1].tolist()) == set(PILOT_SYMBOLS[pilot_symbols])


@pytest.mark.parametrize("resource_blocks", [1, 2, 24, 51, 275])
@pytest.mark.parametrize("allocation", ["interleaved", "contiguous"])
def test_order_grants_each_block_once(resource_blocks: int, allocation: Allocation) -> None:
    order = ResourceGrid(30, resource_blocks, allocation, 1, 2).order()
    assert sorted(order) == list(range(resource_blocks))


def test_interleaved_grants_lie_spread() -> None:
    assert GRID.order()[:8] == [0, 32, 16, 48, 8, 40, 24, 4]
    neighbours = torch.tensor(GRID.order()[:7]).sort().values.diff()
    assert neighbours.min() == 8


def test_frequencies_are_those_of_the_carrier() -> None:
    """51 blocks at 30 kHz are 18.36 MHz, around the carrier."""
    frequencies = GRID.frequencies()
    assert frequencies.max() - frequencies.min() == 30e3 * (51 * 12 - 1)
    assert frequencies.sum() == pytest.approx(-30e3 / 2 * 51 * 12)
    assert frequencies[1, 0] - frequencies[0, 0] == 32 * 12 * 30e3
    assert (frequencies.diff(dim=1) == 30e3).all()
