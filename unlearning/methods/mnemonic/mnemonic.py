"""One-shot unlearning with mnemonic codes: a class is erased in a second, with one stored signal for each class."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from semlink.channels.contract import Reception
from semlink.codecs.contract import NeuralCodec, Trait
from semlink.errors import ErasureError
from semlink.seeding import generator_for
from semlink.unlearning.contract import Erasure, ErasureContext, Method, Partition, Reads
from semlink.unlearning.methods.mnemonic.codes import CODES_FILE, MnemonicCodes
from semlink.unlearning.methods.parts.checks import check_numbers
from semlink.unlearning.methods.parts.descent import End, end_parameters, send

FLOOR = 1e-16  # of a squared gradient


@dataclass(frozen=True)
class Mnemonic(Method):
    """Moves the weights that matter for the codes of the erased classes and not for those of the others, all at once.

    With f_i(c) = (d loss(xi_c) / d w_i)^2 + 1e-16 for the code xi_c of class c and its true label:
        eta_i   = mean of f_i over the erased classes / mean of f_i over the others
        alpha_l = min(scale, cap / max over i in l of eta_i)     for each parameter tensor l
        w_i     = w_i + alpha_l eta_i      or      w_i - alpha_l eta_i, with one sign for all
    Kept is the sign with more right answers to the codes of the others and wrong ones to those of the erased. No weight
    moves further than `cap`. Running averages of batch normalisation stay as they are.

    It takes away the answer, nearly all of it in the last layer; the representation keeps the class. Where the receiver
    has a hidden layer, the defaults erase some classes at no cost, and leave others or damage the rest; answers to
    codes do not always show which (`experiments/studies/mnemonic.py` measures all of that). Its authors report that
    several classes at once are difficult. The codec has to be trained with codes (`training: {mnemonic: 0.1}`), from
    the beginning or for a while from a stored codec (`start`).

    Fields: scale: lambda_1, largest factor of a ratio (1e-3). cap: lambda_2, largest change of a weight (10).
            draws: transmissions of each code over the channel of training, over which f is averaged; 0: one without
            noise (0).
            end: of the link that changes ("both").
    Reads:  nothing but the codes.
    Errors: ErasureError when a code is missing, the request names no classes, or a gradient is no number.
    Source: Yamashita, Yamada and Shibata, One-shot machine unlearning with mnemonic code, ACML 2024; the defaults are
            those of its MNIST classifier.
            Differs: a channel lies between both halves of the classifier; when both signs answer alike, the lower loss
            on the codes of the other classes decides.
    """

    scale: float = 1e-3
    cap: float = 10.0
    draws: int = 0
    end: End = "both"

    name: ClassVar[str] = "mnemonic"
    reads: ClassVar[tuple[Reads, ...]] = ()
    needs: ClassVar[frozenset[Trait]] = frozenset({"classes"})

    def __post_init__(self) -> None:
        check_numbers(self, positive=("scale", "cap"), not_negative=("draws",))

    def carry_out(self, erasure: Erasure) -> NeuralCodec[Any]:
        erased, context = erasure.erased, erasure.context
        lost, kept = (codes.to(erased.device) for codes in _divided(erasure.partition, context))
        learning = end_parameters(erased, self.end)
        before = [parameter.detach().clone() for parameter in learning]
        for_lost, for_kept = (self.importance(erased, learning, codes, context) for codes in (lost, kept))
        changes = [self.change(of_lost, of_kept) for of_lost, of_kept in zip(for_lost, for_kept, strict=True)]
        if not all(change.isfinite().all() for change in changes):
            raise ErasureError("mnemonic met a gradient that is no number; train the codec again.")
        answers = {}
        for sign in (1, -1):
            _move(learning, before, changes, sign)
            answers[sign] = _answer(erased, lost, kept)
        sign = max(answers, key=lambda each: (answers[each].right + answers[each].wrong, -answers[each].loss))
        _move(learning, before, changes, sign)
        passes = max(1, self.draws) * (len(lost.labels) + len(kept.labels))
        erasure.steps += passes
        erasure.samples += passes
        erasure.notes |= {
            "sign": "plus" if sign > 0 else "minus",
            "largest_change": max(change.abs().max().item() for change in changes),
            "retained_codes_right": answers[sign].right,
            "erased_codes_wrong": answers[sign].wrong,
        }
        if answers[sign].right + answers[sign].wrong < 2:
            erasure.notes["warning"] = "not all codes are answered as they should be; try another scale and cap"
        return erased

    def importance(
        self, codec: NeuralCodec[Any], parameters: Sequence[nn.Parameter], codes: MnemonicCodes, context: ErasureContext
    ) -> list[Tensor]:
        """f of each weight, its mean over codes and draws; one backward pass for each of these."""
        totals = [torch.zeros_like(parameter) for parameter in parameters]
        passes = max(1, self.draws) * len(codes.labels)
        batch = codes.batch()
        for index, label in enumerate(codes.labels.tolist()):
            code = batch[torch.tensor([index], device=codec.device)]
            for draw in range(max(1, self.draws)):
                if self.draws:
                    generator = generator_for(context.seed, "mnemonic", label, draw, device=codec.device)
                    reception = send(codec, code, context, generator).reception
                else:
                    reception = _without_noise(codec, code)
                loss = codec.loss(code, reception).sum()
                gradients = torch.autograd.grad(loss, parameters, allow_unused=True)
                for total, gradient in zip(totals, gradients, strict=True):
                    total += FLOOR / passes if gradient is None else (gradient.square() + FLOOR) / passes
        return totals

    def change(self, of_lost: Tensor, of_kept: Tensor) -> Tensor:
        """alpha eta of one parameter tensor, from f of the erased classes and f of the others."""
        ratio = of_lost / of_kept
        return min(self.scale, self.cap / ratio.max().item()) * ratio


@dataclass(frozen=True)
class _Answer:
    """Shares of right answers to the codes of other classes and of wrong ones to erased codes; loss of the others."""

    right: float
    wrong: float
    loss: float


@torch.no_grad()
def _answer(codec: NeuralCodec[Any], lost: MnemonicCodes, kept: MnemonicCodes) -> _Answer:
    right, wrong = (
        (codec.decode(_without_noise(codec, codes.batch())).argmax(dim=1) == codes.labels).double().mean().item()
        for codes in (kept, lost)
    )
    batch = kept.batch()
    loss = codec.loss(batch, _without_noise(codec, batch)).mean().item()
    return _Answer(right, 1 - wrong, math.inf if math.isnan(loss) else loss)


def _without_noise(codec: NeuralCodec[Any], batch: Any) -> Reception:
    """A reception that is what was sent, of the mean of the posterior."""
    frame = codec.encode(batch)
    return Reception(frame.symbols, torch.zeros(len(batch), 1, device=codec.device), frame.mask)


@torch.no_grad()
def _move(parameters: Sequence[nn.Parameter], before: Sequence[Tensor], changes: Sequence[Tensor], sign: int) -> None:
    for parameter, value, change in zip(parameters, before, changes, strict=True):
        parameter.copy_(value + sign * change)


def _divided(partition: Partition, context: ErasureContext) -> tuple[MnemonicCodes, MnemonicCodes]:
    """The codes of the classes to erase, and the others. Errors: ErasureError."""
    if not partition.labels:
        raise ErasureError("mnemonic erases whole classes; select by label, or choose another method.")
    if context.codes is None:
        raise ErasureError(
            f"mnemonic needs the codes of the classes: put {CODES_FILE} back beside the stored codec, or train one "
            "with mnemonic=0.1."
        )
    kept = context.codes.without(partition.labels)
    lost = context.codes.without(kept.labels.tolist())
    if len(lost.labels) < len(set(partition.labels)):
        raise ErasureError(
            "mnemonic has no code of a class that the request names, so that class was erased before; name others."
        )
    if not len(kept.labels):
        raise ErasureError("mnemonic has no codes of other classes to keep; choose another method.")
    return lost, kept
