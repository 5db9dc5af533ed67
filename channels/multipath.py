"""Paths with delays: what they do at each frequency, and how far a link may trust that each subcarrier stands alone."""

import math

import torch
from torch import Tensor

from semlink.channels.profiles import Profile

SPEED_OF_LIGHT = 299_792_458.0  # m/s


def doppler_hz(speed_kmh: float, carrier_ghz: float) -> float:
    """The largest Doppler shift of a receiver at that speed: f_D = v f_c / c, in Hz."""
    return speed_kmh / 3.6 * carrier_ghz * 1e9 / SPEED_OF_LIGHT


def delays_of(profile: Profile, delay_spread_ns: float) -> Tensor:
    """Path delays in seconds for a root-mean-square delay spread in ns: float64 [paths] (TR 38.901, eq. 7.7-1)."""
    return torch.tensor(profile.delays, dtype=torch.float64) * delay_spread_ns * 1e-9


def turns(frequencies: Tensor, delays: Tensor) -> Tensor:
    """exp(-j 2 pi f tau), complex128 [*frequencies, paths], for float64 frequencies in Hz and delays in seconds."""
    return torch.exp(-2j * math.pi * frequencies.unsqueeze(-1) * delays)


def frequency_response(paths: Tensor, turned: Tensor) -> Tensor:
    """h(f, t) = sum over paths of a(t) exp(-j 2 pi f tau): one matrix product, with the delays fixed beforehand.

    In:     paths: a, complex64 [..., paths, times]. turned: from `turns`, as complex64 [frequencies, paths].
    Out:    complex64 [..., frequencies, times].
    """
    return torch.matmul(turned, paths)


def late_power(profile: Profile, delay_spread_ns: float, guard_seconds: float) -> float:
    """The share of the mean power that arrives more than `guard_seconds` after the first path."""
    fading, _ = profile.powers()
    delays = (delay * delay_spread_ns * 1e-9 for delay in profile.delays)
    return sum(power for power, delay in zip(fading, delays, strict=True) if delay > guard_seconds)


def carrier_interference(doppler: float, symbol_seconds: float) -> float:
    """The share of the power that Doppler moves from a subcarrier to its neighbours, bounded from above.

    (2 pi f_D T)^2 / 24 with the OFDM symbol T without its prefix: the bound a / 12 (2 pi f_D T)^2 with the mean a of
    (f / f_D)^2 over the Doppler spectrum, 1/2 for a ring of scatterers and less for motion in all directions.

    Source: Li and Cimini, Bounds on the interchannel interference of OFDM in time-varying impairments, IEEE
            Transactions on Communications, 2001.
    """
    return (2 * math.pi * doppler * symbol_seconds) ** 2 / 24
