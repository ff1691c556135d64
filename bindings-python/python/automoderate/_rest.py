"""Converts the arguments of REST calls for the native module, and the dicts that it returns to data classes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, cast

from ._errors import AutoModerateError
from ._models import (
    Content,
    ContentPage,
    LiveState,
    Moderation,
    QueuedItem,
    ReviewQueue,
    Snapshot,
    Statistics,
    StatusCounts,
    Submission,
)
from ._options import check_count, check_text


def page_arguments(page: object, per_page: object, status: object) -> tuple[int, int | None, str | None]:
    """Check the arguments of `contents_page`."""
    return (
        check_count("page", page),
        None if per_page is None else check_count("per_page", per_page),
        None if status is None else check_text("status", status),
    )


def to_content_page(answer: Any) -> ContentPage:
    """Convert a page from the dict that the native module returns."""
    items = [Content(**item) for item in answer["items"]]
    return ContentPage(items, answer["page"], answer["has_more"], answer["total"], answer["unreadable"])


def batch_arguments(items: object, idempotency_key: object) -> tuple[list[tuple[str, str, Any]], str | None]:
    """Check the arguments of `moderate_batch`, and convert each item to a tuple of its type, content and metadata."""
    kind = type(items).__name__
    # Iterating over a str or a mapping would submit its characters or keys.
    if isinstance(items, (str, Mapping)) or not isinstance(items, Iterable):
        raise TypeError(f"items: expected an iterable of str and Submission, got {kind}")
    return (
        [_item_tuple(f"items[{index}]", item) for index, item in enumerate(cast("Iterable[object]", items))],
        None if idempotency_key is None else check_text("idempotency_key", idempotency_key),
    )


def _item_tuple(name: str, item: object) -> tuple[str, str, Any]:
    if isinstance(item, str):
        return "text", check_text(name, item), None
    if isinstance(item, Submission):
        return check_text(f"{name}.type", item.type), check_text(f"{name}.content", item.content), item.metadata
    raise TypeError(f"{name}: expected a str or a Submission, got {type(item).__name__}")


def to_batch_results(answer: Any) -> list[Moderation | AutoModerateError]:
    """Convert the results of a batch from the dicts and exceptions that the native module returns."""
    return [result if isinstance(result, AutoModerateError) else Moderation(**result) for result in answer]


def to_live_state(state: dict[str, Any]) -> LiveState:
    """Convert the state of a live view from the dict that the native module returns."""
    queue = [QueuedItem(submitted_at, decision) for submitted_at, decision in state["review_queue"]]
    return LiveState(state["cursor"], StatusCounts(**state["counts"]), state["rules"], queue)


def to_snapshot(answer: Any) -> Snapshot:
    """Convert a snapshot from the dict that the native module returns."""
    review = answer["review"]
    queue = ReviewQueue(review["total"], [Content(**item) for item in review["items"]])
    return Snapshot(answer["cursor"], Statistics(**answer["stats"]), answer["rules"], queue)
