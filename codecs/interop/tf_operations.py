"""The operations of torch's core graphs in TensorFlow, in forms that TFLite knows with open sizes.

Each function takes the module of TensorFlow, then what the operation of torch takes.
"""

import itertools
import operator
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from semlink.errors import CodecError

KINDS = ("bool", "int32", "int64", "float32", "float64")  # from narrow to wide
END = 2**63 - 1  # torch's "to the end" of a slice


def _alike(tf: Any, *values: Any) -> list[Any]:
    """Tensors and numbers as tensors of one type, the widest; a number widens whole to real, and truth to whole."""
    kinds = [value.dtype.name for value in values if tf.is_tensor(value)]
    numbers = [value for value in values if not tf.is_tensor(value) and not isinstance(value, bool)]
    widest = max(kinds, key=KINDS.index)
    if any(isinstance(number, float) for number in numbers) and "float" not in widest:
        widest = "float32"
    elif numbers and widest == "bool":
        widest = "int64"
    return [tf.cast(value, widest) if tf.is_tensor(value) else tf.constant(value, widest) for value in values]


def _of_alike(name: str) -> Callable[..., Any]:
    """A function of TensorFlow on values of one type."""

    def compute(tf: Any, *values: Any) -> Any:
        return operator.attrgetter(name)(tf)(*_alike(tf, *values))

    return compute


def _plain(name: str) -> Callable[..., Any]:
    """A function of TensorFlow on one tensor."""

    def compute(tf: Any, value: Any) -> Any:
        return operator.attrgetter(name)(tf)(value)

    return compute


def _whole(function: Callable[..., Any]) -> Callable[..., Any]:
    """Arithmetic of sizes, which are numbers, or tensors where they are open."""
    return lambda tf, *values: function(*values)


def _size(tf: Any, value: Any, axis: int) -> Any:
    """A number where it is known, else an int32 tensor."""
    known = value.shape[axis]
    return tf.shape(value)[axis] if known is None else known


def _shape(tf: Any, sizes: Sequence[Any]) -> Any:
    return tf.stack(sizes) if any(map(tf.is_tensor, sizes)) else list(sizes)


def _kind(tf: Any, dtype: Any) -> Any:
    """TensorFlow's type for torch's."""
    return tf.dtypes.as_dtype(str(dtype).removeprefix("torch."))


# Arithmetic


def _added(tf: Any, left: Any, right: Any, alpha: float = 1) -> Any:
    left, right = _alike(tf, left, right)
    return left + (right if alpha == 1 else alpha * right)


def _subtracted(tf: Any, left: Any, right: Any, alpha: float = 1) -> Any:
    left, right = _alike(tf, left, right)
    return left - (right if alpha == 1 else alpha * right)


def _divided(tf: Any, left: Any, right: Any) -> Any:
    left, right = _alike(tf, left, right)
    return left / right if left.dtype.is_floating else tf.cast(left, tf.float32) / tf.cast(right, tf.float32)


def _power(tf: Any, base: Any, exponent: float) -> Any:
    return tf.square(base) if exponent == 2 else tf.pow(*_alike(tf, base, exponent))


def _clamped(tf: Any, value: Any, least: Any = None, most: Any = None) -> Any:
    value = value if least is None else tf.maximum(*_alike(tf, value, least))
    return value if most is None else tf.minimum(*_alike(tf, value, most))


def _truth(name: str) -> Callable[..., Any]:
    """Of truth values, which torch treats as bits, too."""

    def compute(tf: Any, *values: Any) -> Any:
        if any(value.dtype != tf.bool for value in values):
            raise CodecError("This codec computes with the bits of numbers; export it to onnx.")
        return getattr(tf, name)(*values)

    return compute


# Sums and the like


def _sum(tf: Any, value: Any, axes: Sequence[int] | None, keep: bool = False, dtype: Any = None) -> Any:
    value = value if dtype is None else tf.cast(value, _kind(tf, dtype))
    value = value if value.dtype.is_floating else tf.cast(value, tf.int64)
    return tf.reduce_sum(value, axis=list(axes) if axes else None, keepdims=keep)


def _over_axes(name: str) -> Callable[..., Any]:
    def compute(tf: Any, value: Any, axes: Any, keep: bool = False) -> Any:
        return getattr(tf, name)(value, axis=axes if isinstance(axes, int) else list(axes) or None, keepdims=keep)

    return compute


