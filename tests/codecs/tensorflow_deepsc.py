"""A small DeepSC in TensorFlow, as its published code builds it: for tests of what takes such codecs in.

Most attributes, which make the names of the checkpoint, are called as there; the rest is written for these tests.
"""

import math
from typing import Any

import numpy as np
import tensorflow as tf

PADDING, START, END, UNKNOWN = range(4)
keras = tf.keras


def waves(count: int, width: int) -> np.ndarray:
    columns = np.arange(width)[None]
    angles = np.arange(count)[:, None] / np.power(10000.0, 2 * columns / width)
    return np.where(columns % 2 == 0, np.sin(angles), np.cos(angles)).astype(np.float32)


class Attention(keras.layers.Layer):
    def __init__(self, width: int, heads: int, bias: bool = False) -> None:
        super().__init__()
        self.heads = heads
        self.wq, self.wk, self.wv = (keras.layers.Dense(width, use_bias=bias) for _ in range(3))
        self.dense = keras.layers.Dense(width)

    def call(self, asking: Any, asked: Any, hidden: Any) -> Any:
        shape = tf.shape(asking)
        query, key, value = (
            tf.transpose(tf.reshape(part(x), [shape[0], tf.shape(x)[1], self.heads, -1]), [0, 2, 1, 3])
            for part, x in ((self.wq, asking), (self.wk, asked), (self.wv, asked))
        )
        scores = tf.matmul(query, key, transpose_b=True) / tf.sqrt(tf.cast(tf.shape(key)[-1], tf.float32))
        mixed = tf.matmul(tf.nn.softmax(scores - 1e9 * hidden), value)
        return self.dense(tf.reshape(tf.transpose(mixed, [0, 2, 1, 3]), [shape[0], shape[1], -1]))


class FeedForward(keras.layers.Layer):
    """The identity where it has no width, as in the published code."""

    def __init__(self, width: int, hidden: int | None) -> None:
        super().__init__()
        self.hidden = hidden
        if hidden is not None:
            self.dense0, self.dense1 = keras.layers.Dense(hidden, "relu"), keras.layers.Dense(width)

    def call(self, x: Any) -> Any:
        return x if self.hidden is None else self.dense1(self.dense0(x))


def norm() -> Any:
    return keras.layers.LayerNormalization(epsilon=1e-6)


class EncoderLayer(keras.layers.Layer):
    def __init__(self, width: int, heads: int, hidden: int | None, bias: bool) -> None:
        super().__init__()
        self.sl1, self.sl2 = Attention(width, heads, bias), FeedForward(width, hidden)
        self.layernorm1, self.layernorm2 = norm(), norm()

    def call(self, x: Any, hidden: Any) -> Any:
        x = self.layernorm1(x + self.sl1(x, x, hidden))
        return self.layernorm2(x + self.sl2(x))


class DecoderLayer(keras.layers.Layer):
    def __init__(self, width: int, heads: int, hidden: int | None, bias: bool) -> None:
        super().__init__()
        self.sl11, self.sl12 = Attention(width, heads, bias), Attention(width, heads, bias)
        self.ffn = FeedForward(width, hidden)
        self.layernorm1, self.layernorm2, self.layernorm3 = norm(), norm(), norm()

    def call(self, x: Any, memory: Any, after: Any, hidden: Any) -> Any:
        x = self.layernorm1(x + self.sl11(x, x, after))
        x = self.layernorm2(x + self.sl12(x, memory, hidden))
        return self.layernorm3(x + self.ffn(x))


class Encoder(keras.Model):
    def __init__(self, layers: int, entries: int, width: int, heads: int, hidden: int | None, bias: bool) -> None:
        super().__init__()
        self.embedding = keras.layers.Embedding(entries, width)
        for number in range(layers):  # a list of layers Keras 3 leaves out of checkpoints
            setattr(self, f"layer_{number}", EncoderLayer(width, heads, hidden, bias))
        self.width, self.count = width, layers

    def call(self, ids: Any, hidden: Any) -> Any:
        x = math.sqrt(self.width) * self.embedding(ids) + tf.constant(waves(64, self.width))[: tf.shape(ids)[1]]
        for number in range(self.count):
            x = getattr(self, f"layer_{number}")(x, hidden)
        return x


class Decoder(keras.Model):
    def __init__(self, layers: int, entries: int, width: int, heads: int, hidden: int | None, bias: bool) -> None:
        super().__init__()
        self.embedding = keras.layers.Embedding(entries, width)
        for number in range(layers):
            setattr(self, f"layer_{number}", DecoderLayer(width, heads, hidden, bias))
        self.final_layer = keras.layers.Dense(entries)
        self.width, self.count = width, layers

    def call(self, said: Any, memory: Any, after: Any, hidden: Any) -> Any:
        x = math.sqrt(self.width) * self.embedding(said) + tf.constant(waves(64, self.width))[: tf.shape(said)[1]]
        for number in range(self.count):
            x = getattr(self, f"layer_{number}")(x, memory, after, hidden)
        return self.final_layer(x)


