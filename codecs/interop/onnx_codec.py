"""A foreign pair of ONNX files, a sender and a receiver of images, as a codec that is measured but not trained."""

import hashlib
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NoReturn, Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from semlink.channels.contract import Reception
from semlink.codecs.contract import Codec
from semlink.codecs.ends import CodecEnds
from semlink.codecs.interop.onnx_configuration import PIXELS, OnnxCodecConfig
from semlink.codecs.interop.onnx_graph import OnnxGraph
from semlink.codecs.pixel_codec import PixelCodec
from semlink.codecs.pixels import check_uses
from semlink.codecs.posterior import Posterior
from semlink.codecs.representation import posterior
from semlink.errors import CodecError

SENDER, RECEIVER = "encoder.onnx", "decoder.onnx"
CHUNK = 64  # images a call


class OnnxCodec(PixelCodec):
    """Encodes and decodes with two graphs under onnxruntime, on the CPU; power and pairing are ours.

    It has no weights of torch, so there are no gradients: whatever trains refuses it. Its only tensor is the digest of
    both files, so that what stands for the weights of a codec stands for them.
    """

    config_class = OnnxCodecConfig
    config: OnnxCodecConfig
    files: Tensor

    def __init__(self, config: OnnxCodecConfig) -> None:
        super().__init__(config)
        self.graphs: tuple[OnnxGraph, OnnxGraph] | None = None
        self.register_buffer("files", torch.zeros(2, 32, dtype=torch.uint8))
        self.post_init()

    @classmethod
    def create(cls, fields: Mapping[str, Any], payloads: Sequence[Any], labels: Sequence[str], seed: int) -> Self:
        _refuse()

    def like(self, seed: int) -> Self:
        _refuse()

    def check_trainable(self) -> None:
        _refuse()

    def export_ends(self) -> CodecEnds:
        raise CodecError("This codec is a pair of ONNX files already; its bundle holds them.")

    def extra_files(self) -> dict[str, bytes]:
        return {name: graph.content for name, graph in zip((SENDER, RECEIVER), self._graphs(), strict=True)}

    def read_extra_files(self, files: Mapping[str, bytes]) -> None:
        """See `NeuralCodec`. Errors: also CodecError when a file is not taken, or has other inputs or outputs."""
        sender, receiver = (OnnxGraph(files[name], name) for name in (SENDER, RECEIVER))
        _check_ports(sender, receiver, self.config)
        self.graphs = sender, receiver
        self.files = digests_of(sender, receiver)

    def load_state_dict(self, state_dict: Mapping[str, Any], strict: bool = True, assign: bool = False) -> Any:
        """As torch has it. Errors: RuntimeError when the digests are those of other files than were read."""
        if self.graphs is not None and not torch.equal(state_dict["files"], digests_of(*self.graphs)):
            raise RuntimeError("The digests are those of other ONNX files.")
        return super().load_state_dict(state_dict, strict, assign)

    def save_pretrained(self, save_directory: str | os.PathLike[str], *args: Any, **kwargs: Any) -> None:
        super().save_pretrained(save_directory, *args, **kwargs)
        for name, content in self.extra_files().items():
            Path(save_directory, name).write_bytes(content)

    @property
    def sender(self) -> tuple[nn.Module, ...]:
        return ()

    @property
    def receiver(self) -> tuple[nn.Module, ...]:
        return ()

    @property
    def device(self) -> torch.device:
        return torch.device("cpu")

    @property
    def dtype(self) -> torch.dtype:
        """What goes in and out; transformers looks for a weight that says so."""
        return torch.float32

    def on(self, device: str) -> Self:
        """The codec itself: it runs on the CPU."""
        return self

    def resized(self, height: int, width: int) -> Codec[Tensor]:
        raise CodecError(
            f"This codec of ONNX files takes images of {self.config.height} x {self.config.width} pixels, not "
            f"{height} x {width}; import the files once more with a --source of that size."
        )

    def represent(self, batch: Tensor) -> Posterior:
        latents = self._sent(batch.cpu())
        if self.config.pairing == "separate":
            mean = torch.stack([latent.flatten(1) for latent in latents], dim=-1)
        elif self.config.pairing == "halves":
            mean = torch.stack(latents[0].flatten(1).chunk(2, dim=1), dim=-1)
        else:
            mean = latents[0].flatten(1).unflatten(1, (-1, 2))
        return posterior(mean, None, torch.ones(mean.shape[:2], dtype=torch.bool), self.config.representation_variance)

    def decode(self, reception: Reception) -> Tensor:
        config = self.config
        check_uses(reception, config.uses)
        parts = (config.amplitude * torch.view_as_real(reception.symbols)).cpu().unbind(dim=-1)
        if config.pairing == "separate":
            latents = list(parts)
        elif config.pairing == "halves":
            latents = [torch.cat(parts, dim=1)]
        else:
            latents = [torch.stack(parts, dim=-1)]
        inputs = [latent.reshape(-1, *config.latent) for latent in latents]
        receiver = self._graphs()[1]
        if config.noise != "none":
            inputs.append(self._noise(reception, len(receiver.inputs[-1].shape or ())))
        (images, *_) = _run(receiver, inputs)
        if images.shape != (len(reception.symbols), *config.image):
            raise CodecError(
                f"{receiver.name} gives {list(images.shape[1:])} for each image, not {list(config.image)}; give the "
                "receiver of this sender, and the --layout of both."
            )
        factor, summand = PIXELS[config.pixels]
        pixels = (images - summand) / factor
        return (pixels if config.layout == "nchw" else pixels.movedim(-1, 1)).clamp(0, 1).contiguous()

    def element_losses(self, batch: Tensor, reception: Reception) -> tuple[Tensor, Tensor]:
        """See `NeuralCodec`. The whole image is one element."""
        losses = (self.decode(reception) - batch.cpu()).square().flatten(1).mean(dim=1, keepdim=True)
        return losses, torch.ones_like(losses, dtype=torch.bool)

    def _sent(self, images: Tensor) -> list[Tensor]:
        """What the sender gives. Errors: CodecError when it is of another shape than at the import."""
        factor, summand = PIXELS[self.config.pixels]
        scaled = factor * images + summand
        sender = self._graphs()[0]
        outputs = _run(sender, [scaled if self.config.layout == "nchw" else scaled.movedim(1, -1)])
        for output in outputs:
            if output.shape != (len(images), *self.config.latent):
                raise CodecError(
                    f"{sender.name} gives {list(output.shape)} for {len(images)} images, not "
                    f"{[len(images), *self.config.latent]}; it has to give as much for each image."
                )
        return outputs

    def _noise(self, reception: Reception, axes: int) -> Tensor:
        """What the receiver is told of the noise: the mean over the symbols of each example, [batch, 1, ...]."""
        variance = reception.noise_variance.expand(reception.symbols.shape).mean(dim=1).cpu()
        told = self.config.amplitude**2 * variance
        if self.config.noise == "snr-db":
            told = -10 * told.clamp_min(1e-10).log10()
        return told.float().reshape(-1, *(1,) * max(0, axes - 1))

    def _graphs(self) -> tuple[OnnxGraph, OnnxGraph]:
        if self.graphs is None:
            raise CodecError("This codec lacks its ONNX files; load it from its bundle.")
        return self.graphs


