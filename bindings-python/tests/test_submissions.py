"""Submissions: timeouts and idempotency keys."""

from __future__ import annotations

import pytest
from automoderate import ApiError, AsyncClient, Client, Disconnected, InvalidArgument
from automoderate.testing import Server


async def test_a_submission_that_times_out_has_an_unknown_outcome(automoderate_server: Server) -> None:
    client = AsyncClient(automoderate_server.url, api_key="any", request_timeout=0.2)
    automoderate_server.set_silent(True)
    with pytest.raises(Disconnected, match="the outcome is unknown") as caught:
        await client.moderate("text")
    assert not caught.value.retryable
    automoderate_server.set_silent(False)
    # The server has processed the submission, although the call failed.
    assert (await client.statistics()).total_content == 1


def test_submissions_with_the_same_idempotency_key_count_as_one(automoderate_server: Server) -> None:
    client = Client(automoderate_server.url, api_key="any")
    first = client.moderate("text", metadata={"order": 7}, idempotency_key="order-7")
    assert client.moderate("text", metadata={"order": 7}, idempotency_key="order-7") == first
    with pytest.raises(ApiError) as caught:
        client.moderate("another text", idempotency_key="order-7")
    assert caught.value.status == 422
    assert client.moderate("text").content_id != first.content_id
    assert client.statistics().total_content == 2


@pytest.mark.parametrize("key", ["", "two words", "ü", "k" * 256])
async def test_an_invalid_idempotency_key_raises_an_error_that_names_it(key: str) -> None:
    with pytest.raises(InvalidArgument, match="idempotency_key"):
        await AsyncClient("http://localhost:1").moderate("text", idempotency_key=key)
    with pytest.raises(InvalidArgument, match="idempotency_key"):
        Client("http://localhost:1").moderate("text", idempotency_key=key)
