"""An exported codec as a codec again: what another runtime computes meets the same channels and metrics."""

from abc import abstractmethod
from collections.abc import Mapping, Sequence, Set
from pathlib import Path
from typing import Any, ClassVar

import torch
from torch import Tensor

from semlink.channels.contract import Frame, Reception
from semlink.codecs.contract import Codec, Delivered, Modality, NeuralCodec
from semlink.codecs.deepsc import DeepSc
from semlink.codecs.interop.exporting import FORMATS
from semlink.codecs.interop.runner import Runner
from semlink.codecs.interop.sidecar import read_sidecar
from semlink.codecs.text import TextBatch, TextCodec
from semlink.codecs.text.tokenizer import PADDING
from semlink.errors import BundleError, CodecError


class Exported(Codec[Any]):
    """Encodes and decodes with exported files; payloads are prepared and compared as the original does it.

    runners: the exported ends by their names. singly: those that take one example at a time.
    """

    def __init__(
        self, original: NeuralCodec[Any], runners: Mapping[str, Runner], singly: Set[str] = frozenset()
    ) -> None:
        self.original, self.runners, self.singly = original, runners, singly

    @property
    def delivers(self) -> Delivered:
        return self.original.delivers

    def prepare(self, payloads: Sequence[Any]) -> Any:
        return self.original.prepare(payloads)

    def labelled(self, batch: Any, labels: Tensor) -> Any:
        return self.original.labelled(batch, labels)

    def as_metric_input(self, batch: Any) -> Any:
        return self.original.as_metric_input(batch)

    def reference(self, payloads: Sequence[Any]) -> Any:
        return self.original.reference(payloads)

    def channel_uses(self, batch: Any) -> Tensor:
        return self.original.channel_uses(batch)

    def sized(self, shape: tuple[int, ...]) -> "Exported":
        """This codec, if it takes payloads of that shape: the size of images is fixed when a codec is exported."""
        if self.original.sized(shape) is not self.original:
            raise CodecError(f"This export does not take payloads of shape {shape}; export the codec with --size.")
        return self

    def encode(self, batch: Any) -> Frame:
        symbols, used = self.run("encoder", *self.tensors(batch))
        return Frame(torch.view_as_complex(symbols), used)

    def run(self, name: str, *inputs: Tensor) -> tuple[Tensor, ...]:
        """The outputs of an end. Errors: CodecError when it was not exported."""
        if name not in self.runners:
            raise CodecError(f"The {name} of this codec was not exported; export it with: semlink export --part both.")
        batches = inputs[0].split(1) if name in self.singly else (inputs[0],)
        parts = zip(*(one.split(len(batches[0])) for one in inputs), strict=True)
        found = [self.runners[name](*(one.detach().contiguous().numpy() for one in part)) for part in parts]
        return tuple(
            torch.cat([torch.from_numpy(array.copy()) for array in arrays]) for arrays in zip(*found, strict=True)
        )

    def heard(self, reception: Reception) -> tuple[Tensor, ...]:
        """What the decoder makes of a reception."""
        variance = reception.noise_variance.expand(reception.mask.shape)
        return self.run("decoder", torch.view_as_real(reception.symbols), variance, reception.mask)

    @abstractmethod
    def tensors(self, batch: Any) -> tuple[Tensor, ...]:
        """A batch as the encoder's inputs."""


class ExportedImages(Exported):
    """An exported codec of images, which delivers images or classes."""

    modality: ClassVar[Modality] = "image"

    def tensors(self, batch: Any) -> tuple[Tensor, ...]:
        return (batch if isinstance(batch, Tensor) else batch.images,)

    def decode(self, reception: Reception) -> Tensor:
        return self.heard(reception)[0]

    def as_metric_input(self, batch: Any) -> Tensor:
        restored: Tensor = batch if isinstance(batch, Tensor) else self.original.as_metric_input(batch)
        return restored


class ExportedText(Exported):
    """An exported codec of sentences; where one word follows the other, the loop around the step is here."""

    modality: ClassVar[Modality] = "text"
    original: TextCodec

    def tensors(self, batch: TextBatch) -> tuple[Tensor, ...]:
        return batch.ids, batch.mask

    def decode(self, reception: Reception) -> TextBatch:
        if "step" in self.runners:
            return self._say(*self.heard(reception))
        mask = reception.mask[:, :: self.original.config.symbols_per_token]
        return TextBatch(self.heard(reception)[0].argmax(dim=-1).masked_fill(~mask, PADDING), mask)

    def _say(self, memory: Tensor, mask: Tensor) -> TextBatch:
        decoder: Any = self.original if isinstance(self.original, DeepSc) else self.original.semantic_decoder
        end = decoder.end
        said = torch.full((len(memory), 1), getattr(decoder, "start", end))
        ended = torch.zeros(len(memory), dtype=torch.bool)
        while said.shape[1] <= self.original.config.max_length and not ended.all():
            following = self.run("step", memory, mask, said)[0].argmax(dim=-1)
            ended |= following == end
            said = torch.cat([said, following.masked_fill(ended, PADDING).unsqueeze(1)], dim=1)
        ids = said[:, 1:]
        ids = ids[:, : int((ids != PADDING).sum(dim=1).max())]
        return TextBatch(ids, ids != PADDING)


def open_export(folder: Path, original: NeuralCodec[Any], digest: str) -> Exported:
    """The codec in a folder that `export_codec` made, beside the stored codec that it was made of.

    In:     digest: of that bundle.
    Errors: BundleError when the folder is no whole export, or one of another bundle; CodecError when a package is missing.
    """
    told = read_sidecar(folder)
    if told["bundle"] != digest:
        raise BundleError(f"{folder} was not exported from this bundle; export it again with: semlink export.")
    open_file = FORMATS[told["kind"]].open_file
    runners = {
        name: open_file(folder / end["file"], *([one["name"] for one in end[side]] for side in ("inputs", "outputs")))
        for name, end in told["ends"].items()
    }
    singly = {name for name, end in told["ends"].items() if end["inputs"][0]["shape"][0] == 1}
    if "image" in told:
        shape = tuple(told["image"][name] for name in ("height", "width", "channels"))
        sized = original.sized(shape)
        assert isinstance(sized, NeuralCodec)
        return ExportedImages(sized, runners, singly)
    return ExportedText(original, runners, singly)
