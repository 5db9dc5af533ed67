"""Codecs whose receiver is the generator of a GAN, and their parts."""

from transformers import AutoConfig, AutoModel

from semlink.codecs.generative.configuration import GanConfig, GenerativeConfig
from semlink.codecs.generative.model import Adversarial, Gan, GenerativeCodec

AutoConfig.register(GanConfig.model_type, GanConfig, exist_ok=True)
AutoConfig.register(GenerativeConfig.model_type, GenerativeConfig, exist_ok=True)
AutoModel.register(GanConfig, Gan, exist_ok=True)
AutoModel.register(GenerativeConfig, GenerativeCodec, exist_ok=True)

__all__ = ["Adversarial", "Gan", "GanConfig", "GenerativeCodec", "GenerativeConfig"]
