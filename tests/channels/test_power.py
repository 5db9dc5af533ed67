"""Unit energy for each example, over the symbols that it uses."""

import pytest
import torch
from torch import Tensor

from semlink.channels.power import normalise_power
from semlink.seeding import generator_for


def random_symbols(batch: int, uses: int, dtype: torch.dtype = torch.complex64) -> Tensor:
    return torch.randn(batch, uses, dtype=dtype, generator=generator_for("symbols"))


def energy_of_each(symbols: Tensor, mask: Tensor) -> list[float]:
    return [row[used].abs().square().mean().item() for row, used in zip(symbols, mask, strict=True)]


@pytest.mark.parametrize("scale", [1e-25, 1e-3, 0.5, 1.0, 7.0, 1e25])
def test_every_example_gets_unit_energy_at_any_scale(scale: float) -> None:
    mask = torch.ones(4, 33, dtype=torch.bool)
    sent = normalise_power(scale * random_symbols(4, 33), mask)
    assert energy_of_each(sent, mask) == pytest.approx([1.0] * 4, abs=1e-5)


def test_examples_are_normalised_one_by_one_and_keep_their_shape() -> None:
    symbols, mask = random_symbols(3, 20), torch.ones(3, 20, dtype=torch.bool)
    sent = normalise_power(symbols * torch.tensor([[0.01], [1.0], [100.0]]), mask)
    torch.testing.assert_close(sent, normalise_power(symbols, mask))
    ratio = sent / symbols
    torch.testing.assert_close(ratio, ratio[:, :1].expand_as(ratio))


@pytest.mark.parametrize("padding", [1e3, float("nan")])
def test_padding_counts_in_neither_power_nor_symbols(padding: float) -> None:
    symbols, mask = random_symbols(5, 40), torch.rand(5, 40, generator=generator_for("mask")) < 0.3
    sent = normalise_power(torch.where(mask, symbols, padding), mask)
    assert energy_of_each(sent, mask) == pytest.approx([1.0] * 5, abs=1e-5)
    assert not sent[~mask].any()


def test_silence_stays_silence_with_finite_gradients() -> None:
    symbols = random_symbols(3, 8)
    symbols[0] = 0
    symbols.requires_grad_()
    mask = torch.ones(3, 8, dtype=torch.bool)
    mask[1] = False
    sent = normalise_power(symbols, mask)
    torch.autograd.backward(sent.abs().sum())
    assert not sent[:2].any()
    assert symbols.grad is not None
    assert torch.isfinite(torch.view_as_real(symbols.grad)).all()


def test_gradient() -> None:
    mask = torch.tensor([[True] * 5, [True, False, True, True, False]])
    symbols = random_symbols(2, 5, torch.complex128).requires_grad_()
    assert torch.autograd.gradcheck(lambda values: normalise_power(values, mask), symbols)
