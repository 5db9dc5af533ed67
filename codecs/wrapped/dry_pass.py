"""One pass of two random images through a wrapped codec: do its modules fit together and do as the link needs?"""

import copy
import inspect
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor
from torch.nn.parameter import is_lazy

from semlink.channels.contract import Reception
from semlink.codecs.wrapped.latent import Latent
from semlink.codecs.wrapped.part import reason
from semlink.errors import CodecError
from semlink.seeding import generator_for

if TYPE_CHECKING:
    from semlink.codecs.wrapped.model import Wrapped

NOISE_VARIANCE = "noise_variance"  # the parameter by which a decoder asks for it
CLOSE = 1e-3  # relative; an example alone and in company differ by rounding only


def check_pair(codec: "Wrapped[Any]", thorough: bool = True) -> Latent:
    """The form of the latent of images of the codec's size, after a pass in evaluation mode that leaves no trace.

    In:     thorough: whether randomness, independence of other examples and the loss are looked at as well.
    Errors: CodecError, one sentence, when a module fails, gives another shape than it should, numbers that are not
            finite, something random or something that depends on the other examples of a batch, or changes its input.
    """
    _check_weights(codec)
    probe = copy.deepcopy(codec).eval()
    images = torch.rand(2, codec.config.channels, *codec.size, generator=generator_for("dry pass")).to(codec.device)
    with torch.no_grad(), torch.random.fork_rng(devices=[]):
        _check_arguments(probe)
        seen = probe.images_seen(images)
        mean = _tried(probe, "encoder", lambda some: _mean(probe, some), seen, thorough)
        latent = probe.latents[codec.size] = Latent.of(mean)
        frame = probe.modulate(latent.as_uses(mean), torch.ones(2, latent.uses, dtype=torch.bool, device=codec.device))
        reception = Reception(frame.symbols, torch.full((2, 1), 0.1, device=codec.device), frame.mask)
        output = _tried(probe, "decoder", probe.received, reception, thorough)
        expected = [2, codec.config.classes] if codec.delivers == "class" else list(seen.shape)
        if list(output.shape) != expected:
            strided = codec.delivers == "image" and output.dim() == 4 and output.shape[1] == seen.shape[1]
            hint = (
                "; if its strides need sides that are multiples of 4, say so: wrap(..., multiple=4)" if strided else ""
            )
            raise _wrong(probe, "decoder", f"returns {_form(output)} for two examples, not {expected}{hint}")
    if thorough:
        _check_loss(probe, images, reception)
    return latent


def _check_weights(codec: "Wrapped[Any]") -> None:
    """Errors: CodecError when weights could not be stored: shared ones, and those without a size."""
    for role, module in (("encoder", codec.encoder), ("decoder", codec.decoder)):
        names = [name for name, _ in module.named_parameters()]
        twice = [name for name, _ in module.named_parameters(remove_duplicate=False) if name not in names]
        if twice:
            raise _wrong(codec, role, f"holds the weights {twice[0]} under another name too; keep one of the two")
        if lazy := [name for name, weights in module.named_parameters() if is_lazy(weights)]:
            raise _wrong(codec, role, f"has weights without a size, {lazy[0]}; write sizes instead of lazy layers")


def _check_arguments(codec: "Wrapped[Any]") -> None:
    for role, module, known in (("encoder", codec.encoder, ()), ("decoder", codec.decoder, (NOISE_VARIANCE,))):
        for parameter in list(inspect.signature(module.forward).parameters.values())[1:]:
            optional = parameter.default is not parameter.empty or parameter.kind in (
                parameter.VAR_POSITIONAL,
                parameter.VAR_KEYWORD,
            )
            if parameter.name not in known and not optional:
                handed = f"beside its input it can be handed {known[0]} alone" if known else "it is handed data alone"
                raise _wrong(codec, role, f'needs an argument "{parameter.name}" in forward; {handed}')


