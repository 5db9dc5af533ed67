"""DeepJSCC, the published convolutional codec of images, and its parts."""

from transformers import AutoConfig, AutoModel

from semlink.codecs.deepjscc.configuration import DeepJsccConfig
from semlink.codecs.deepjscc.model import DeepJscc

AutoConfig.register(DeepJsccConfig.model_type, DeepJsccConfig, exist_ok=True)
AutoModel.register(DeepJsccConfig, DeepJscc, exist_ok=True)

__all__ = ["DeepJscc", "DeepJsccConfig"]
