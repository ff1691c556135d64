"""FastAPI application that submits comments for moderation and shows the decisions live.

AUTOMODERATE_URL=… AUTOMODERATE_API_KEY=… AUTOMODERATE_PROJECT=… uvicorn web:app
"""

import os
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Annotated

from automoderate import AsyncClient, ModerationUpdate
from fastapi import Body, FastAPI
from fastapi.responses import StreamingResponse


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncGenerator[None, None]:
    url, key = os.environ["AUTOMODERATE_URL"], os.environ["AUTOMODERATE_API_KEY"]
    async with AsyncClient(url, api_key=key) as client:
        app.state.client = client
        app.state.project = await client.join(os.environ["AUTOMODERATE_PROJECT"])
        yield


app = FastAPI(lifespan=lifespan)


@app.post("/comments")
async def submit(text: Annotated[str, Body(embed=True)]) -> dict[str, str]:
    decision = await app.state.client.moderate(text)
    return {"id": decision.content_id, "status": decision.status}


@app.get("/decisions")
async def decisions() -> StreamingResponse:
    """Stream decisions as Server-Sent Events, starting now. The preview is escaped, because it may contain markup."""

    async def lines() -> AsyncGenerator[str, None]:
        stream = app.state.project.events(ModerationUpdate)
        try:
            async for update in stream:
                yield f"event: {update.status}\ndata: {update.content_preview_html}\n\n"
        finally:
            stream.close()

    return StreamingResponse(lines(), media_type="text/event-stream")


@app.get("/health")
async def health() -> dict[str, str]:
    return {"connection": app.state.client.state.name}