def _last(name: str) -> Callable[..., Any]:
    """A function along an axis, of which TFLite takes only the last."""

    def compute(tf: Any, value: Any, axis: int, half: bool = False) -> Any:
        rank = len(value.shape)
        if axis % rank == rank - 1:
            return getattr(tf.nn, name)(value)
        order = [place for place in range(rank) if place != axis % rank] + [axis % rank]
        back = [order.index(place) for place in range(rank)]
        return tf.transpose(getattr(tf.nn, name)(tf.transpose(value, order)), back)

    return compute


def _layer_norm(tf: Any, value: Any, sizes: Sequence[int], weight: Any, bias: Any, epsilon: float) -> tuple[Any]:
    axes = list(range(len(value.shape) - len(sizes), len(value.shape)))
    centred = value - tf.reduce_mean(value, axis=axes, keepdims=True)
    normal = centred * tf.math.rsqrt(tf.reduce_mean(tf.square(centred), axis=axes, keepdims=True) + epsilon)
    normal = normal if weight is None else normal * weight
    return (normal if bias is None else normal + bias,)


def _batch_norm(
    tf: Any, value: Any, weight: Any, bias: Any, mean: Any, variance: Any, momentum: float, epsilon: float
) -> tuple[Any]:
    scale = tf.math.rsqrt(variance + epsilon) * (1.0 if weight is None else weight)
    shift = (0.0 if bias is None else bias) - mean * scale
    scale, shift = (tf.reshape(factor, [-1] + [1] * (len(value.shape) - 2)) for factor in (scale, shift))
    return (value * scale + shift,)


# Layers


def _affine(tf: Any, bias: Any, left: Any, right: Any) -> Any:
    return tf.matmul(left, right) + bias


def _embedding(tf: Any, weight: Any, places: Any, *_: Any) -> Any:
    return tf.gather(weight, places)


def _gelu(tf: Any, value: Any, approximate: str = "none") -> Any:
    return tf.nn.gelu(value, approximate=approximate == "tanh")


def _leaky(tf: Any, value: Any, slope: float = 0.01) -> Any:
    return tf.nn.leaky_relu(value, alpha=slope)


def _convolution(
    tf: Any, image: Any, weight: Any, bias: Any, stride: Sequence[int], padding: Sequence[int],
    dilation: Sequence[int], transposed: bool, more: Sequence[int], groups: int,
) -> Any:  # fmt: skip
    """Of images [batch, channels, height, width]; TFLite has the channels last."""
    if groups != 1 or len(stride) != 2:
        raise CodecError("This codec convolves in groups, or not over two axes; export it to onnx.")
    image = tf.transpose(image, [0, 2, 3, 1])
    if transposed:
        maps = _transposed_convolution(tf, image, weight, stride, padding, dilation, more)
    else:
        image = tf.pad(image, [[0, 0], *([pad, pad] for pad in padding), [0, 0]])
        maps = tf.nn.conv2d(image, tf.transpose(weight, [2, 3, 1, 0]), stride, "VALID", dilations=list(dilation))
    return tf.transpose(maps if bias is None else maps + bias, [0, 3, 1, 2])


def _transposed_convolution(
    tf: Any, image: Any, weight: Any, stride: Sequence[int], padding: Sequence[int],
    dilation: Sequence[int], more: Sequence[int],
) -> Any:  # fmt: skip
    """The whole image that the kernel reaches, `more` beside it at the end, then cut by the padding on all sides."""
    if tuple(dilation) != (1, 1):
        raise CodecError("This codec has transposed convolutions with gaps; export it to onnx.")
    _, channels, *kernel = weight.shape
    reached = [(_size(tf, image, 1 + axis) - 1) * stride[axis] + kernel[axis] + max(more[axis], 0) for axis in range(2)]
    sizes = _shape(tf, [_size(tf, image, 0), *reached, channels])
    whole = tf.nn.conv2d_transpose(image, tf.transpose(weight, [2, 3, 1, 0]), sizes, stride, "VALID")
    rows, columns = (slice(padding[axis], reached[axis] - padding[axis]) for axis in range(2))
    return whole[:, rows, columns, :]


# Forms


