"""Requests in the plan of a run: in files that travel only a mark, in full where the owner of the data reads.

The mark is drawn by chance. A digest could be guessed by whoever knows how such requests are worded.
"""

import secrets
from collections.abc import Mapping
from typing import Any

KEY = "request"  # of a request in plans and recipes, wherever it stands
KEPT = "kept"  # the only key of what stands in its place


def is_kept_elsewhere(request: Mapping[str, Any]) -> bool:
    """Whether a request is only the mark of one that is kept elsewhere."""
    return request.keys() == {KEPT}


def hidden(content: Any, found: dict[str, Any]) -> Any:
    """Plain data with a mark in the place of each request, which is added to `found` under it.

    In: found: the marks of an earlier writing, which stay.
    """
    if isinstance(content, list):
        return [hidden(item, found) for item in content]
    if not isinstance(content, Mapping):
        return content
    result = {key: value if key == KEY else hidden(value, found) for key, value in content.items()}
    if isinstance(request := content.get(KEY), Mapping) and not is_kept_elsewhere(request):
        mark = next((mark for mark, known in found.items() if known == request), secrets.token_hex(8))
        found[mark] = dict(request)
        result[KEY] = {KEPT: mark}
    return result


def restored(content: Any, found: Mapping[str, Any]) -> Any:
    """What `hidden` was given, as far as the requests are at hand."""
    if isinstance(content, list):
        return [restored(item, found) for item in content]
    if not isinstance(content, Mapping):
        return content
    if isinstance(request := content.get(KEY), Mapping) and request.get(KEPT) in found:
        content = {**content, KEY: found[request[KEPT]]}
    return {key: value if key == KEY else restored(value, found) for key, value in content.items()}
