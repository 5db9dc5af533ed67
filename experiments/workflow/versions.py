"""A version of a codec while it is made: whether it is there already, its checkpoint, and how it is stored."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from semlink.codecs.bundle import save_bundle
from semlink.codecs.neural_codec import NeuralCodec
from semlink.errors import BundleError, RecipeError
from semlink.experiments.workflow.recipe import Recipe
from semlink.experiments.workflow.signatures import check_ready_to_sign, sign_made
from semlink.experiments.workflow.source_places import PLACES, named, stored
from semlink.experiments.workflow.store import stored_bundle
from semlink.experiments.workflow.stored_recipe import recipe_of
from semlink.files import check_room, content_of, json_text
from semlink.untrusted import yaml_text

RECIPE = "training.yaml"  # in a bundle: the recipe of its training
CHECKPOINT_COPIES = 4  # of the weights: as they are, the best so far, and the optimiser's two averages


@dataclass(frozen=True)
class NewVersion:
    """A version that is not there yet.

    folder: where it will be. checkpoint: the file from which work goes on. secret: the file of secret codes until then.
    plugins: digest of the plug-ins that make it; what another version of one began is not gone on with.
    """

    folder: Path
    plugins: str = ""

    @property
    def checkpoint(self) -> Path:
        return self.folder.parent / f".{self.folder.name}.checkpoint{self.plugins and f'-{self.plugins}'}"

    @property
    def secret(self) -> Path:
        return self.folder.parent / f".{self.folder.name}.codes"

    def check_space(self, codec: NeuralCodec[Any]) -> None:
        """Errors: OSError when there is no room for a codec and the checkpoints on the way to it."""
        size = sum(value.nbytes for value in codec.state_dict().values())
        check_room(self.folder.parent, CHECKPOINT_COPIES * size)

    def store(
        self,
        codec: NeuralCodec[Any],
        card: Mapping[str, Any],
        extra_files: Mapping[str, str] | None = None,
        protected: Mapping[str, bytes] | None = None,
        accounts: Mapping[str, str] | None = None,
    ) -> None:
        """Stores the codec with its card and the recipe in it, and removes what lay beside it until then.

        Of paths in the recipe's source the card has the names; the whole of them is protected.
        Errors: as `save_bundle`.
        """
        places: dict[str, Any] = {}
        card = {**card, "recipe": named(card["recipe"], places)}
        if places:
            protected = {**(protected or {}), PLACES: stored(places)}
        recipe = {RECIPE: yaml_text(card["recipe"])}
        save_bundle(codec.cpu(), card, self.folder, {**(extra_files or {}), **recipe}, protected, accounts)
        sign_made(self.folder)
        self.discard_work()

    def discard_work(self) -> None:
        """Removes secret codes, and the checkpoints of all phases and parts: of no use once the version is there."""
        all_of_them = f".{self.folder.name}.checkpoint-"
        checkpoints = (path for path in self.folder.parent.iterdir() if path.name.startswith(all_of_them))
        for path in (self.secret, self.checkpoint, *checkpoints):
            path.unlink(missing_ok=True)


def new_version(folder: Path, marks: Mapping[str, Any]) -> NewVersion | None:
    """The version to make at `folder`; None where a bundle with these marks in its card is there already.

    What a command that was killed when all was done left beside a stored codec goes.

    Errors: RecipeError when something else is there; SignatureError when it could not be signed although it has to be.
    """
    plugins = json_text(marks["plugins"]) if marks.get("plugins") else ""
    version = NewVersion(folder, plugins and hashlib.sha256(plugins.encode()).hexdigest()[:12])
    if not folder.exists() or (folder.is_dir() and not content_of(folder)):
        check_ready_to_sign()
        return version
    try:
        bundle = stored_bundle(folder)
        card = {**bundle.card, "recipe": training_part(recipe_of(bundle))}  # with the defaults of fields added since
    except BundleError as error:
        raise RecipeError(f"{folder} holds something that is not this codec; choose another --out.") from error
    version.discard_work()
    differing = [key.replace("_", " ") for key, value in marks.items() if card.get(key) != json.loads(json_text(value))]
    if differing:
        raise RecipeError(
            f"{folder} holds another codec (of another {', '.join(differing)}); "
            "choose another --out, or remove that folder first."
        )
    return None


def training_part(recipe: Recipe) -> dict[str, Any]:
    """All of a recipe that the trained weights depend on."""
    return recipe.model_dump(mode="json", exclude={"sweep", "erasure"})
