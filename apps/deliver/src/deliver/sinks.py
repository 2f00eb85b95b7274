"""Where translated posts go. A sink gets a post at least once: the record's `id` tells a repetition."""

import json
import os
from dataclasses import dataclass

import httpx

from deliver import journal
from deliver.api import request
from deliver.posts import Post
from deliver.problem import Problem
from deliver.settings import Settings


class SinkError(Problem):
    """The sink did not take the post."""


def record(post: Post) -> dict[str, object]:
    return {
        "id": f"{post.reddit_id}:{post.language}",
        "subreddit": post.subreddit,
        "language": post.language,
        "title": post.title_translated,
        "text": post.text_translated,
        "original": {"title": post.title, "text": post.text},
        "author": post.author,
        "url": post.url,
        "createdAt": journal.moment(post.created_at),
    }


@dataclass(frozen=True)
class Sinks:
    client: httpx.AsyncClient
    settings: Settings
    limit: float

    async def hand_over(self, sink: str, post: Post) -> None:
        """Raises ApiError or SinkError."""
        if sink == "log":
            journal.write("info", "post", post=record(post))
        elif sink == "file":
            self.append(post)
        else:
            # The header is what receivers of webhooks look at to drop a repetition.
            headers = {"idempotency-key": str(record(post)["id"]), "user-agent": "deliver"}
            url = self.settings.webhook
            await request(self.client, "webhook", "POST", url, self.limit, json=record(post), headers=headers)

    def append(self, post: Post) -> None:
        """One line by one write, on the disk when this returns. Lines of two processes do not mix."""
        line = json.dumps(record(post), ensure_ascii=False) + "\n"
        try:
            with self.settings.file.open("ab+", buffering=0) as file:
                # The rest of a line that a full disk or a kill cut off must not spoil this one.
                if file.tell() > 0 and os.pread(file.fileno(), 1, file.tell() - 1) != b"\n":
                    line = f"\n{line}"
                content = line.encode()
                if file.write(content) != len(content):
                    raise SinkError(f"file: {self.settings.file} took a part of the line only")
                os.fsync(file.fileno())
        except OSError as error:
            raise SinkError(f"file: {self.settings.file}: {error.strerror}") from None
