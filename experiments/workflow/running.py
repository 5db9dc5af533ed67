"""Runs of any kind: the plan of what a user names, and how it is carried out."""

from collections.abc import Sequence
from pathlib import Path

from semlink.errors import RecipeError
from semlink.experiments.workflow.machine import Machine
from semlink.experiments.workflow.plugin_use import check_present
from semlink.experiments.workflow.recipe import Recipe
from semlink.experiments.workflow.recipe_file import given_recipe, over_seeds
from semlink.experiments.workflow.run_folder import RUN, RunFolder
from semlink.experiments.workflow.run_plan import (
    BlockErrorsPlan,
    CodecAuditPlan,
    CodecSweepPlan,
    ExperimentPlan,
    RunPlan,
)


def plan_for(named: Sequence[str | Path | Recipe], overrides: Sequence[str], seeds: Sequence[int]) -> RunPlan:
    """The plan of recipes, each with each seed; or that of a recorded run, given by its folder.

    Errors: RecipeError when a recorded run stands beside others, or is to be changed; those of a wrong recipe.
    """
    folders = [Path(name) for name in named if not isinstance(name, Recipe) and (Path(name) / RUN).is_file()]
    if folders:
        if len(named) > 1 or overrides or seeds:
            raise RecipeError(
                f"{folders[0]} is a recorded run, which is repeated as it was; leave out other names, --set, --seed "
                "and --seeds."
            )
        recorded = RunFolder.open(folders[0])
        check_present(recorded.plugins, f"The run in {folders[0]}")
        return recorded.plan
    if not named:
        raise RecipeError("There is nothing to run; name a recipe, or the folder of a recorded run.")
    recipes = [given_recipe(name, overrides) for name in named]
    if seeds:
        recipes = [seeded for recipe in recipes for seeded in over_seeds(recipe, seeds)]
    return ExperimentPlan(recipes=tuple(recipes))


def carry_out(plan: RunPlan, out: Path, machine: Machine, command: str, show_erased: bool = False) -> RunFolder:
    """Does what a plan says, into the folder `out`.

    In:     show_erased: whether an experiment keeps samples of erased records.
    Errors: those of the kind of run.
    """
    match plan:
        case ExperimentPlan():
            from semlink.experiments.workflow.experiment import run_experiments

            return run_experiments(plan, out, machine, command, show_erased)
        case CodecSweepPlan():
            from semlink.experiments.workflow.sweeping import run_sweep

            return run_sweep(plan, out, machine, command)
        case CodecAuditPlan():
            from semlink.experiments.workflow.auditing import run_audits

            return run_audits(plan, out, machine, command)
        case BlockErrorsPlan():
            from semlink.experiments.workflow.error_tables import run_block_errors

            return run_block_errors(plan, out, machine, command)