def digests_of(sender: OnnxGraph, receiver: OnnxGraph) -> Tensor:
    """SHA-256 of both files: uint8 [2, 32]."""
    digests = (hashlib.sha256(graph.content).digest() for graph in (sender, receiver))
    return torch.tensor([list(digest) for digest in digests], dtype=torch.uint8)


def _run(graph: OnnxGraph, inputs: Sequence[Tensor]) -> list[Tensor]:
    """The outputs of a graph for a batch, in parts as large as it takes."""
    alone = any(_alone(port.shape) for port in graph.inputs)
    parts = zip(*(values.split(1 if alone else CHUNK) for values in inputs), strict=True)
    results = [graph(*(_array(values, port.shape) for values, port in zip(part, graph.inputs, strict=True)))
               for part in parts]  # fmt: skip
    try:
        return [torch.from_numpy(np.concatenate(arrays)) for arrays in zip(*results, strict=True)]
    except ValueError as error:
        raise CodecError(f"{graph.name} gives something of another shape for each image; export it again.") from error


def _alone(shape: tuple[int | None, ...] | None) -> bool:
    """Whether an input takes one example at a time."""
    return shape is not None and (not shape or shape[0] == 1)


def _array(values: Tensor, shape: tuple[int | None, ...] | None) -> NDArray[np.float32]:
    array = values.detach().float().contiguous().numpy()
    return array.reshape(()) if shape == () else array


