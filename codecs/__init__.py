"""Data to symbols and back: the neural codecs, the classical chain, and how they are made and stored."""

from typing import TYPE_CHECKING, Any

from semlink.registry import Registry

if TYPE_CHECKING:
    from semlink.codecs.neural_codec import NeuralCodec

CODECS: "Registry[type[NeuralCodec[Any]]]" = Registry(
    "codec",
    {
        "text": "semlink.codecs.text.model:TextCodec",
        "image": "semlink.codecs.image.model:ImageCodec",
        "deepjscc": "semlink.codecs.deepjscc.model:DeepJscc",
        "deepsc": "semlink.codecs.deepsc.model:DeepSc",
        "task": "semlink.codecs.task.model:TaskCodec",
        "sharded-task": "semlink.codecs.task.sharded:ShardedTaskCodec",
        "gan": "semlink.codecs.generative.model:Gan",
        "generative": "semlink.codecs.generative.model:GenerativeCodec",
    },
    contract="semlink.codecs.neural_codec:NeuralCodec",
)
