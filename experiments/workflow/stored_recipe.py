"""The recipe that a stored codec was trained with."""

from collections.abc import Mapping

from semlink.codecs.bundle import Bundle
from semlink.errors import BundleError, SemlinkError
from semlink.experiments.workflow.plugin_use import explained
from semlink.experiments.workflow.recipe import Recipe
from semlink.experiments.workflow.recipe_file import recipe_from


def recipe_of(bundle: Bundle) -> Recipe:
    """The recipe that a stored codec was trained with. Errors: BundleError when its card has none."""
    content = bundle.card.get("recipe")
    if not isinstance(content, Mapping):
        raise BundleError(f"The bundle {bundle.folder} does not say how it was trained; train it with: semlink train.")
    try:
        return recipe_from(content, f"in {bundle.folder / 'card.json'}")
    except SemlinkError as error:
        raise explained(error, bundle.card.get("plugins"), str(bundle.folder)) from error
