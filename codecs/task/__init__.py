"""The task-oriented codec, alone or several of them: the receiver infers a label from the symbols."""

from transformers import AutoConfig, AutoModel

from semlink.codecs.task.batch import LabelledImages
from semlink.codecs.task.configuration import TaskCodecConfig
from semlink.codecs.task.model import TaskCodec
from semlink.codecs.task.sharded import ShardedTaskCodec, ShardedTaskCodecConfig

AutoConfig.register(TaskCodecConfig.model_type, TaskCodecConfig, exist_ok=True)
AutoModel.register(TaskCodecConfig, TaskCodec, exist_ok=True)
AutoConfig.register(ShardedTaskCodecConfig.model_type, ShardedTaskCodecConfig, exist_ok=True)
AutoModel.register(ShardedTaskCodecConfig, ShardedTaskCodec, exist_ok=True)

__all__ = ["LabelledImages", "ShardedTaskCodec", "ShardedTaskCodecConfig", "TaskCodec", "TaskCodecConfig"]
