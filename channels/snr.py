"""The signal-to-noise ratio: what Es/N0 in dB means, and how it relates to Eb/N0."""

import math

import torch
from torch import Tensor

from semlink.channels.snr_db import LOWEST_DB
from semlink.errors import ChannelError


def noise_variance(snr_db: float | Tensor, batch: int, device: torch.device | str) -> Tensor:
    """The noise variance of each example at a given Es/N0, for symbols of unit mean energy.

    N0 = 10 ** (-snr_db / 10), of the complex noise sample: N0 / 2 per real dimension.

    In:     snr_db: Es/N0 in dB per channel use, one number or [batch]; inf means no noise.
    Out:    float32 [batch, 1]. No gradient flows to snr_db.
    Errors: ChannelError when snr_db is not a number, below -300 dB, or of another shape.
    """
    if not isinstance(snr_db, Tensor):
        if not snr_db >= LOWEST_DB:
            raise ChannelError(_not_an_snr(snr_db))
        return torch.full((batch, 1), 10 ** (-snr_db / 10), device=device)
    if snr_db.shape not in ((), (batch,)):
        shape = tuple(snr_db.shape)
        raise ChannelError(
            f"snr_db has shape {shape}, but the batch has {batch} examples; give one number or [{batch}]."
        )
    if not bool((snr_db >= LOWEST_DB).all()):
        raise ChannelError(_not_an_snr(snr_db.min().item()))
    decibels = snr_db.detach().to(device, torch.float32)
    return (10 ** (-decibels / 10)).expand(batch).unsqueeze(1)


def eb_from_es(
    es_n0_db: float,
    bits_per_symbol: float,
    code_rate: float = 1.0,
    pilot_overhead: float = 0.0,
    prefix_overhead: float = 0.0,
) -> float:
    """Eb/N0 in dB from Es/N0 in dB: all transmitted energy over the information bits.

    Eb/N0 = Es/N0 * (1 + pilot_overhead) * (1 + prefix_overhead) / (bits_per_symbol * code_rate)

    In:     bits_per_symbol: coded bits in a data symbol. code_rate: information bits in a coded bit.
            pilot_overhead: pilot uses for one data use. prefix_overhead: cyclic-prefix samples for one sample of
            the OFDM symbol they precede.
    Errors: ChannelError when one of these has no physical meaning.
    """
    return es_n0_db + _energy_per_bit_db(bits_per_symbol, code_rate, pilot_overhead, prefix_overhead)


def es_from_eb(
    eb_n0_db: float,
    bits_per_symbol: float,
    code_rate: float = 1.0,
    pilot_overhead: float = 0.0,
    prefix_overhead: float = 0.0,
) -> float:
    """Es/N0 in dB from Eb/N0 in dB, the inverse of `eb_from_es`: same inputs, same errors."""
    return eb_n0_db - _energy_per_bit_db(bits_per_symbol, code_rate, pilot_overhead, prefix_overhead)


def _energy_per_bit_db(
    bits_per_symbol: float, code_rate: float, pilot_overhead: float, prefix_overhead: float
) -> float:
    """Transmitted energy for an information bit over the energy of a data symbol, in dB."""
    if not 0 < bits_per_symbol < math.inf:
        raise ChannelError(f"bits_per_symbol is {bits_per_symbol}; give a number above 0.")
    if not 0 < code_rate <= 1:
        raise ChannelError(f"code_rate is {code_rate}; give a number above 0 and at most 1.")
    for name, overhead in (("pilot_overhead", pilot_overhead), ("prefix_overhead", prefix_overhead)):
        if not 0 <= overhead < math.inf:
            raise ChannelError(f"{name} is {overhead}; give uses for one data use, 0 where there are none.")
    return 10 * math.log10((1 + pilot_overhead) * (1 + prefix_overhead) / (bits_per_symbol * code_rate))


def _not_an_snr(snr_db: float) -> str:
    return f"snr_db is {snr_db}; give Es/N0 in dB from {LOWEST_DB:g} up, or inf for no noise."
