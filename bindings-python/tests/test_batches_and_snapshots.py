"""Batches of submissions, and streams that continue from a snapshot."""

from __future__ import annotations

import pickle
from typing import Any

import pytest
from automoderate import (
    ApiError,
    AsyncClient,
    AutoModerateError,
    Client,
    Disconnected,
    Gap,
    InvalidArgument,
    Moderation,
    Rule,
    Submission,
)
from automoderate.testing import Server as LoopbackServer

from .conftest import NO_LIMITS, Server, StartServer, next_ids


def content_ids(results: list[Moderation | AutoModerateError]) -> list[str]:
    """Returns the ids of the items, none of which may have been refused."""
    decided = [result for result in results if isinstance(result, Moderation)]
    assert decided == results
    return [result.content_id for result in decided]


async def test_a_batch_has_one_result_per_item_in_order(shared_server: Server) -> None:
    client = AsyncClient(shared_server.base_url, api_key=shared_server.api_key)
    items: list[str | Submission] = ["a kind remark", "", Submission("another remark", metadata={"user_id": "u_1"})]
    first, refused, last = await client.moderate_batch(items)
    assert isinstance(first, Moderation)
    assert isinstance(last, Moderation)
    assert (await client.content(first.content_id)).content_data == "a kind remark"
    stored = await client.content(last.content_id)
    assert (stored.content_data, stored.meta_data) == ("another remark", {"user_id": "u_1"})
    assert isinstance(refused, ApiError)
    assert not refused.retryable
    assert refused.body is not None
    assert str(pickle.loads(pickle.dumps(refused))) == str(refused)


async def test_an_empty_batch_has_no_results(shared_server: Server) -> None:
    assert await AsyncClient(shared_server.base_url, api_key=shared_server.api_key).moderate_batch([]) == []


def test_a_batch_is_stored_once_even_if_it_is_repeated(start_server: StartServer) -> None:
    server = start_server(*NO_LIMITS)
    client = Client(server.base_url, api_key=server.api_key)
    texts = [f"text {number}" for number in range(250)]
    first = client.moderate_batch(texts, idempotency_key="import-7")
    second = client.moderate_batch((Submission(text) for text in texts), idempotency_key="import-7")
    assert content_ids(second) == content_ids(first)
    assert len({*content_ids(first)}) == 250
    assert client.statistics().total_content == 250


def test_servers_without_batches_receive_the_items_one_by_one(automoderate_server: LoopbackServer) -> None:
    client = Client(automoderate_server.url, api_key="p")
    items: list[str | Submission] = ["one", " ", Submission("two", type="name", metadata=[1])]
    one, refused, two = client.moderate_batch(items, idempotency_key="k")
    assert isinstance(refused, ApiError)
    assert refused.status == 400
    assert isinstance(two, Moderation)
    stored = client.content(two.content_id)
    assert (stored.content_type, stored.content_data, stored.meta_data) == ("name", "two", [1])
    repeated = client.moderate_batch(items, idempotency_key="k")
    assert (repeated[0], repeated[2]) == (one, two)
    assert client.statistics().total_content == 2


async def test_a_batch_whose_first_request_fails_raises_the_error(automoderate_server: LoopbackServer) -> None:
    client = AsyncClient(automoderate_server.url, api_key="any", request_timeout=0.2)
    automoderate_server.set_silent(True)
    with pytest.raises(Disconnected, match="the outcome is unknown"):
        await client.moderate_batch(["text"])


INVALID_BATCHES: list[tuple[Any, dict[str, Any], type[Exception], str]] = [
    ("text", {}, TypeError, "items"),
    (["text", 7], {}, TypeError, r"items\[1\]"),
    (["text", Submission("text", metadata={"a": {1}})], {}, TypeError, r"items\[1\]\.metadata"),
    (["text"], {"idempotency_key": 7}, TypeError, "idempotency_key"),
    (["text"], {"idempotency_key": "two words"}, InvalidArgument, "idempotency_key"),
    (["text"], {"idempotency_key": "k" * 241}, InvalidArgument, "idempotency_key"),
]


@pytest.mark.parametrize(("items", "options", "error", "name"), INVALID_BATCHES)
async def test_an_invalid_batch_is_not_sent(
    automoderate_server: LoopbackServer, items: Any, options: dict[str, Any], error: type[Exception], name: str
) -> None:
    with pytest.raises(error, match=f"^{name}: "):
        await AsyncClient(automoderate_server.url, api_key="any").moderate_batch(items, **options)
    client = Client(automoderate_server.url, api_key="any")
    with pytest.raises(error, match=f"^{name}: "):
        client.moderate_batch(items, **options)
    assert client.statistics().total_content == 0


async def test_a_stream_continues_from_a_snapshot(start_server: StartServer) -> None:
    server = start_server(*NO_LIMITS)
    async with AsyncClient(server.base_url, api_key=server.api_key) as client:
        project = await client.join(server.project_id)
        before = await project.snapshot()
        flagged = await client.moderate("you idiot")
        snapshot = await project.snapshot()
        assert snapshot.cursor != before.cursor
        assert snapshot.stats.total_content == before.stats.total_content + 1
        assert snapshot.review.total == before.review.total + 1
        assert snapshot.review.items[0] == await client.content(flagged.content_id)
        assert {type(rule) for rule in snapshot.rules} == {Rule}
        assert [rule.name for rule in snapshot.rules] == ["Spam Detection", "Phone Numbers", "Rude Words"]
        later = content_ids(await client.moderate_batch(["one", "two", "three"]))
        last = (await client.moderate("four")).content_id
        await project.leave()
        stream = (await client.join(server.project_id, after=snapshot.cursor)).events()
        # The items of a batch are decided concurrently, so their events may arrive in any order.
        assert sorted(await next_ids(stream, 3)) == sorted(later)
        assert await next_ids(stream, 1) == [last]
        assert client.metrics().gaps == 0


def test_a_snapshot_of_the_blocking_client_can_be_stored(start_server: StartServer) -> None:
    server = start_server(*NO_LIMITS)
    with Client(server.base_url, api_key=server.api_key) as client:
        snapshot = client.join(server.project_id).snapshot()
        assert pickle.loads(pickle.dumps(snapshot)) == snapshot
        later = client.moderate("text").content_id
    with Client(server.base_url, api_key=server.api_key) as client:
        events = client.join(server.project_id, after=snapshot.cursor).events()
        event = next(events)
        assert not isinstance(event, Gap)
        assert event.to_dict()["content_id"] == later


def test_servers_without_snapshots_answer_with_404(automoderate_server: LoopbackServer) -> None:
    with Client(automoderate_server.url, api_key="any") as client:
        project = client.join("p")
        with pytest.raises(ApiError) as caught:
            project.snapshot()
    assert caught.value.status == 404
