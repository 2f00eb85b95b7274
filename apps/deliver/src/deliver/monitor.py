"""The work: asks Reddit for new posts, and takes each post through its states, one at a time."""

import asyncio
import os
import random
import secrets
import signal
import socket
import sqlite3
import time

import httpx

from deliver import api, feeds, heartbeat, journal, posts, services
from deliver.deepl import DeepL
from deliver.feeds import Feed
from deliver.posts import Post
from deliver.reddit import Reddit
from deliver.settings import Settings
from deliver.sinks import SinkError, Sinks

# From SIGTERM until what is not finished is given up; an orchestrator's 10 s are not used up. In seconds.
STOP_LIMIT = 7.0
# Longest request, in seconds; less where a lease is short.
REQUEST_LIMIT = 20.0
BEAT = 5.0
POLL_ATTEMPTS = 3


class Monitor:
    """A daemon, or with `once` one pass that waits up to `patience` seconds for what was postponed."""

    def __init__(self, settings: Settings, connection: sqlite3.Connection, once: bool, patience: float) -> None:
        self.settings = settings
        self.connection = connection
        self.once = once
        self.patience = patience
        self.worker = f"{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(4)}"
        # A claim outlives two requests, so it does not end while one is under way.
        self.limit = min(REQUEST_LIMIT, settings.lease / 3)
        self.stopping = asyncio.Event()
        self.in_hand: Post | None = None
        self.beaten_at = 0.0
        self.failed_polls = 0

    async def run(self) -> int:
        """The exit code: 1 where a pass left something undone."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self.stopping.set)
        async with httpx.AsyncClient(timeout=self.limit, follow_redirects=False) as client:
            self.reddit = Reddit(client, self.settings, self.limit, self.pause_reddit)
            self.deepl = DeepL(client, self.settings, self.limit)
            self.sinks = Sinks(client, self.settings, self.limit)
            work = asyncio.create_task(self.once_through() if self.once else self.forever())
            stop = asyncio.create_task(self.stopping.wait())
            await asyncio.wait([work, stop], return_when=asyncio.FIRST_COMPLETED)
            if not work.done():
                journal.info("stopping", postInHand=self.in_hand.reddit_id if self.in_hand else None)
                if self.in_hand:
                    await asyncio.wait([work], timeout=STOP_LIMIT)
                work.cancel()
            stop.cancel()
            try:
                code = await work
            except asyncio.CancelledError:
                code = 0
        if not self.once:
            heartbeat.stop(self.connection, self.worker)
        journal.info("stopped", code=code)
        return code

    async def forever(self) -> int:
        while not self.stopping.is_set():
            try:
                self.beat()
                for feed in feeds.due(self.connection, self.settings.interval):
                    await self.poll(feed)
                if not await self.advance_one():
                    await self.rest(1)
            except sqlite3.OperationalError as error:
                # Locked for long, or the disk is full. The heartbeat fails with it, so this shows.
                journal.error("database", error=str(error))
                await self.rest(BEAT)
        return 0

    async def once_through(self) -> int:
        for feed in feeds.every(self.connection):
            await self.poll(feed)
        ends = time.monotonic() + self.patience
        while not self.stopping.is_set():
            if await self.advance_one():
                continue
            if posts.oldest_waiting(self.connection) is None or time.monotonic() >= ends:
                break
            await self.rest(0.5)
        counts = posts.counts(self.connection)
        waiting = counts["seen"] + counts["translated"]
        journal.info("pass done", failedPolls=self.failed_polls, waiting=waiting)
        return 1 if self.failed_polls or waiting else 0

    async def poll(self, feed: Feed) -> None:
        if self.stopping.is_set():
            return
        left = services.paused(self.connection, "reddit")
        if self.once and left > 0:
            await self.rest(min(left, self.patience))
            left = services.paused(self.connection, "reddit")
        if left > 0:
            self.failed_polls += 1
            return
        for attempt in range(1, POLL_ATTEMPTS + 1):
            self.beat()
            try:
                listed = await self.reddit.newest(
                    feed.subreddit, feed.since, lambda reddit_id: posts.known(self.connection, feed, reddit_id)
                )
            except api.ApiError as error:
                self.note(error, subreddit=feed.subreddit, attempt=attempt)
                if error.passing and attempt < POLL_ATTEMPTS and not self.stopping.is_set():
                    await self.rest(api.back_off(attempt - 1, random.random()))  # noqa: S311 - spreads retries
                    continue
                self.failed_polls += 1
                # The next poll is an interval away, unless a pause says when.
                if error.pause == 0:
                    feeds.polled(self.connection, feed)
                return
            new = posts.add(self.connection, feed, listed)
            feeds.polled(self.connection, feed)
            services.succeeded(self.connection, "reddit")
            (journal.info if new else journal.debug)(
                "polled", subreddit=feed.subreddit, language=feed.language, new=new
            )
            return

    async def advance_one(self) -> bool:
        """Takes one post as far as it goes; False where none is to be had."""
        states = []
        if services.paused(self.connection, "deepl") == 0:
            states.append("seen")
        if "webhook" not in self.settings.sinks or services.paused(self.connection, "webhook") == 0:
            states.append("translated")
        post = posts.claim(self.connection, self.worker, self.settings.lease, states) if states else None
        if post is None:
            return False
        self.in_hand = post
        try:
            await self.advance(post)
        except asyncio.CancelledError:
            posts.release(self.connection, post, self.worker)
            raise
        except (api.ApiError, SinkError) as error:
            if isinstance(error, api.ApiError):
                self.note(error, post=post.reddit_id, attempt=post.attempts)
            else:
                journal.error("not delivered", error=str(error), post=post.reddit_id)
            wait = max(api.back_off(post.attempts, random.random()), getattr(error, "pause", 0))  # noqa: S311
            posts.postpone(self.connection, post, self.worker, wait, str(error))
        except sqlite3.Error:
            raise
        except Exception as error:
            # A post that no one thought of must not stop the others.
            journal.error("unexpected", error=repr(error), post=post.reddit_id)
            posts.postpone(self.connection, post, self.worker, api.LONGEST_BACK_OFF, repr(error))
        finally:
            self.in_hand = None
        return True

    async def advance(self, post: Post) -> None:
        title, text = post.title_translated, post.text_translated
        if title is None or text is None:
            title, text = await self.deepl.translate([post.title, post.text], post.language)
            services.succeeded(self.connection, "deepl")
            if not posts.translated(self.connection, post, self.worker, title, text):
                return self.lost(post)
        made = Post(**{**post.__dict__, "state": "translated", "title_translated": title, "text_translated": text})
        done = posts.sinks_done(self.connection, post)
        for sink in self.settings.sinks:
            if sink in done:
                continue
            if sink == "webhook" and (left := services.paused(self.connection, sink)) > 0:
                return posts.postpone(self.connection, post, self.worker, left, "webhook: paused")
            self.beat()
            if not posts.renew(self.connection, post, self.worker, self.settings.lease):
                return self.lost(post)
            await self.sinks.hand_over(sink, made)
            posts.handed_over(self.connection, post, self.worker, sink)
            if sink == "webhook":
                services.succeeded(self.connection, sink)
        if not posts.delivered(self.connection, post, self.worker):
            return self.lost(post)
        journal.info("delivered", post=post.reddit_id, subreddit=post.subreddit, sinks=self.settings.sinks)
        return None

    def lost(self, post: Post) -> None:
        journal.warning("the claim on a post ended before its work", post=post.reddit_id)

    def note(self, error: api.ApiError, **fields: object) -> None:
        services.failed(self.connection, error.service, error.pause)
        journal.warning("api error", service=error.service, error=str(error), pause=round(error.pause, 1), **fields)

    def pause_reddit(self, seconds: float) -> None:
        services.pause(self.connection, "reddit", seconds)

    def beat(self) -> None:
        """One-shots have none: the heartbeat is the daemon's."""
        if not self.once and time.monotonic() - self.beaten_at >= BEAT:
            heartbeat.beat(self.connection, self.worker)
            self.beaten_at = time.monotonic()

    async def rest(self, seconds: float) -> None:
        """Sleeps, in pieces with a heartbeat each, until SIGTERM at the latest."""
        ends = time.monotonic() + seconds
        while (left := ends - time.monotonic()) > 0 and not self.stopping.is_set():
            self.beat()
            try:
                await asyncio.wait_for(self.stopping.wait(), min(left, BEAT))
            except TimeoutError:
                continue
