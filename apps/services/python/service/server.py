"""The server's stop."""

import asyncio
import socket

import uvicorn

DRAIN = 1.0
"""Seconds after SIGTERM in which everything is still answered, with `Connection: close`."""


class DrainingServer(uvicorn.Server):
    """A proxy sends requests on the connections that it has, and one that is closed under a request loses it."""

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        headers = self.server_state.default_headers
        self.server_state.default_headers = [*headers, (b"connection", b"close")]
        await asyncio.sleep(DRAIN)
        await super().shutdown(sockets)
