"""One request to a far end, with one limit for the whole of it, and errors that say what to do next."""

import asyncio
import time
from email.utils import parsedate_to_datetime
from typing import Any

import httpx

from deliver.problem import Problem

# Longest pause that a far end may ask for, in seconds: a wrong date must not stop the work for good.
LONGEST_PAUSE = 3600.0
# Where a service says "too many" and not for how long, in seconds.
PAUSE_DEFAULT = 30.0
# Longest time between two attempts, in seconds.
LONGEST_BACK_OFF = 900.0


class ApiError(Problem):
    """`pause`: seconds for which the service must not be called at all. `status`: None where there was no answer."""

    def __init__(self, service: str, reason: str, pause: float = 0, status: int | None = None) -> None:
        super().__init__(f"{service}: {reason}")
        self.service = service
        self.pause = pause
        self.status = status

    @property
    def passing(self) -> bool:
        """Likely to be over in a moment."""
        return self.pause == 0 and (self.status is None or self.status >= 500 or self.status == 408)


def back_off(attempts: int, chance: float) -> float:
    """Seconds until the next attempt: doubled each time, and spread by `chance` (0 to 1) over half to all of it."""
    return min(LONGEST_BACK_OFF, 2.0 ** min(attempts, 20)) * (0.5 + chance / 2)


def retry_after(response: httpx.Response) -> float | None:
    """The header in seconds, as a number or a date; None where there is none that can be read."""
    text = response.headers.get("retry-after", "").strip()
    try:
        seconds = float(text) if text[:1].isdigit() else parsedate_to_datetime(text).timestamp() - time.time()
    except (ValueError, OverflowError):
        return None
    return min(max(seconds, 0.0), LONGEST_PAUSE)


async def request(
    client: httpx.AsyncClient, service: str, method: str, url: str, limit: float, **options: Any
) -> httpx.Response:
    """Raises ApiError unless the answer is 2xx. No message holds the address: that of a webhook may have a token."""
    try:
        # httpx's own timeouts are for each read, so a far end that drips would never meet one.
        async with asyncio.timeout(limit):
            response = await client.request(method, url, **options)
    except TimeoutError:
        raise ApiError(service, f"no answer within {limit:g} s") from None
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise ApiError(service, f"no answer ({type(error).__name__})") from None
    if response.is_success:
        return response
    wait = retry_after(response)
    if response.status_code == 429 and wait is None:
        wait = PAUSE_DEFAULT
    pause = wait if wait is not None and response.status_code in (429, 503) else 0.0
    # Zero seconds are still a moment, so that it counts as a limit.
    asked = max(pause, 0.1) if response.status_code == 429 else pause
    raise ApiError(service, f"answered {response.status_code}", asked, response.status_code)
