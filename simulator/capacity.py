"""The limits of separate source and channel coding: bits that a channel carries, by Shannon or in short blocks."""

import math
from functools import lru_cache

import torch
from scipy.optimize import brentq
from scipy.stats import norm
from torch import Tensor

from semlink.channels import CHANNELS, channel_of, name_of
from semlink.channels.contract import Channel, Frame, Reception
from semlink.errors import WrongField
from semlink.seeding import generator_for
from semlink.simulator.measure import Measure, by_name

DRAWS, USES = 2000, 144  # of the mean over fades: below 0.5 % of standard error over Rayleigh fading in blocks
SEARCHED = (-30.0, 60.0)  # Es/N0 in dB between which a limit is looked for
LOG2_E = math.log2(math.e)
MEASURES = by_name(
    Measure(
        "limit_snr_db",
        "dB",
        "lower",
        "Limit of lossless transmission",
        "the Es/N0 from which all could arrive",
        "Es/N0 from which capacity x channel uses reaches the bits that the records have under a language model",
        scale="free",
        interval="bootstrap",
    ),
)


def usable_snr(reception: Reception) -> Tensor:
    """Signal-to-noise ratio that a decoder meets at each use, not in dB: float64 [batch, uses], 0 where unused."""
    bias, variance = reception.bias.to(torch.complex128), reception.noise_variance.double()
    noise = (variance - (bias - 1).abs().square()).clamp_min(1e-12)
    return (bias.abs().square() / noise).expand(reception.mask.shape) * reception.mask


def effective_snr_db(reception: Reception) -> Tensor:
    """The Es/N0 in dB at which AWGN would carry as much as the uses of an example did on average: float64 [batch]."""
    uses = reception.mask.sum(dim=1).clamp_min(1)
    mean = torch.log2(1 + usable_snr(reception)).sum(dim=1) / uses
    return 10 * torch.log10((2**mean - 1).clamp_min(1e-30))


def carried_bits(reception: Reception, error_rate: float) -> Tensor:
    """Bits that the best code could carry over the fades and noise level of each example: float64 [batch].

    With error_rate 0 the mutual information, sum of C(snr) = log2(1 + snr) over the uses, for blocks of any length.
    Otherwise the normal approximation for blocks of these lengths at that block error rate:
        sum C - sqrt(sum V) Q^-1(error_rate) + log2(uses) / 2,  V(snr) = (1 - 1 / (1 + snr)^2) log2(e)^2.

    Source: Polyanskiy, Poor and Verdu, Channel Coding Rate in the Finite Blocklength Regime, 2010, eq. (1) and (296),
            with a complex use as two real ones.
    """
    snr = usable_snr(reception)
    uses = reception.mask.sum(dim=1)
    return bits_of(uses, torch.log2(1 + snr).sum(dim=1), _dispersion(snr).sum(dim=1), error_rate)


def bits_of(uses: Tensor, information: Tensor, dispersion: Tensor, error_rate: float) -> Tensor:
    """The formula of `carried_bits` from the sums of C and V over the uses; never below 0."""
    if error_rate == 0:
        return information
    penalty = float(norm.isf(error_rate)) * dispersion.sqrt()
    return (information - penalty + uses.clamp_min(1).double().log2() / 2).clamp_min(0)


def mean_information(channel: str | Channel, snr_db: float) -> tuple[float, float]:
    """C and V of a channel use in bits and bits^2, averaged over many fades: what a code that spans them all can use.

    Over AWGN C is Shannon's formula; over Rayleigh fading it is the ergodic capacity with perfect CSI at the receiver.
    Over several transmit antennas it is what a linear receiver leaves, which is less than the capacity of the array.

    In: channel: an object or its canonical name.
    """
    registered = not isinstance(channel, str) and CHANNELS.name_of(type(channel)) is not None
    return _mean_information(name_of(channel) if registered else channel, snr_db)


@lru_cache(maxsize=4096)
def _mean_information(channel: str | Channel, snr_db: float) -> tuple[float, float]:
    """As `mean_information`. Equal channels share a result by their name, other classes have one for each object."""
    name = channel if isinstance(channel, str) else name_of(channel)
    shape = (DRAWS, USES)
    frame = Frame(torch.ones(shape, dtype=torch.complex64), torch.ones(shape, dtype=torch.bool))
    reception = channel_of(channel)(frame, snr_db, generator_for("mean information", name))
    snr = usable_snr(reception)
    return torch.log2(1 + snr).mean().item(), _dispersion(snr).mean().item()


def limit_snr_db(channel: str | Channel, bits: Tensor, uses: Tensor, error_rate: float) -> float:
    """The Es/N0 in dB from which a code over all fades could carry the bits of some records in their channel uses.

    In:  channel: an object or its canonical name.
         bits, uses: float64 [records]. Their sums are compared, as if records shared their channel uses.
    Out: inf where even 60 dB do not suffice, -inf where -30 dB do.
    Errors: WrongField when error_rate is not in [0, 0.5).
    """
    check_error_rate(error_rate)

    def surplus(snr_db: float) -> float:
        information, dispersion = mean_information(channel, round(snr_db, 3))
        carried = bits_of(uses, uses * information, uses * dispersion, error_rate)
        return float(carried.sum() - bits.sum())

    low, high = (surplus(point) for point in SEARCHED)
    if low > 0 or high < 0:
        return -math.inf if low > 0 else math.inf
    return round(float(brentq(surplus, *SEARCHED, xtol=1e-2)), 2)


def check_error_rate(error_rate: float) -> None:
    """Errors: WrongField when a block error rate is not in [0, 0.5)."""
    if not 0 <= error_rate < 0.5:
        raise WrongField(f"error_rate cannot be {error_rate}; give 0 for long blocks, or a rate below 0.5.")


def _dispersion(snr: Tensor) -> Tensor:
    return (1 - (1 + snr).square().reciprocal()) * LOG2_E**2
