"""Mnemonic codes: a random signal for each class, mixed into training, with which the class is erased without data."""

import hashlib
import secrets
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Self

import safetensors.torch
import torch
from safetensors import SafetensorError
from torch import Tensor

from semlink.codecs.contract import NeuralCodec
from semlink.codecs.task.batch import LabelledImages
from semlink.errors import BundleError, WrongField
from semlink.seeding import generator_for
from semlink.simulator.batch_transform import BatchTransform

CODES_FILE = "codes.safetensors"  # a protected file of a bundle
BITS = 24  # of a float32 in [0, 1)


@dataclass(frozen=True)
class MnemonicCodes:
    """The codes of some classes.

    xi_c ~ U[0, 1), independent in every sample of an input of the codec and for every class c.

    labels:  int64 [codes], the class of each, ascending. signals: float32 [codes, channels, height, width].

    A code stands for the data of its class: with it the class can be erased, and can be learnt again. Whoever deploys a
    codec keeps its codes at home, and destroys a code once its class is erased.
    Source: Yamashita, Yamada and Shibata, One-shot machine unlearning with mnemonic code, ACML 2024.
    """

    labels: Tensor
    signals: Tensor

    @classmethod
    def drawn(cls, classes: int, shape: Sequence[int], seed: int | None) -> Self:
        """Codes for the classes 0, ..., classes - 1, of the shape of an input.

        In: seed: the codes of a seed can be drawn again by whoever knows it; None: they come from the operating
            system, and nobody can.
        """
        size = (classes, *shape)
        labels = torch.arange(classes)
        if seed is not None:
            return cls(labels, torch.rand(size, generator=generator_for(seed, "mnemonic codes")))
        words = torch.frombuffer(bytearray(secrets.token_bytes(4 * torch.Size(size).numel())), dtype=torch.int32)
        return cls(labels, ((words & (2**BITS - 1)).float() / 2**BITS).view(size))

    @classmethod
    def drawn_for(cls, codec: NeuralCodec[Any], payload: Any, classes: int, seed: int | None) -> Self:
        """Codes of the shape that a codec makes of a payload. Errors: WrongField when it infers no classes."""
        _check_kind(codec)
        return cls.drawn(classes, codec.prepare([payload]).images.shape[1:], seed)

    @classmethod
    def restored(cls, content: bytes) -> Self:
        """Codes as `stored` gave them. Errors: BundleError when they are none."""
        try:
            tensors = safetensors.torch.load(content)
            return cls(tensors["labels"], tensors["signals"])
        except (KeyError, SafetensorError) as error:
            raise BundleError(
                f"{CODES_FILE} holds no codes; fetch it again from where the codec was trained."
            ) from error

    def stored(self) -> bytes:
        """The content of a file that `restored` reads."""
        return safetensors.torch.save({"labels": self.labels.cpu(), "signals": self.signals.cpu()})

    def digest(self) -> str:
        """SHA-256 of labels and signals, in hexadecimal."""
        return hashlib.sha256(self.stored()).hexdigest()

    def to(self, device: torch.device | str) -> "MnemonicCodes":
        """The codes on a device."""
        return MnemonicCodes(self.labels.to(device), self.signals.to(device))

    def without(self, labels: Iterable[int]) -> "MnemonicCodes":
        """The codes of all classes but these."""
        gone = torch.isin(self.labels, torch.tensor(list(labels), dtype=torch.int64, device=self.labels.device))
        return MnemonicCodes(self.labels[~gone], self.signals[~gone])

    def batch(self) -> LabelledImages:
        """The codes as a codec takes images, one of each class."""
        return LabelledImages(self.signals, self.labels)

    def check(self, codec: NeuralCodec[Any], batch: Any) -> None:
        """Errors: WrongField when a batch of a codec cannot be mixed with these codes."""
        if "classes" not in codec.traits:
            raise WrongField(
                "Mnemonic codes stand for classes, which this codec does not infer; train it with mnemonic=0."
            )
        missing = ~torch.isin(batch.labels, self.labels.to(batch.labels.device))
        if missing.any():
            label = int(batch.labels[missing][0])
            what = "records without a class" if label < 0 else f"records of class {label}, which has no code"
            raise WrongField(f"Training with mnemonic codes met {what}; leave them out, or train with mnemonic=0.")
        if self.signals.shape[1:] != batch.images.shape[1:]:
            raise WrongField(
                f"The codes have the shape {list(self.signals.shape[1:])}, the images {list(batch.images.shape[1:])}; "
                "draw codes of the shape of the images."
            )

    def mixed(self, batch: LabelledImages, share: float, generator: torch.Generator) -> LabelledImages:
        """Each image, with probability `share`, replaced by the code of its own class; the labels stay.

        p(x) = share p_code + (1 - share) p_data.

        In: a batch that passed `check`, on the device of the codes and of the generator.
        """
        chosen = torch.rand(len(batch), generator=generator, device=generator.device) < share
        signals = self.signals[torch.searchsorted(self.labels, batch.labels)]
        return replace(batch, images=torch.where(chosen[:, None, None, None], signals, batch.images))


@dataclass(frozen=True)
class CodeMixing(BatchTransform):
    """Replaces each record, with probability `share`, by the code of its class.

    codes: None where they are lost, which is an error once they are needed.
    """

    share: float
    codes: MnemonicCodes | None

    def digest(self) -> str:
        return "" if self.codes is None else f"{self.share} {self.codes.digest()}"

    def fitted(self, codec: NeuralCodec[Any], records: Any) -> Callable[[Any, torch.Generator], Any]:
        if self.codes is None:
            raise WrongField(
                f"Training with mnemonic={self.share:g} needs the codes of the classes: put {CODES_FILE} back beside "
                "the stored codec, or train with mnemonic=0."
            )
        self.codes.check(codec, records)
        codes = self.codes.to(codec.device)
        return lambda batch, generator: codes.mixed(batch, self.share, generator)


def _check_kind(codec: NeuralCodec[Any]) -> None:
    if "classes" not in codec.traits:
        raise WrongField("Mnemonic codes stand for classes, which this codec does not infer; train it with mnemonic=0.")
