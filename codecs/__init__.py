"""Data to symbols and back: the neural codecs, how they are made, and how they are stored."""

from semlink.codecs.building import CODECS, new_codec, new_codec_like
from semlink.codecs.bundle import Bundle, load_bundle, save_bundle
from semlink.codecs.contract import Codec, NeuralCodec, Sentence
from semlink.codecs.deepjscc import DeepJscc, DeepJsccConfig
from semlink.codecs.deepsc import DeepSc, DeepScConfig
from semlink.codecs.generative import Gan, GanConfig, GenerativeCodec, GenerativeConfig
from semlink.codecs.image import ImageCodec, ImageCodecConfig
from semlink.codecs.posterior import Posterior, divergence, divergence_from_prior
from semlink.codecs.task import (
    LabelledImages,
    ShardedTaskCodec,
    ShardedTaskCodecConfig,
    TaskCodec,
    TaskCodecConfig,
)
from semlink.codecs.text import TextBatch, TextCodec, TextCodecConfig, TextTokenizer

__all__ = [
    "CODECS",
    "Bundle",
    "Codec",
    "DeepJscc",
    "DeepJsccConfig",
    "DeepSc",
    "DeepScConfig",
    "Gan",
    "GanConfig",
    "GenerativeCodec",
    "GenerativeConfig",
    "ImageCodec",
    "ImageCodecConfig",
    "LabelledImages",
    "NeuralCodec",
    "Posterior",
    "Sentence",
    "ShardedTaskCodec",
    "ShardedTaskCodecConfig",
    "TaskCodec",
    "TaskCodecConfig",
    "TextBatch",
    "TextCodec",
    "TextCodecConfig",
    "TextTokenizer",
    "divergence",
    "divergence_from_prior",
    "load_bundle",
    "new_codec",
    "new_codec_like",
    "save_bundle",
]
