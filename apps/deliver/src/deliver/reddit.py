"""Reddit's API: new posts of a subreddit, with the OAuth token of an application that acts for no user."""

import time
from collections.abc import Callable
from typing import Any

import httpx

from deliver.api import ApiError, request
from deliver.posts import Listed
from deliver.settings import Settings

PAGE = 100
# Reddit lists no more than 1000 posts.
PAGES = 10
# A token is fetched anew so long before it ends, in seconds.
TOKEN_MARGIN = 60.0


class Reddit:
    """`pause` is told the seconds after which Reddit takes requests again, when it says that none is left."""

    def __init__(
        self, client: httpx.AsyncClient, settings: Settings, limit: float, pause: Callable[[float], None]
    ) -> None:
        self.client = client
        self.settings = settings
        self.limit = limit
        self.pause = pause
        self.token = ""
        self.token_ends = 0.0

    async def newest(self, subreddit: str, since: float, known: Callable[[str], bool]) -> list[Listed]:
        """Posts made after `since`, back to the first page with one that is known. Raises ApiError."""
        found: list[Listed] = []
        after = ""
        for _ in range(PAGES):
            page, after = await self.page(subreddit, after)
            found += [post for post in page if post.created_at >= since]
            if not after or any(post.created_at < since or known(post.reddit_id) for post in page):
                break
        return found

    async def page(self, subreddit: str, after: str) -> tuple[list[Listed], str]:
        url = f"{self.settings.reddit_api}/r/{subreddit}/new"
        parameters = {"limit": str(PAGE), "raw_json": "1", **({"after": after} if after else {})}
        try:
            response = await self.get(url, parameters)
        except ApiError as error:
            if error.status != 401:
                raise
            # The token was withdrawn before its time.
            self.token = ""
            response = await self.get(url, parameters)
        try:
            data = response.json()["data"]
            posts = [read_post(child["data"]) for child in data["children"] if child["kind"] == "t3"]
            return posts, data.get("after") or ""
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise ApiError("reddit", f"the answer is no listing ({type(error).__name__})") from None

    async def get(self, url: str, parameters: dict[str, str]) -> httpx.Response:
        headers = {"authorization": f"bearer {await self.current_token()}", "user-agent": self.settings.reddit_agent}
        response = await request(self.client, "reddit", "GET", url, self.limit, params=parameters, headers=headers)
        try:
            if float(response.headers.get("x-ratelimit-remaining", "1")) < 1:
                self.pause(min(max(float(response.headers.get("x-ratelimit-reset", "60")), 1.0), 600.0))
        except ValueError:
            pass  # a header that cannot be read limits nothing
        return response

    async def current_token(self) -> str:
        if self.token and time.monotonic() < self.token_ends - TOKEN_MARGIN:
            return self.token
        asked = time.monotonic()
        response = await request(
            self.client,
            "reddit",
            "POST",
            f"{self.settings.reddit_auth}/api/v1/access_token",
            self.limit,
            data={"grant_type": "client_credentials"},
            auth=(self.settings.reddit_id, self.settings.reddit_secret),
            headers={"user-agent": self.settings.reddit_agent},
        )
        try:
            answer = response.json()
            self.token, self.token_ends = str(answer["access_token"]), asked + float(answer["expires_in"])
        except (ValueError, KeyError, TypeError) as error:
            raise ApiError("reddit", f"the answer holds no token ({type(error).__name__})") from None
        return self.token


def read_post(data: dict[str, Any]) -> Listed:
    return Listed(
        reddit_id=str(data["name"]),
        author=str(data.get("author") or "[deleted]"),
        url=f"https://www.reddit.com{data['permalink']}",
        title=str(data["title"]),
        text=str(data.get("selftext") or ""),
        created_at=float(data["created_utc"]),
    )