class ChannelEncoder(keras.Model):
    """complex_power: whether complex symbols or real values have mean square 1, over the whole batch."""

    def __init__(self, hidden: int, values: int, complex_power: bool) -> None:
        super().__init__()
        self.dense0, self.dense1 = keras.layers.Dense(hidden, "relu"), keras.layers.Dense(values)
        self.factor = 2.0 if complex_power else 1.0

    def call(self, x: Any) -> Any:
        x = self.dense1(self.dense0(x))
        return x / tf.sqrt(self.factor * tf.reduce_mean(tf.square(x)))


class ChannelDecoder(keras.Model):
    def __init__(self, width: int, hidden: int) -> None:
        super().__init__()
        self.dense1, self.dense2 = keras.layers.Dense(width, "relu"), keras.layers.Dense(hidden, "relu")
        self.dense3, self.layernorm1 = keras.layers.Dense(width), norm()

    def call(self, x: Any) -> Any:
        first = self.dense1(x)
        return self.layernorm1(first + self.dense3(self.dense2(first)))


class Transceiver(keras.Model):
    """Both ends; `noise` is added to the values on the air."""

    def __init__(
        self, entries: int, layers: int = 2, width: int = 16, heads: int = 2, hidden: int | None = None,
        values: int = 6, bias: bool = False, complex_power: bool = True,
    ) -> None:  # fmt: skip
        super().__init__()
        shape = layers, entries, width, heads, hidden, bias
        self.semantic_encoder, self.semantic_decoder = Encoder(*shape), Decoder(*shape)
        self.channel_encoder = ChannelEncoder(24, values, complex_power)
        self.channel_decoder = ChannelDecoder(width, 20)

    def call(self, ids: Any, said: Any, noise: Any = 0.0) -> Any:
        hidden = tf.cast(ids == PADDING, tf.float32)[:, None, None, :]
        values = self.channel_encoder(self.semantic_encoder(ids, hidden))
        memory = self.channel_decoder(values + noise)
        after = 1.0 - tf.linalg.band_part(tf.ones([tf.shape(said)[1]] * 2), -1, 0)
        return self.semantic_decoder(said, memory, after, hidden)


def compiled(model: Transceiver) -> Any:
    """The logits of one sentence of any length as a function of ids, earlier words and noise: numpy in and out."""
    ids, noise = tf.TensorSpec([1, None], tf.int64), tf.TensorSpec([1, None, None], tf.float32)
    function = tf.function(lambda ids, said, noise: model(ids, said, noise=noise), input_signature=[ids, ids, noise])
    return lambda *given: function(*map(tf.constant, given)).numpy()[0]


def say(logits: Any, ids: np.ndarray, noise: np.ndarray, longest: int) -> list[int]:
    """The best words for one sentence, until the end. In: logits: what `compiled` gave."""
    said = [START]
    while len(said) <= longest and said[-1] != END:
        said.append(int(np.argmax(logits(ids, np.array([said]), noise)[-1])))
    return said[1:]


def trained(
    model: Transceiver, sentences: list[list[int]], steps: int, seed: int = 0, rate: Any = 5e-3, size: int = 16
) -> Transceiver:
    """A few steps on sentences of ids without frame, over AWGN at the label of 9 dB. rate: of learning."""
    generator = np.random.default_rng(seed)
    optimiser = keras.optimizers.Adam(rate)
    lossy = keras.losses.SparseCategoricalCrossentropy(from_logits=True, reduction="none")

    @tf.function(reduce_retracing=True)
    def step(batch: Any, noise: Any) -> None:
        with tf.GradientTape() as tape:
            errors = lossy(batch[:, 1:], model(batch, batch[:, :-1], noise=noise))
            loss = tf.reduce_mean(errors * tf.cast(batch[:, 1:] != PADDING, tf.float32))
        optimiser.apply_gradients(
            zip(tape.gradient(loss, model.trainable_variables), model.trainable_variables, strict=True)
        )

    longest = max(map(len, sentences)) + 2
    rows = np.array([[START, *words, END] + [PADDING] * (longest - len(words) - 2) for words in sentences])
    for _ in range(steps):
        batch = rows[generator.integers(0, len(rows), size)]
        shape = *batch.shape, model.channel_encoder.dense1.units
        noise = generator.normal(0, 10 ** (-9 / 20) / math.sqrt(2), shape).astype(np.float32)
        step(tf.constant(batch), tf.constant(noise))
    return model