def _check_ports(sender: OnnxGraph, receiver: OnnxGraph, config: OnnxCodecConfig) -> None:
    """Errors: CodecError when the graphs have other inputs and outputs than a codec of this configuration."""
    check_sender(sender, config.image, config.layout)
    parts = 2 if config.pairing == "separate" else 1
    if len(sender.outputs) != parts:
        raise CodecError(f"{sender.name} has {len(sender.outputs)} outputs, which do not fit pairing={config.pairing}.")
    wanted = parts + (config.noise != "none")
    if len(receiver.inputs) != wanted:
        raise CodecError(f"{receiver.name} has {len(receiver.inputs)} inputs, but needs {wanted} to fit its sender.")
    for port in receiver.inputs[:parts]:
        if not fits(port.shape, config.latent):
            raise CodecError(
                f"{receiver.name} takes {_written(port.shape)}, but its sender gives "
                f"{_written((None, *config.latent))}; give the two ends of one codec."
            )
    if config.noise != "none" and any(size not in (None, 1) for size in receiver.inputs[-1].shape or ()):
        raise CodecError(
            f"{receiver.name} takes noise of the shape {_written(receiver.inputs[-1].shape)}; it has to be one number "
            "for each image."
        )


def check_sender(sender: OnnxGraph, image: tuple[int, ...], layout: str) -> None:
    """Checks that a sender takes images and nothing else. Errors: CodecError."""
    if len(sender.inputs) != 1:
        raise CodecError(
            f"{sender.name} has {len(sender.inputs)} inputs; only the image can go in, since a sender here does not "
            "know the noise."
        )
    if len(sender.outputs) not in (1, 2):
        raise CodecError(
            f"{sender.name} has {len(sender.outputs)} outputs; keep the latent, or its in-phase and quadrature parts."
        )
    shape = sender.inputs[0].shape
    if not fits(shape, image):
        other = "nhwc" if layout == "nchw" else "nchw"
        raise CodecError(
            f"{sender.name} takes {_written(shape)}, which does not fit images of {list(image)} ({layout}); give "
            f"--layout {other}, or a --source of its images."
        )


def fits(shape: tuple[int | None, ...] | None, wanted: tuple[int, ...]) -> bool:
    """Whether an input takes batches of that shape: of any size, or of one."""
    if shape is None:
        return True
    return (
        len(shape) == len(wanted) + 1
        and shape[0] in (None, 1)
        and all(size in (None, need) for size, need in zip(shape[1:], wanted, strict=True))
    )


def _written(shape: tuple[int | None, ...] | None) -> str:
    return "anything" if shape is None else f"[{', '.join('?' if size is None else str(size) for size in shape)}]"


def _refuse() -> NoReturn:
    raise CodecError(
        "A codec of ONNX files can be measured and audited, but not trained or erased from: it has no gradients. "
        "Import its weights where they were trained, or import a later version of it with: semlink import onnx --after."
    )
