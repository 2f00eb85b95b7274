"""Exits 0 when the server on this host is well. Run as `python -I -S health.py`: it needs the standard library only."""

import os
import socket
import sys


def main() -> int:
    try:
        with socket.create_connection(("127.0.0.1", int(os.environ.get("PORT") or "8000")), timeout=3) as connection:
            connection.sendall(b"GET /health HTTP/1.0\r\nHost: localhost\r\n\r\n")
            answer = b""
            # To the end: the server would see a connection that breaks.
            while part := connection.recv(4096):
                answer += part
    except OSError as error:
        print(error)
        return 1
    print(answer.decode("utf-8", "replace").rpartition("\n")[2])
    return 0 if answer.split(b" ", 2)[1:2] == [b"200"] else 1


sys.exit(main())
