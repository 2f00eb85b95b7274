"""A program of its own, which loads nothing else: it runs twice a second while the container starts."""

import http.client
import os
import sys


def main() -> int:
    port = os.environ.get("PORT") or "8000"
    connection = http.client.HTTPConnection("127.0.0.1", int(port), timeout=4)
    try:
        connection.request("GET", "/health")
        response = connection.getresponse()
        print(response.read().decode())
    except OSError as error:
        print(f"no answer on 127.0.0.1:{port}: {error}", file=sys.stderr)
        return 1
    return 0 if response.status == 200 else 1


if __name__ == "__main__":
    sys.exit(main())
