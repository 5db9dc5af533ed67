"""The folder of a run: what it does, and everything that its report is drawn from. One writer, one reader."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from semlink.errors import RecipeError, ResultsError
from semlink.experiments.workflow.hidden_requests import hidden, restored
from semlink.experiments.workflow.plugin_use import recorded
from semlink.experiments.workflow.run_plan import ExperimentPlan, RunPlan, run_plan_from
from semlink.experiments.workflow.source_places import PLACES, named, placed, stored
from semlink.files import check_room, content_of, json_text, write_whole
from semlink.simulator.results import Row, read_rows, write_rows
from semlink.untrusted import YAML_MOST, json_of, read_bytes, read_text, yaml_of, yaml_text
from semlink.version import __version__

RUN, ROWS, SAMPLES, METADATA = "run.yaml", "results.jsonl", "samples.json", "metadata.json"
REQUESTS = "requests.json"  # in full, for the owner of the data alone; a copy of the folder leaves them out
DESCRIPTION = (RUN, REQUESTS, PLACES)  # written before anything is made
ERASED_SETS = ("forget", "forget_test")  # what a request matches: no file shows such a record unless its owner asks
ROOM = 8 << 20  # bytes for the rows, figures and report of a run
JSON_MOST = 64 << 20  # bytes of samples or metadata


@dataclass(frozen=True)
class RunFolder:
    """A run and where it is stored.

    plan:    what it does. command: how it was started. code_version: of semlink. device: of torch.
    plugins: what it uses that is not semlink's own: name and digest of each.
    """

    path: Path
    plan: RunPlan
    command: str
    code_version: str = __version__
    device: str = "cpu"
    plugins: tuple[Mapping[str, str], ...] = ()

    @classmethod
    def reserve(
        cls, path: Path, plan: RunPlan, command: str, device: str = "cpu", plugins: Sequence[Mapping[str, str]] = ()
    ) -> "RunFolder":
        """Makes `path` the folder of a run. A run that was stopped goes on; one that made nothing yet gives way.

        Errors: RecipeError when the folder holds another run or something else; OSError when there is no room.
        """
        if path.exists() and not path.is_dir():
            raise RecipeError(f"{path} is a file; choose a folder for --out.")
        made = path.is_dir() and any(item.name not in DESCRIPTION for item in content_of(path))
        if made and not (path / RUN).exists():
            raise RecipeError(f"{path} is not empty and holds no run; choose another --out.")
        if made and (before := cls.open(path)).plan != plan:
            raise RecipeError(f"{path} holds a run with other settings; choose another --out, or remove that folder.")
        if made and _by_digest(before.plugins) != _by_digest(plugins):
            raise RecipeError(f"{path} holds a run with other plug-ins or versions of them; choose another --out.")
        run = cls(path, plan, command, device=device, plugins=tuple(plugins))
        check_room(path, ROOM)
        if not made:  # what describes the run that gives way names persons and places
            for name in DESCRIPTION[1:]:
                (path / name).unlink(missing_ok=True)
        run._write()
        return run

    def copied_to(self, path: Path) -> "RunFolder":
        """The same run in another folder, which says of itself what this one says. Errors: as `reserve`."""
        RunFolder.reserve(path, self.plan, self.command, plugins=self.plugins)
        copied = replace(self, path=path)
        copied._write()
        return copied

    @classmethod
    def open(cls, path: Path) -> "RunFolder":
        """Reads the folder of a run. Errors: ResultsError when it holds none; RecipeError when its plan is damaged."""
        file = path / RUN
        try:
            content = yaml_of(read_text(file, YAML_MOST))
        except OSError as error:
            raise ResultsError(f"{path} holds no run; make one with: semlink run, or semlink sweep.") from error
        except ValueError as error:
            raise ResultsError(f"{file} is damaged; fetch the folder again or repeat the run.") from error
        if not isinstance(content, dict) or not isinstance(content.get("run"), dict):
            raise ResultsError(f"{file} does not describe a run; fetch the folder again or repeat the run.")
        run = placed(content["run"], _kept_in(path / PLACES))
        plan = {**restored(run, _kept_in(path / REQUESTS)), "kind": content.get("kind")}
        if not isinstance(content.get("plugins") or [], list):
            raise ResultsError(f"{file} does not describe a run; fetch the folder again or repeat the run.")
        plugins = recorded(content.get("plugins"))
        texts = {name: str(content.get(name, "")) for name in ("command", "code_version", "device")}
        return cls(path, run_plan_from(plan, str(file), bool(plugins)), **texts, plugins=tuple(plugins))

    @property
    def parts(self) -> Path:
        """The folder of finished parts, with which a stopped run goes on."""
        return self.path / ".parts"

    def write(
        self,
        rows: Sequence[Row],
        samples: Sequence[Mapping[str, Any]] = (),
        metadata: Mapping[str, Mapping[str, Any]] | None = None,
    ) -> None:
        """Stores what the run found.

        In: samples: what was sent and what arrived, as `semlink.simulator.samples` gives them. metadata: of each
            experiment its codec's card, and where something was erased the request and the certificates.
        """
        write_rows(self.path / ROWS, rows)
        if samples:
            write_whole(self.path / SAMPLES, json_text(samples) + "\n")
        if metadata:
            write_whole(self.path / METADATA, json_text(metadata, 1) + "\n")

    def rows(self) -> list[Row]:
        """The result rows. Errors: ResultsError."""
        return read_rows(self.path / ROWS)

    def samples(self) -> list[Any]:
        """The samples, as plain data; none where none were taken. Errors: ResultsError."""
        content = self._json(SAMPLES, [])
        if not isinstance(content, list):
            raise ResultsError(f"{self.path / SAMPLES} is damaged; remove it or repeat the run.")
        return content

    def metadata(self) -> dict[str, dict[str, Any]]:
        """What `write` was given for each experiment. Errors: ResultsError."""
        content = self._json(METADATA, {})
        if not isinstance(content, dict) or not all(isinstance(value, dict) for value in content.values()):
            raise ResultsError(f"{self.path / METADATA} is damaged; remove it or repeat the run.")
        return content

    def plan_of(self, experiment: str) -> dict[str, Any]:
        """The plan of one experiment as plain data: its recipe, or all of a run without recipes. Paths are names."""
        if isinstance(self.plan, ExperimentPlan):
            found = [recipe for recipe in self.plan.recipes if recipe.experiment == experiment]
            content = found[0].model_dump(mode="json") if found else {}
        else:
            content = self.plan.model_dump(mode="json", exclude={"kind"}, exclude_none=True)
        plan: dict[str, Any] = named(content, {})
        return plan

    def _json(self, name: str, default: object) -> object:
        try:
            return json_of(read_bytes(self.path / name, JSON_MOST))
        except FileNotFoundError:
            return default
        except (OSError, ValueError) as error:
            raise ResultsError(f"{self.path / name} is damaged; remove it or repeat the run.") from error

    def _write(self) -> None:
        requests, places = _kept_in(self.path / REQUESTS), dict[str, Any]()
        plan = named(hidden(self.plan.model_dump(mode="json", exclude={"kind"}), requests), places)
        content = {
            "kind": self.plan.kind,
            "command": self.command,
            "code_version": self.code_version,
            "device": self.device,
            "plugins": [dict(plugin) for plugin in self.plugins],
            "run": plan,
        }
        if requests:
            write_whole(self.path / REQUESTS, json.dumps(requests, indent=1) + "\n", 0o600)
        if places:
            write_whole(self.path / PLACES, stored(places).decode(), 0o600)
        write_whole(self.path / RUN, yaml_text(content))


def _by_digest(plugins: Sequence[Mapping[str, str]]) -> set[str]:
    return {plugin["digest"] or plugin["name"] for plugin in plugins}


def _kept_in(file: Path) -> dict[str, Any]:
    """What the owner of a run keeps: full requests by their digests, or places; none without the file.

    Errors: ResultsError.
    """
    try:
        content: dict[str, Any] = json_of(read_bytes(file), dict)
        return content
    except (FileNotFoundError, PermissionError):
        return {}
    except (OSError, ValueError) as error:
        raise ResultsError(f"{file} is damaged; remove it or repeat the run.") from error
