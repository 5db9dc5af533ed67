"""An exported codec as a codec again: what another runtime computes meets the same channels and metrics."""

from collections.abc import Mapping, Sequence, Set
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from semlink.channels.contract import Frame, Reception
from semlink.codecs.contract import Codec, Delivered, Modality
from semlink.codecs.interop.exporting import FORMATS
from semlink.codecs.interop.runner import Runner
from semlink.codecs.interop.sidecar import read_sidecar
from semlink.codecs.neural_codec import NeuralCodec
from semlink.errors import BundleError, CodecError


class Exported(Codec[Any]):
    """Encodes and decodes with exported files; payloads are prepared and compared as the original does it.

    runners: the exported ends by their names. singly: the names of those that take one example at a time.
    """

    def __init__(
        self, original: NeuralCodec[Any], runners: Mapping[str, Runner], singly: Set[str] = frozenset()
    ) -> None:
        self.original, self.runners, self.singly = original, runners, singly
        self.ends = original.export_ends()

    @property
    def modality(self) -> Modality:  # type: ignore[override]  # a neural codec's is that of its class
        """That of the original."""
        return self.original.modality

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
        symbols, used = self.run("encoder", *self.ends.inputs(batch))
        return Frame(torch.view_as_complex(symbols), used)

    def decode(self, reception: Reception) -> Any:
        return self.ends.estimate(reception, self.run)

    def run(self, name: str, *inputs: Tensor) -> tuple[Tensor, ...]:
        """The outputs of an end. Errors: CodecError when it was not exported."""
        if name not in self.runners:
            raise CodecError(f"The {name} of this codec was not exported; export it with: semlink export --part both.")
        size = 1 if name in self.singly else len(inputs[0])
        outputs = [
            self.runners[name](*(values.detach().contiguous().numpy() for values in part))
            for part in zip(*(values.split(size) for values in inputs), strict=True)
        ]
        return tuple(
            torch.cat([torch.from_numpy(array.copy()) for array in arrays]) for arrays in zip(*outputs, strict=True)
        )


def open_export(folder: Path, original: NeuralCodec[Any], digest: str) -> Exported:
    """The codec in a folder that `export_codec` made, beside the stored codec that it was made of.

    In:     digest: of that bundle.
    Errors: BundleError when the folder is no whole export, or one of another bundle; CodecError when a package is
            missing.
    """
    sidecar = read_sidecar(folder)
    if sidecar["bundle"] != digest:
        raise BundleError(f"{folder} was not exported from this bundle; export it again with: semlink export.")
    open_file = FORMATS[sidecar["kind"]].open_file
    runners = {}
    for name, end in sidecar["ends"].items():
        inputs, outputs = ([argument["name"] for argument in end[side]] for side in ("inputs", "outputs"))
        runners[name] = open_file(folder / end["file"], inputs, outputs)
    singly = {name for name, end in sidecar["ends"].items() if end["inputs"][0]["shape"][0] == 1}
    if "image" in sidecar:
        sized = original.sized(tuple(sidecar["image"][name] for name in ("height", "width", "channels")))
        assert isinstance(sized, NeuralCodec)
        original = sized
    return Exported(original, runners, singly)
