"""The task-oriented codec: the receiver infers a label from the symbols."""

from transformers import AutoConfig, AutoModel

from semlink.codecs.task.batch import LabelledImages
from semlink.codecs.task.configuration import TaskCodecConfig
from semlink.codecs.task.model import TaskCodec

AutoConfig.register(TaskCodecConfig.model_type, TaskCodecConfig, exist_ok=True)
AutoModel.register(TaskCodecConfig, TaskCodec, exist_ok=True)

__all__ = ["LabelledImages", "TaskCodec", "TaskCodecConfig"]
