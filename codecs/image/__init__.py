"""The image codec and its parts."""

from transformers import AutoConfig, AutoModel

from semlink.codecs.image.configuration import ImageCodecConfig
from semlink.codecs.image.model import ImageCodec

AutoConfig.register(ImageCodecConfig.model_type, ImageCodecConfig, exist_ok=True)
AutoModel.register(ImageCodecConfig, ImageCodec, exist_ok=True)

__all__ = ["ImageCodec", "ImageCodecConfig"]
