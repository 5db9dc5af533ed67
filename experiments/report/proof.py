"""One page for the person who asked for an erasure: what was done, what that shows, and what it does not."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from semlink.codecs.bundle import Bundle
from semlink.errors import ErasureError
from semlink.experiments.report.labels import snr_label
from semlink.experiments.workflow.erasure import CERTIFICATE
from semlink.experiments.workflow.residue import Needles
from semlink.experiments.workflow.signatures import SIGNATURE, read_signature, verify
from semlink.experiments.workflow.store import stored_bundle
from semlink.files import sha256_of, write_whole
from semlink.unlearning.request import ErasureRequest, request_from

REGISTER = "requests.json"  # protected, in a bundle: every request that was carried out on it, the last one last
WITHHELD = "not shown here, since it names what was erased"
SETS = {"forget": "erased records", "validation": "other records"}


@dataclass(frozen=True)
class RequestFacts:
    """The request of a proof.

    request: as it was made. number: its place in the chain of requests, from 1; None where that is not known.
    compared: whether the codec's files show that it is this one.
    """

    request: ErasureRequest
    number: int | None
    compared: bool = True


def write_proof(folder: Path, out: Path, request: ErasureRequest | None = None, key: Path | None = None) -> Path:
    """Writes the page about one request that was carried out on a stored codec; nobody's data are in it.

    In:     folder: of the codec after the erasure. request: None: the last one in its protected files. key: a file of
            public keys, one of which must have signed the codec.
    Errors: ErasureError when nothing was erased, or the request is not known or another; BundleError; SignatureError;
            OSError.
    """
    bundle = stored_bundle(folder)
    certificate = _certificate(bundle)
    facts = _facts(bundle, request, certificate)
    page = (
        _environment()
        .get_template("proof.html.j2")
        .render(
            style=Markup((Path(__file__).parent / "page.css").read_text(encoding="utf-8")),
            sections=_sections(bundle, certificate, facts, _signature(folder, key)),
            losses=_losses(certificate) if facts.number in (None, len(_chain(bundle))) else [],
            retrained=bundle.card.get("version") == "retrained",
        )
    )
    write_whole(out, page, 0o600)
    return out


def _environment() -> Environment:
    return Environment(
        loader=FileSystemLoader(Path(__file__).parent), autoescape=True, trim_blocks=True, lstrip_blocks=True,
        undefined=StrictUndefined,
    )  # fmt: skip


def _certificate(bundle: Bundle) -> Mapping[str, Any]:
    """The certificate, as the manifest vouches for it. Errors: ErasureError where there is none."""
    file = bundle.folder / CERTIFICATE
    stored = json.loads(bundle.manifest)["files"].get(CERTIFICATE)
    if stored is None:
        raise ErasureError(f"Nothing was erased from {bundle.folder}; give the codec that semlink erase made.")
    if sha256_of(file) != stored:
        raise ErasureError(f"{file} was changed; fetch the codec again.")
    content = json.loads(file.read_text(encoding="utf-8"))
    if not isinstance(content, Mapping):
        raise ErasureError(f"{file} is no certificate; carry out the erasure again.")
    return content


def _facts(bundle: Bundle, request: ErasureRequest | None, certificate: Mapping[str, Any]) -> RequestFacts:
    """Errors: ErasureError."""
    known = _register(bundle)
    if request is None:
        if not known:
            raise ErasureError(
                f"The protected files of {bundle.folder} are not here, which hold the request; give it with --request."
            )
        return RequestFacts(known[-1], _place(bundle, len(known)))
    if request in known:
        return RequestFacts(request, _place(bundle, known.index(request) + 1))
    told = certificate.get("request")
    same = isinstance(told, Mapping) and told.get("digest") == request.digest()
    if known and not same:
        raise ErasureError(f"Request {request.id} was not carried out on {bundle.folder}; give one that was.")
    return RequestFacts(request, None, same)


def _chain(bundle: Bundle) -> list[Mapping[str, Any]]:
    """What the card says of every request that was carried out on the codec or on what it came from."""
    return [entry for entry in bundle.card.get("chain", ()) if isinstance(entry, Mapping)]


def _place(bundle: Bundle, number: int) -> int | None:
    return number if number <= len(_chain(bundle)) else None


def _losses(certificate: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The errors before and after, as the page shows them."""
    return [
        {
            "set": SETS[row["set"]],
            "snr": snr_label(float(row["snr_db"])),
            "n": row["n"],
            **{name: f"{float(row[name]):.4g}" for name in ("before", "after")},
        }
        for row in certificate.get("mean_loss", ())
        if row.get("set") in SETS
    ]


def _register(bundle: Bundle) -> list[ErasureRequest]:
    """The requests in the protected files of a codec, the last one last. Errors: ErasureError when they are damaged."""
    if REGISTER not in bundle.protected:
        return []
    try:
        entries = json.loads(bundle.protected[REGISTER])
        return [request_from(entry["request"], str(bundle.folder / REGISTER)) for entry in entries]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise ErasureError(f"{bundle.folder / REGISTER} is damaged; give the request with --request.") from error


def _sections(
    bundle: Bundle, certificate: Mapping[str, Any], facts: RequestFacts, signature: str
) -> dict[str, dict[str, str]]:
    """The page, as headings with their facts."""
    needles = Needles.of(facts.request.model_copy(update={"id": "-", "reason": "-"}))
    chain = _chain(bundle)
    entry = chain[facts.number - 1] if facts.number is not None else {}
    last = facts.number in (None, len(chain))
    told = certificate.get("request")
    method = certificate.get("method")
    name = method.get("name") if isinstance(method, Mapping) else method
    count = entry.get("records") if entry else certificate.get("forgotten_records")

    def shown(text: str) -> str:
        return WITHHELD if needles.in_text(text) else text

    unsure = "not compared: the codec's protected files, which hold it, are not here"
    request = {
        "Name of the request": shown(facts.request.id),
        "Made": facts.request.time,
        "Its digest in the codec": entry.get("request") or (told.get("digest") if isinstance(told, Mapping) else None),
        "Is it the request of this codec?": None if facts.compared else unsure,
        "Requests carried out on this codec in all": len(chain) or None,
        "Which of them this is": facts.number if chain else None,
    }
    done = {
        "Carried out": entry.get("time") or certificate.get("issued"),
        "Method": entry.get("method") or name,
        "Records of the training that are forgotten": "not counted: no record was read" if count is None else count,
        "Certificate of the last erasure": None if last else certificate.get("issued"),
    }
    codec = {
        "Codec": shown(str(bundle.card.get("experiment", bundle.folder.name))),
        "Digest before": entry.get("parent") or certificate.get("original_digest"),
        "Digest now": bundle.digest(),
        "Digest of its weights": certificate.get("weights"),
        "Digest of the method's settings": certificate.get("settings"),
        "Version of semlink": certificate.get("code_version"),
        "Signature": signature,
    }
    sections = {"The request": request, "What was done": done, "The codec": codec}
    return {
        heading: {name: str(value) for name, value in listed.items() if isinstance(value, str | int | float)}
        for heading, listed in sections.items()
    }


def _signature(folder: Path, key: Path | None) -> str:
    """Errors: SignatureError when a key is given that did not sign the codec."""
    if key is not None:
        signature = verify(folder, key)
        return f"checked: by the owner of the key {signature.key}, on {signature.time}"
    if (folder / SIGNATURE).is_file():
        return f"there is one, by the key {read_signature(folder).key}; it was not checked for this page"
    return "none: the digests show damage, but not who made the codec"