def _full(tf: Any, sizes: Sequence[Any], value: Any, dtype: Any = None) -> Any:
    kind = tf.float32 if dtype is None else _kind(tf, dtype)
    return tf.fill(_shape(tf, sizes), tf.cast(value, kind) if tf.is_tensor(value) else tf.constant(value, kind))


def _full_like(tf: Any, like: Any, value: Any, dtype: Any = None) -> Any:
    return tf.fill(tf.shape(like), tf.constant(value, like.dtype if dtype is None else _kind(tf, dtype)))


def _range(tf: Any, start: Any, end: Any, step: Any = 1, dtype: Any = None) -> Any:
    kind = tf.int64 if dtype is None else _kind(tf, dtype)
    return tf.range(*(tf.cast(bound, kind) for bound in (start, end, step)))


def _reshaped(tf: Any, value: Any, sizes: Sequence[Any]) -> Any:
    """The first open size is left to follow from the others."""
    free = [axis for axis, size in enumerate(sizes) if tf.is_tensor(size)]
    if free and not any(isinstance(size, int) and size == -1 for size in sizes):
        sizes = [-1 if axis == free[0] else size for axis, size in enumerate(sizes)]
    return tf.reshape(value, _shape(tf, sizes))


def _expanded(tf: Any, value: Any, sizes: Sequence[Any]) -> Any:
    before = len(sizes) - len(value.shape)
    kept = [
        _size(tf, value, axis - before) if isinstance(size, int) and size == -1 else size
        for axis, size in enumerate(sizes)
    ]
    return tf.broadcast_to(value, _shape(tf, kept))


def _squeezed(tf: Any, value: Any, axes: Sequence[int]) -> Any:
    ones = [axis for axis in axes if value.shape[axis] == 1]
    return tf.squeeze(value, axis=ones) if ones else value


def _padded(tf: Any, value: Any, pads: Sequence[int], filling: float = 0) -> Any:
    """`pads`: of the last axis before and after, then of the one before it."""
    pairs = [list(pads[place : place + 2]) for place in range(0, len(pads), 2)][::-1]
    around = [[0, 0]] * (len(value.shape) - len(pairs)) + pairs
    return tf.pad(value, around, constant_values=tf.cast(filling, value.dtype))  # also for whole numbers it is real


def _sliced(tf: Any, value: Any, axis: int = 0, start: Any = None, end: Any = None, step: int = 1) -> Any:
    end = None if isinstance(end, int) and end == END else end
    return value[(slice(None),) * (axis % len(value.shape)) + (slice(start, end, step),)]


def _selected(tf: Any, value: Any, axis: int, place: Any) -> Any:
    return value[(slice(None),) * (axis % len(value.shape)) + (place,)]


def _split(tf: Any, value: Any, sizes: Sequence[int], axis: int = 0) -> list[Any]:
    """As slices: TFLite does not split truth values."""
    ends = list(itertools.accumulate(sizes))
    return [_sliced(tf, value, axis, end - size, end) for end, size in zip(ends, sizes, strict=True)]


def _indexed(tf: Any, value: Any, indices: Sequence[Any]) -> Any:
    """Places along neighbouring axes, which are taken as one axis."""
    axes = [axis for axis, places in enumerate(indices) if places is not None]
    if axes[-1] - axes[0] + 1 != len(axes) or any(indices[axis].dtype == tf.bool for axis in axes):
        raise CodecError("This codec looks up elements by truth values or along axes apart; export it to onnx.")
    sizes = [_size(tf, value, axis) for axis in range(len(value.shape))]
    index, joined = 0, 1
    for axis in axes:
        size, places = tf.cast(sizes[axis], indices[axis].dtype), indices[axis]
        index = index * size + tf.where(places < 0, places + size, places)
        joined *= sizes[axis]
    if len(axes) > 1:
        value = tf.reshape(value, _shape(tf, [*sizes[: axes[0]], joined, *sizes[axes[-1] + 1 :]]))
    return tf.gather(value, index, axis=axes[0])


UNCHANGED = ("aten.alias.default", "aten.clone.default", "aten.expand.default", "aten.view.default")

