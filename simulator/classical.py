"""The classical codecs that a sweep compares with neural ones, as a user writes them: `digital:webp`, `limit:ngram`."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np
import torch

from semlink.codecs.contract import Codec
from semlink.codecs.digital.budget import Budget, for_each_sample, for_each_word, same_as
from semlink.codecs.digital.codec import DigitalCodec
from semlink.codecs.digital.compression import COMPRESSORS
from semlink.codecs.digital.compression.contract import Compressor
from semlink.codecs.digital.language.contract import LanguageModel
from semlink.codecs.digital.modulation_and_coding import LADDER, mcs_named
from semlink.codecs.text.tokenizer import TextTokenizer
from semlink.errors import RecipeError, WrongField
from semlink.registry import build, choose, parse
from semlink.simulator.capacity import check_error_rate, limit_snr_db
from semlink.simulator.intervals import Interval, bootstrap_interval
from semlink.simulator.link_adaptation import Adaptive, CapacityLimit, CsiAtTransmitter, ErrorRates, Fixed, LinkPolicy

ADAPTED = "adapted"


@dataclass(frozen=True)
class Digital:
    """Compressor, 5G LDPC code and QAM: a link as an engineer would build it from standards.

    compressor:      the source coder.
    mcs:             modulation and code rate, such as 16qam-1/2; "adapted": chosen for each Es/N0 before the test, from
                     measured block error rates.
    target:          the block error rate that a choice may have at most.
    knowledge:       what the sender knows of the link: the "average" Es/N0, or the "instantaneous" fades.
    bandwidth_ratio: channel uses / samples of an image. uses_per_word: channel uses / words and marks of a sentence. By
                     default each record gets the channel uses of the neural codec that it stands beside.
    Errors: WrongField, UnknownName.
    """

    compressor: str
    mcs: str = ADAPTED
    target: float = 0.1
    knowledge: CsiAtTransmitter = "average"
    bandwidth_ratio: float | None = None
    uses_per_word: float | None = None

    def __post_init__(self) -> None:
        _check(self)
        if self.mcs != ADAPTED:
            mcs_named(self.mcs)
        if not 0 < self.target < 1:
            raise WrongField(f"target cannot be {self.target}; give a block error rate between 0 and 1.")

    def policy(self, errors: Callable[[], ErrorRates]) -> LinkPolicy:
        """How modulation and code rate are chosen."""
        return Adaptive(errors(), self.target, self.knowledge) if self.mcs == ADAPTED else Fixed()


@dataclass(frozen=True)
class Limit:
    """The same compressor with an ideal code: what separate source and channel coding could reach.

    compressor: the source coder.
    error_rate: 0: codes of any length; otherwise the limit of blocks of these lengths, at this block error rate.
    knowledge:  "average": a code over all fades (ergodic capacity); "instantaneous": over each record's own.
    bandwidth_ratio, uses_per_word: as for `digital`.
    Errors: WrongField, UnknownName.
    """

    compressor: str
    error_rate: float = 0.0
    knowledge: CsiAtTransmitter = "average"
    bandwidth_ratio: float | None = None
    uses_per_word: float | None = None

    def __post_init__(self) -> None:
        _check(self)
        check_error_rate(self.error_rate)

    def policy(self, errors: Callable[[], ErrorRates]) -> LinkPolicy:
        """An ideal code, which needs no measured errors."""
        return CapacityLimit(self.error_rate, self.knowledge)


@dataclass(frozen=True)
class Bound:
    """The Es/N0 from which the capacity suffices for the information of the sentences, by a language model.

    It is one number, not a curve.

    model:         "transformer", trained on the same sentences as the codec beside it, or "ngram".
    steps:         of the training of a transformer.
    error_rate:    as for `limit`. uses_per_word: as for `digital`.
    Errors: WrongField.
    """

    model: Literal["transformer", "ngram"] = "transformer"
    steps: int = 1500
    error_rate: float = 0.0
    uses_per_word: float | None = None

    compressor: ClassVar[str] = "five-bit"  # nothing is compressed; it defines what words are
    bandwidth_ratio: ClassVar[None] = None

    def __post_init__(self) -> None:
        _check(self)
        check_error_rate(self.error_rate)
        if self.steps < 1:
            raise WrongField(f"steps cannot be {self.steps}; give at least 1.")


Plan = Digital | Limit | Bound
CLASSICAL: Mapping[str, Callable[..., Plan]] = {"digital": Digital, "limit": Limit, "bound": Bound}


def classical_from(text: str) -> Plan:
    """The codec that the command line calls `text`. Errors: UnknownName, WrongField."""
    name, fields = parse(text)
    return build("classical codec", CLASSICAL, name, fields)


def limit_of(
    codec: DigitalCodec, model: LanguageModel, payloads: Sequence[str], channel_name: str, error_rate: float
) -> Interval:
    """The Es/N0 in dB from which all sentences could arrive without loss: capacity x uses = cross-entropy.

    The interval is over sentences: what they need for each channel use, resampled.
    """
    batch = codec.prepare(payloads)
    bits, uses = model.cross_entropy(batch.payloads), batch.uses.double()
    both = np.stack([bits, uses.cpu().numpy()], axis=1)
    need = bootstrap_interval(both, lambda mean: {"ratio": mean[..., 0] / mean[..., 1]})["ratio"]
    value, low, high = (
        limit_snr_db(channel_name, torch.from_numpy(bits) * (ratio / need.value), uses.cpu(), error_rate)
        for ratio in (need.value, need.low, need.high)
    )
    return Interval(value, low, high, need.confidence, need.n)


def classical_codec(
    plan: Plan, compressor: Compressor[Any], like: Codec[Any] | None, blank: Any, device: str
) -> DigitalCodec:
    """The codec of a plan.

    In:     compressor: of the plan's name, with what it learned. like: the codec whose channel uses it takes, and whose
            way to split words; without one, the plan has to give the channel uses, and words are in lower case.
            blank: stands for a record that did not arrive: () for sentences, the grey or colour of images.
    Errors: RecipeError when neither the plan nor another codec gives the channel uses.
    """
    reader = None
    if compressor.modality == "text":
        tokenizer = getattr(like, "tokenizer", None)
        reader = tokenizer if tokenizer is not None else TextTokenizer.learn([], "word", 2, 1, lower_case=True)
    mcs = mcs_named(plan.mcs) if isinstance(plan, Digital) and plan.mcs != ADAPTED else LADDER[0]
    return DigitalCodec(compressor, mcs, _budget(plan, reader, like), reader, blank, device)


def _budget(plan: Plan, reader: TextTokenizer | None, like: Codec[Any] | None) -> Budget:
    if reader is None and plan.bandwidth_ratio is not None:
        return for_each_sample(plan.bandwidth_ratio)
    if reader is not None and plan.uses_per_word is not None:
        return for_each_word(plan.uses_per_word, reader.words)
    if like is None:
        field = "bandwidth_ratio" if reader is None else "uses_per_word"
        raise RecipeError(
            f"A classical {plan.compressor} codec takes its channel uses from a neural codec beside it; name one, or "
            f"give {field}=NUMBER."
        )
    return same_as(like)


def _check(plan: Plan) -> None:
    """Errors: UnknownName for another compressor; WrongField for channel uses of another kind of data, or below 0."""
    modality = choose("compressor", COMPRESSORS, plan.compressor).modality
    other = "uses_per_word" if modality == "image" else "bandwidth_ratio"
    if getattr(plan, other) is not None:
        raise WrongField(f"{plan.compressor} compresses {modality}, which has no {other}; leave it out.")
    for field in ("bandwidth_ratio", "uses_per_word"):
        value = getattr(plan, field)
        if value is not None and not 0 < value < 1e6:
            raise WrongField(f"{field} cannot be {value}; give a number above 0.")