def _mean(codec: "Wrapped[Any]", images: Tensor) -> Tensor:
    """What the encoder gives, or the mean where it is a Gaussian. Errors: CodecError when it has not the right form."""
    given: Any = codec.answer_of("encoder", images)  # whatever a user returns
    parts = given if isinstance(given, tuple) else (given,)
    wanted = "a pair (mean, log-variance), since variational is true" if codec.config.variational else "one tensor"
    if len(parts) != 1 + codec.config.variational or not all(isinstance(part, Tensor) for part in parts):
        told = f"{len(parts)} values" if isinstance(given, tuple) else f"a {type(given).__name__}"
        raise _wrong(codec, "encoder", f"returns {told}; return {wanted}")
    mean: Tensor = parts[0]
    if len(parts) == 2 and (parts[1].is_complex() or parts[1].shape != mean.shape):
        raise _wrong(codec, "encoder", f"returns a log-variance of {_form(parts[1])}, not real {list(mean.shape)}")
    _check_form(codec, mean, len(images))
    return mean


def _check_form(codec: "Wrapped[Any]", mean: Tensor, count: int) -> None:
    """Errors: CodecError when a latent of so many examples cannot be sent."""
    if mean.dim() < 2 or len(mean) != count or not (mean.is_floating_point() or mean.is_complex()):
        wanted = f"return real or complex values [{count}, ...]"
        raise _wrong(codec, "encoder", f"returns {_form(mean)} for {_examples(count)}; {wanted}")
    latent = Latent.of(mean)
    if latent.reals % 2 or latent.reals == 0:
        told = f"returns {latent.reals} real values an example ({_form(mean)})"
        raise _wrong(codec, "encoder", f"{told}; return an even number, since two make one complex channel use")
    declared = codec.pair.uses
    if declared is not None and declared != latent.uses and codec.size == codec.trained_size:
        told = f"makes {latent.uses} channel uses of an example, but wrap was told uses={declared}"
        raise _wrong(codec, "encoder", told)


def _tried(codec: "Wrapped[Any]", role: str, run: Callable[[Any], Tensor], given: Any, thorough: bool) -> Tensor:
    """What a module gives for two examples. Errors: CodecError when it fails, or is not to be relied on."""
    before = copy.deepcopy(given)
    output = run(given)
    if isinstance(given, Tensor) and not torch.equal(given, before):
        raise _wrong(codec, role, "changes its input in place; let it work on a copy")
    if not isinstance(output, Tensor):
        raise _wrong(codec, role, f"returns a {type(output).__name__}; return a tensor")
    if not output.isfinite().all():
        raise _wrong(codec, role, "returns values that are not finite (NaN or infinity); look for a division or a log")
    if not thorough:
        return output
    if not torch.equal(output, run(before)):
        raise _wrong(
            codec,
            role,
            "draws random numbers in evaluation mode; take them out, since semlink's channels add the noise "
            "(dropout rests in evaluation by itself)",
        )
    alone = run(before[torch.tensor([0])])
    if len(output) == 2 and output.dim() > 1:
        together = output[:1]
        if alone.shape != together.shape or (alone - together).abs().max() > CLOSE * together.abs().max():
            raise _wrong(
                codec,
                role,
                "makes something else of an example when others are in its batch; normalise each example on its own "
                "(power too: semlink does that), and let batch norms keep running statistics",
            )
    return output


def _check_loss(codec: "Wrapped[Any]", images: Tensor, reception: Reception) -> None:
    batch: Any = codec.batch_of(images)
    if codec.delivers == "class":
        batch = codec.labelled(batch, torch.zeros(2, dtype=torch.int64))
    try:
        losses, _ = codec.element_losses(batch, reception)
    except CodecError:
        raise
    except Exception as error:
        raise CodecError(f"The loss of {codec.pair.name} fails: {reason(error)}.") from error
    if not losses.isfinite().all():
        raise CodecError(
            f"The loss of {codec.pair.name} is not finite for a fresh codec; look for a division or a log."
        )
    if not losses.requires_grad:
        raise CodecError(
            f"The loss of {codec.pair.name} depends on no weight, so nothing can be trained; look for a rounding, "
            "a detach() or modules without weights."
        )


def _wrong(codec: "Wrapped[Any]", role: str, what: str) -> CodecError:
    return CodecError(f"The {role} of {codec.pair.name} {what}.")


def _examples(count: int) -> str:
    return "two examples" if count == 2 else "one example"


def _form(values: Tensor) -> str:
    return f"{str(values.dtype).removeprefix('torch.')} {list(values.shape)}"
