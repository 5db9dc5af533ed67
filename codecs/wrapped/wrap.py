"""`wrap`: two torch modules become a codec that can be trained, swept, erased from, audited, stored and exported."""

import hashlib
import inspect
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, Literal, cast

from torch import nn

from semlink.codecs import CODECS
from semlink.codecs.neural_codec import NeuralCodec
from semlink.codecs.wrapped.configuration import WrappedClassesConfig, WrappedConfig, configuration_of
from semlink.codecs.wrapped.model import WrappedClasses, WrappedImages
from semlink.codecs.wrapped.module_pair import Loss, ModulePair
from semlink.codecs.wrapped.part import Part
from semlink.errors import WrongField
from semlink.plugin_origin import MAIN, Plugin, plugin_of
from semlink.registry import NAME

Maker = Callable[..., nn.Module] | nn.Module
KINDS: dict[str, tuple[type[Any], type[WrappedConfig]]] = {
    "image": (WrappedImages, WrappedConfig),
    "class": (WrappedClasses, WrappedClassesConfig),
}


def wrap(
    encoder: Maker,
    decoder: Maker,
    *,
    name: str,
    loss: Loss | None = None,
    uses: int | None = None,
    delivers: Literal["image", "class"] = "image",
    multiple: int = 1,
) -> type[NeuralCodec[Any]]:
    """A codec made of two torch modules, registered by its name.

    The encoder's `forward` takes images float32 [batch, channels, height, width] in 0..1 and returns a latent [batch,
    ...] of any shape, real or complex, with the same number of values for each image. semlink sends it: each image is
    normalised to a mean energy of 1 per channel use; real values 2i and 2i + 1 (row by row) make one complex channel
    use, so that there must be an even number. The decoder's `forward` takes what arrives in the same form and returns
    images of the same shape (what lies outside 0..1 is cut off after the loss), or one score for each class. If it has
    a parameter `noise_variance`, it is handed the noise variance of the channel use of each value: float32, in the
    shape of the latent, from exp(-6) to exp(4).

    In:     encoder, decoder: a class or a function whose parameters become fields of the codec in recipes (`codec:
            {name: mine, filters: 32}`), each with a plain type and a default; the same name in both is one field. By
            the names height, width, channels (of the images), classes and variational, without defaults, they get what
            semlink knows. A module is taken too where all its parts have reset_parameters(): retraining and other
            seeds need fresh weights, so those that it has are not used.
            With the field `variational` the encoder returns a pair: mean, and log-variance of each real value.
            name: lower-case letters, digits and hyphens. loss: of (estimate, images), or of (scores, labels int64);
            returns one loss for each example [batch], or for each of its elements [batch, ...]. None: the squared
            error of each pixel; for classes the cross-entropy. uses: channel uses that an image of training must take.
            delivers: what the decoder gives. multiple: of which the sides of images are made a multiple for the
            encoder; the receiver cuts them off again.
    Errors: WrongField when the parts or the name cannot be taken. CodecError, when a codec is made of them, says what
            does not fit: shapes, numbers that are not finite, randomness in evaluation, examples that influence each
            other. Dropout and batch norm work as in torch: in training only.

    >>> import semlink as sl
    >>> from torch import nn
    >>> def encoder(channels, filters: int = 4):
    ...     return nn.Conv2d(channels, filters, 4, stride=4)
    >>> def decoder(channels, filters: int = 4):
    ...     return nn.ConvTranspose2d(filters, channels, 4, stride=4)
    >>> codec = sl.wrap(encoder, decoder, name="one-convolution")
    >>> "one-convolution" in sl.names("codecs")
    True
    """
    if not isinstance(name, str) or not NAME.fullmatch(name):
        raise WrongField(f"wrap cannot take name={name!r:.60}; use lower-case letters, digits and hyphens.")
    if delivers not in KINDS:
        raise WrongField(f'wrap cannot take delivers={delivers!r:.40}; choose "image" or "class".')
    if loss is not None and not callable(loss):
        raise WrongField(f"wrap cannot take loss={loss!r:.60}; give a function of estimate and data.")
    for field, value in {"uses": uses, "multiple": multiple}.items():
        if value is not None and (type(value) is not int or value < 1):
            raise WrongField(f"wrap cannot take {field}={value!r:.40}; give a whole number of at least 1.")
    parts = Part.of("encoder", encoder), Part.of("decoder", decoder)
    fields = dict(parts[0].fields)
    for field, form in parts[1].fields.items():
        if fields.setdefault(field, form) != form:
            raise WrongField(
                f'Encoder and decoder have a parameter "{field}" with another type or default; give it the same in '
                "both, or two names."
            )
    caller = sys._getframe(1).f_globals
    place = caller.get("__name__", "__main__")  # where the codec is from, as if its class stood there
    if name in CODECS.added() and place not in MAIN:  # before transformers knows of the new one
        raise WrongField(f'There is a codec "{name}" already; give yours another name.')
    kind, base = KINDS[delivers]
    configuration = configuration_of(f"wrapped-{name}", base, fields)
    configuration.__module__, configuration.__qualname__ = place, f"configuration of {name}"
    names = {
        "__module__": place,
        "__qualname__": f"wrapped {name}",
        "__doc__": f"The wrapped codec {name}.",
        "config_class": configuration,
        "pair": ModulePair(name, *parts, loss, uses, multiple),
    }
    codec: type[NeuralCodec[Any]] = type("".join(map(str.capitalize, name.split("-"))), (kind,), names)
    for made in (configuration, codec):
        caller[made.__qualname__] = made  # where pickle looks for it; no name of the caller's can be the same
    made_by = (encoder, decoder) if loss is None else (encoder, decoder, loss)
    CODECS.register(name, codec, _script(codec, made_by) if place in MAIN else None)
    return codec


def _script(codec: type[NeuralCodec[Any]], made_by: Sequence[object]) -> Plugin:
    """The script or notebook that a codec is from, with the digest of the source of what it is made of."""
    try:
        sources = [
            repr(part) if isinstance(part, nn.Module) else inspect.getsource(cast(Any, part)) for part in made_by
        ]
    except (OSError, TypeError):  # typed in, or no code of Python
        return plugin_of(codec)
    digest = hashlib.sha256("\n".join(sources).encode()).hexdigest()
    return replace(plugin_of(codec), digest=f"sha256:{digest}")
