"""DeepL's API: a title and a text in another language."""

from dataclasses import dataclass

import httpx

from deliver.api import ApiError, request
from deliver.settings import Settings

# DeepL takes 128 KiB a request, and a character is up to four bytes. In characters.
LARGEST_REQUEST = 30_000
# Leaves room for the title: Reddit's longest post (40,000 characters) is two requests.
LARGEST_PART = 29_000
# Nothing but a person changes these: a refused key (403), and a used-up quota (456). In seconds.
LONG_PAUSES = {403: 300.0, 456: 3600.0}


@dataclass(frozen=True)
class DeepL:
    client: httpx.AsyncClient
    settings: Settings
    limit: float

    async def translate(self, texts: list[str], language: str) -> list[str]:
        """One for each text; an empty one stays empty and costs nothing. Raises ApiError."""
        parts = [part for text in texts for part in split(text)]
        made: list[str] = []
        while parts:
            size, count = 0, 0
            for part in parts[:50]:
                size += len(part)
                if count and size > LARGEST_REQUEST:
                    break
                count += 1
            made += await self.send(parts[:count], language)
            parts = parts[count:]
        remaining = iter(made)
        return ["".join(next(remaining) for _ in split(text)) for text in texts]

    async def send(self, parts: list[str], language: str) -> list[str]:
        try:
            response = await request(
                self.client,
                "deepl",
                "POST",
                f"{self.settings.deepl_api}/v2/translate",
                self.limit,
                json={"text": parts, "target_lang": language},
                headers={"authorization": f"DeepL-Auth-Key {self.settings.deepl_key}"},
            )
        except ApiError as error:
            if error.status in LONG_PAUSES:
                error.pause = LONG_PAUSES[error.status]
            raise
        try:
            translations = [str(translation["text"]) for translation in response.json()["translations"]]
        except (ValueError, KeyError, TypeError) as error:
            raise ApiError("deepl", f"the answer is no translation ({type(error).__name__})") from None
        if len(translations) != len(parts):
            raise ApiError("deepl", f"{len(parts)} texts were sent, {len(translations)} came back")
        return translations


def split(text: str) -> list[str]:
    """Parts that DeepL takes, cut at the end of a line where there is one; joined they are the text."""
    parts = []
    while len(text) > LARGEST_PART:
        cut = text.rfind("\n", LARGEST_PART // 2, LARGEST_PART) + 1 or LARGEST_PART
        parts.append(text[:cut])
        text = text[cut:]
    return [*parts, text] if text else parts
