"""Versions of a codec on disk: whether a folder holds the one that is asked for, and what lies beside it while it is made."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from semlink.codecs.contract import NeuralCodec
from semlink.errors import BundleError, RecipeError
from semlink.experiments.workflow.preparation import recipe_of
from semlink.experiments.workflow.recipe import Recipe
from semlink.experiments.workflow.store import stored_bundle
from semlink.files import check_room

RECIPE, REQUEST, IMPORT = "training.yaml", "request.json", "import.json"
CHECKPOINT_COPIES = 4  # of the weights: as they are, the best so far, and the optimiser's two averages


def training_part(recipe: Recipe) -> dict[str, Any]:
    """All of a recipe that the trained weights depend on."""
    return recipe.model_dump(mode="json", exclude={"sweep", "erasure"})


def recipe_file(card: Mapping[str, Any]) -> dict[str, str]:
    """The recipe of a card as a file of a bundle: name -> content."""
    return {RECIPE: yaml.safe_dump(card["recipe"], sort_keys=False, allow_unicode=True)}


def holds(folder: Path, marks: Mapping[str, Any]) -> bool:
    """Whether a bundle with these marks in its card is there. Errors: RecipeError when something else is."""
    if not folder.exists() or (folder.is_dir() and not any(folder.iterdir())):
        return False
    try:
        bundle = stored_bundle(folder)
        card = {**bundle.card, "recipe": training_part(recipe_of(bundle))}  # with the defaults of fields added since
    except BundleError as error:
        raise RecipeError(f"{folder} holds something that is not this codec; choose another --out.") from error
    if any(card.get(key) != json.loads(json.dumps(value)) for key, value in marks.items()):
        raise RecipeError(f"{folder} holds another codec; choose another --out, or remove that folder first.")
    return True


def check_space(folder: Path, codec: NeuralCodec[Any]) -> None:
    """Errors: OSError when there is no room for a codec and the checkpoints on the way to it."""
    check_room(folder.parent, CHECKPOINT_COPIES * sum(value.nbytes for value in codec.state_dict().values()))


def checkpoint_of(folder: Path) -> Path:
    """The file from which stopped work on a version goes on."""
    return folder.parent / f".{folder.name}.checkpoint"


def remove_checkpoint(checkpoint: Path) -> None:
    """Removes a checkpoint, and those of phases of a method or parts of a codec."""
    for part in (checkpoint, *checkpoint.parent.glob(f"{checkpoint.name}-*")):
        part.unlink(missing_ok=True)
