"""Requests in the plan of a run: in files that travel only their digests, in full where the owner of the data reads."""

import json
from collections.abc import Mapping
from typing import Any

from semlink.unlearning.request import request_from

KEY = "request"  # of a request in plans and recipes, wherever it stands


def hidden(content: Any, found: dict[str, Any]) -> Any:
    """Plain data with the digest of each request in its place; the requests are added to `found` by their digests."""
    if isinstance(content, list):
        return [hidden(item, found) for item in content]
    if not isinstance(content, Mapping):
        return content
    result = {key: hidden(value, found) for key, value in content.items() if key != KEY}
    if isinstance(request := content.get(KEY), Mapping) and "selection" in request:
        digest = request_from(request, "the run").digest()
        found[digest] = json.loads(json.dumps(request))
        return {key: {"digest": digest} if key == KEY else result[key] for key in content}
    return {key: content[key] if key == KEY else result[key] for key in content}


def restored(content: Any, found: Mapping[str, Any]) -> Any:
    """What `hidden` was given, as far as the requests are at hand."""
    if isinstance(content, list):
        return [restored(item, found) for item in content]
    if not isinstance(content, Mapping):
        return content
    if isinstance(request := content.get(KEY), Mapping) and request.get("digest") in found:
        content = {**content, KEY: found[request["digest"]]}
    return {key: value if key == KEY else restored(value, found) for key, value in content.items()}