OPERATIONS: Mapping[str, Callable[..., Any]] = {
    "operator.add": _whole(operator.add),
    "operator.floordiv": _whole(operator.floordiv),
    "operator.getitem": _whole(operator.getitem),
    "operator.mul": _whole(operator.mul),
    "operator.sub": _whole(operator.sub),
    "aten.sym_size.int": _size,
    "aten._log_softmax.default": _last("log_softmax"),
    "aten._native_batch_norm_legit_no_training.default": _batch_norm,
    "aten._softmax.default": _last("softmax"),
    "aten._to_copy.default": lambda tf, value, dtype=None: value if dtype is None else tf.cast(value, _kind(tf, dtype)),
    "aten.abs.default": _plain("abs"),
    "aten.add.Tensor": _added,
    "aten.addmm.default": _affine,
    "aten.alias.default": _plain("identity"),
    "aten.amax.default": _over_axes("reduce_max"),
    "aten.any.dim": _over_axes("reduce_any"),
    "aten.arange.start_step": _range,
    "aten.bitwise_and.Tensor": _truth("logical_and"),
    "aten.bitwise_not.default": _truth("logical_not"),
    "aten.bitwise_or.Tensor": _truth("logical_or"),
    "aten.bmm.default": _of_alike("matmul"),
    "aten.cat.default": lambda tf, values, axis=0: tf.concat(_alike(tf, *values), axis=axis),
    "aten.clamp.default": _clamped,
    "aten.clone.default": _plain("identity"),
    "aten.constant_pad_nd.default": _padded,
    "aten.convolution.default": _convolution,
    "aten.cos.default": _plain("cos"),
    "aten.div.Tensor": _divided,
    "aten.embedding.default": _embedding,
    "aten.eq.Scalar": _of_alike("equal"),
    "aten.eq.Tensor": _of_alike("equal"),
    "aten.exp.default": _plain("exp"),
    "aten.expand.default": _expanded,
    "aten.full.default": _full,
    "aten.full_like.default": _full_like,
    "aten.ge.Scalar": _of_alike("greater_equal"),
    "aten.ge.Tensor": _of_alike("greater_equal"),
    "aten.gelu.default": _gelu,
    "aten.gt.Scalar": _of_alike("greater"),
    "aten.gt.Tensor": _of_alike("greater"),
    "aten.index.Tensor": _indexed,
    "aten.index_select.default": lambda tf, value, axis, places: tf.gather(value, places, axis=axis),
    "aten.le.Scalar": _of_alike("less_equal"),
    "aten.le.Tensor": _of_alike("less_equal"),
    "aten.leaky_relu.default": _leaky,
    "aten.log.default": _plain("math.log"),
    "aten.logical_and.default": _truth("logical_and"),
    "aten.logical_not.default": _truth("logical_not"),
    "aten.lt.Scalar": _of_alike("less"),
    "aten.lt.Tensor": _of_alike("less"),
    "aten.maximum.default": _of_alike("maximum"),
    "aten.mean.dim": _over_axes("reduce_mean"),
    "aten.minimum.default": _of_alike("minimum"),
    "aten.mm.default": _of_alike("matmul"),
    "aten.mul.Scalar": _of_alike("multiply"),
    "aten.mul.Tensor": _of_alike("multiply"),
    "aten.native_layer_norm.default": _layer_norm,
    "aten.neg.default": _plain("negative"),
    "aten.permute.default": lambda tf, value, order: tf.transpose(value, list(order)),
    "aten.pow.Scalar": _of_alike("pow"),
    "aten.pow.Tensor_Scalar": _power,
    "aten.relu.default": _plain("nn.relu"),
    "aten.remainder.Scalar": _of_alike("math.floormod"),
    "aten.rsqrt.default": _plain("math.rsqrt"),
    "aten.select.int": _selected,
    "aten.sigmoid.default": _plain("sigmoid"),
    "aten.sin.default": _plain("sin"),
    "aten.slice.Tensor": _sliced,
    "aten.split_with_sizes.default": _split,
    "aten.sqrt.default": _plain("sqrt"),
    "aten.squeeze.dims": _squeezed,
    "aten.sub.Tensor": _subtracted,
    "aten.sum.dim_IntList": _sum,
    "aten.tanh.default": _plain("tanh"),
    "aten.unsqueeze.default": lambda tf, value, axis: tf.expand_dims(value, axis),
    "aten.view.default": _reshaped,
    "aten.where.self": lambda tf, chosen, left, right: tf.where(chosen, *_alike(tf, left, right)),
}
