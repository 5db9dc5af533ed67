"""The text codec and its parts."""

from transformers import AutoConfig, AutoModel

from semlink.codecs.text.batch import TextBatch
from semlink.codecs.text.configuration import TextCodecConfig
from semlink.codecs.text.model import TextCodec
from semlink.codecs.text.tokenizer import TextTokenizer

AutoConfig.register(TextCodecConfig.model_type, TextCodecConfig, exist_ok=True)
AutoModel.register(TextCodecConfig, TextCodec, exist_ok=True)

__all__ = ["TextBatch", "TextCodec", "TextCodecConfig", "TextTokenizer"]
