"""DeepSC as it was published, so that codecs trained with that code can be taken in."""

from transformers import AutoConfig, AutoModel

from semlink.codecs.deepsc.configuration import DeepScConfig
from semlink.codecs.deepsc.model import DeepSc

AutoConfig.register(DeepScConfig.model_type, DeepScConfig, exist_ok=True)
AutoModel.register(DeepScConfig, DeepSc, exist_ok=True)

__all__ = ["DeepSc", "DeepScConfig"]
