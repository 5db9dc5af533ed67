"""Which configurations of pretrained encoders are taken: known types of models, and plain values of their own fields.

Transformers reads from a configuration the names of other models, of kernels and of code, and gets them from a hub.
Whoever makes a stored codec writes its configuration, so none of these is ever handed over.
"""

import re
from collections.abc import Mapping
from typing import Any, Literal

from transformers import CONFIG_MAPPING

from semlink.errors import CodecError
from semlink.untrusted import cut, shown

Kind = Literal["text", "image"]
TYPES: dict[Kind, tuple[str, ...]] = {
    "text": (
        "albert", "bert", "data2vec-text", "deberta", "deberta-v2", "distilbert", "electra", "mobilebert", "mt5",
        "nystromformer", "rembert", "roberta", "roberta-prelayernorm", "roformer", "squeezebert", "t5", "umt5",
        "xlm-roberta", "xlm-roberta-xl",
    ),
    "image": ("beit", "data2vec-vision", "deit", "dinov2", "ijepa", "vit", "vit_mae", "vit_msn"),
}  # fmt: skip
# What names another model, a kernel or code, in whatever field it stands.
FOREIGN = re.compile(r"backbone|auto_map|attn_impl|experts_impl|kernel|remote|quanti|timm|adapter|base_model|hub|repo")
NOT_ARCHITECTURE = ("_name_or_path", "architectures", "dtype", "id2label", "label2id", "transformers_version")
# Fields that older releases wrote for these models, and that a network still looks for.
OLDER = ("position_embedding_type", "layer_norm_elementwise_affine", "legacy")
LAYERS_MOST, NUMBER_MOST, LETTERS_MOST, ITEMS_MOST = 256, 1 << 24, 64, 1024


def checked_configuration(config: Mapping[str, Any], kind: Kind, name: str) -> dict[str, Any]:
    """Those fields of a configuration that the type of model has, and its type; the others are left out.

    In:     name: of the backbone, for the error sentence.
    Errors: CodecError when the type is not taken, or a field names something foreign or has no plain, sensible value.
    """
    type_of_model = config.get("model_type")
    if not isinstance(type_of_model, str) or type_of_model not in TYPES[kind] or type_of_model not in CONFIG_MAPPING:
        known = ", ".join(known for known in TYPES[kind] if known in CONFIG_MAPPING)
        what = "a text encoder" if kind == "text" else "a vision encoder of patches"
        raise CodecError(
            f'{name} is a model of the type "{cut(type_of_model)}", not {what} that is taken; give one of: {known}.'
        )
    fields = CONFIG_MAPPING[type_of_model]().to_dict().keys() - {*NOT_ARCHITECTURE}
    taken = {"model_type": type_of_model}
    for key, value in config.items():
        if FOREIGN.search(key) and value not in (None, False):
            raise CodecError(
                f'The configuration of {name} has the field "{cut(key)}", which can name other code; give a backbone '
                "without it."
            )
        if key in OLDER or (key in fields and not FOREIGN.search(key)):
            if not _plain(key, value):
                raise CodecError(f"The configuration of {name} cannot have {cut(key)}={shown(value)}; fetch it again.")
            taken[key] = value
    return taken


def _plain(key: str, value: object) -> bool:
    """Whether a value is a number of sensible size, a word, or a short list of these."""
    if isinstance(value, list):
        return len(value) <= ITEMS_MOST and all(not isinstance(item, list) and _plain(key, item) for item in value)
    if isinstance(value, str):
        return len(value) <= LETTERS_MOST and "/" not in value
    if isinstance(value, int | float) and not isinstance(value, bool):
        return abs(value) <= (LAYERS_MOST if "layers" in key else NUMBER_MOST)
    return value is None or isinstance(value, bool)
