"""One request to an OpenAI-compatible endpoint, and what to make of its answer.

The ``openai`` package describes the endpoint: address, organisation and client headers, defaults
from its environment variables. The request itself goes over an ``aiohttp`` session, the transport
the package offers too: its own path from call to wire costs four times the processor time
(``tests/perf/chat_speed.py`` prints both), which caps a core at a few hundred calls a second.

The key is read from the environment variable that is named, kept in one header, and taken out of
every text that comes back.
"""

import json
import os
import re
import time
import urllib.request
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlsplit

from psyche_bench.errors import ChatError, RequestRefused
from psyche_bench.store import Reply
from psyche_bench.tokens import estimate_tokens

if TYPE_CHECKING:
    import aiohttp

LONGEST_ANSWER = 16 * 1024 * 1024
"""Bytes of one answer that are read; a longer one is a failure."""
SHORTEST_SECRET = 8
"""A key shorter than this (``EMPTY``, ``none``) is a placeholder and not looked for in texts."""
_KEY_LIKE = re.compile(r"\b(sk|key|Bearer)[-_ ][A-Za-z0-9_\-.]{12,}")
_THIS_ONE = {400, 413, 422}
"""Statuses that speak of one request; the others of the account, the address or the model."""
_FINAL = {400, 401, 402, 403, 404, 405, 413, 422}
_REMEDIES = {
    401: "Set the environment variable {env} to a key of this endpoint.",
    402: "Top up the account, or use another endpoint.",
    403: "Set the environment variable {env} to a key that may use this model.",
    404: "Check --base-url and the model's name.",
    413: "Shorten the prompt.",
}


class Failure(Exception):  # noqa: N818  # not an error of the user's: it is tried again
    """One try failed. ``wait`` is what the endpoint asked for.

    ``busy``: it pushed back or broke down; ``rate_limited``: it said that we ask too much.
    """

    def __init__(
        self,
        what: str,
        *,
        busy: bool = False,
        rate_limited: bool = False,
        wait: float | None = None,
    ) -> None:
        super().__init__(what)
        self.busy, self.rate_limited, self.wait = busy, rate_limited, wait


class Answer(NamedTuple):
    """Status, headers that matter and body of an HTTP answer."""

    status: int
    retry_after: float | None
    body: bytes


class Address(NamedTuple):
    """Where an endpoint is and what every request to it carries; holds the key."""

    url: str
    headers: dict[str, str]
    proxy: str | None
    key: str
    key_env: str


def redact(text: str, key: str) -> str:
    """``text`` without the key."""
    return text.replace(key, "[key]") if len(key) >= SHORTEST_SECRET else text


def describe(base_url: str | None, key_env: str) -> Address:
    """The address of an endpoint; nothing is sent.

    Args:
        base_url: up to ``/v1``; None is OpenAI's own, or what ``OPENAI_BASE_URL`` says.
        key_env: environment variable that holds the key.

    Raises:
        ChatError: it is OpenAI's own endpoint and there is no key, or no such address can be.
    """
    from openai import AsyncOpenAI, OpenAIError

    key = os.environ.get(key_env, "")
    if base_url is None and not os.environ.get("OPENAI_BASE_URL") and not key:
        raise ChatError(
            f"{key_env} is not set, and OpenAI's own endpoint wants a key. Set it, or "
            "name another endpoint with --base-url."
        )
    try:
        described = AsyncOpenAI(api_key=key or "none", base_url=base_url)
    except OpenAIError as error:
        raise ChatError(f"{redact(f'{base_url}: {error}', key)}") from None
    url = str(described.base_url.copy_with(userinfo=b"")) + "chat/completions"
    headers = {k: v for k, v in described.default_headers.items() if isinstance(v, str)}
    if key:
        headers["Authorization"] = f"Bearer {key}"
    split = urlsplit(url)
    bypassed = urllib.request.proxy_bypass(split.hostname or "")
    proxy = None if bypassed else urllib.request.getproxies().get(split.scheme)
    return Address(url, headers, proxy, key, key_env)


class Endpoint:
    """An address with its session."""

    def __init__(self, address: Address, timeout: float, most: int) -> None:
        import aiohttp

        self._at = address
        self._timeout = timeout
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=most, keepalive_timeout=30),
            timeout=aiohttp.ClientTimeout(total=timeout),
            headers=address.headers,
            auto_decompress=True,
        )

    async def close(self) -> None:
        """Close the session."""
        await self._session.close()

    async def ask(self, content: bytes) -> Reply:
        """Send one request, whose body is ``content``; uncounted tokens are estimated.

        Raises:
            Failure: no usable answer this time.
            ChatError: no usable answer, and the same request will not get one.
        """
        reply = self._read(await self._post(self._session, content))
        if reply.tokens_in or reply.tokens_out:
            return reply
        written = [{"content": reply.reasoning + reply.text}]
        return reply._replace(
            tokens_in=estimate_tokens(json.loads(content)["messages"]),
            tokens_out=estimate_tokens(written),
        )

    def _redact(self, text: str) -> str:
        return redact(text, self._at.key)

    def _quoted(self, body: bytes) -> str:
        text = self._redact(body[:2000].decode("utf-8", "replace"))
        return _KEY_LIKE.sub("[key]", " ".join(text.split()))[:200]

    async def _post(self, session: "aiohttp.ClientSession", content: bytes) -> Answer:
        import aiohttp

        try:
            async with session.post(self._at.url, data=content, proxy=self._at.proxy) as response:
                parts, size = [], 0
                async for part in response.content.iter_any():
                    size += len(part)
                    if size > LONGEST_ANSWER:
                        raise Failure(f"an answer of more than {LONGEST_ANSWER} bytes")
                    parts.append(part)
                wait = None if response.status == 200 else _retry_after(response.headers)
                return Answer(response.status, wait, b"".join(parts))
        except TimeoutError:
            raise Failure(f"no answer within {self._timeout:g} s", busy=True) from None
        except (aiohttp.ClientError, OSError) as error:
            what = self._redact(str(error)) or type(error).__name__
            raise Failure(f"no connection, or a broken one ({what})", busy=True) from None

    def _read(self, answer: Answer) -> Reply:
        status, body = answer.status, answer.body
        if status != 200:
            self._refuse(answer)
        try:
            content = json.loads(body)
            choice = content["choices"][0]
            message, usage = choice["message"], content.get("usage") or {}
            return Reply(
                text=self._clean(message.get("content")),
                reasoning=self._clean(message.get("reasoning_content") or message.get("reasoning")),
                finish_reason=self._clean(choice.get("finish_reason")),
                model_served=self._clean(content.get("model")),
                tokens_in=_count(usage.get("prompt_tokens")),
                tokens_out=_count(usage.get("completion_tokens")),
                date=time.strftime("%Y-%m-%d", time.gmtime()),
            )
        except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
            raise Failure(f"what came is no chat completion: {self._quoted(body)!r}") from None

    def _clean(self, value: Any) -> str:
        """A field's text without our key and without half characters; None is no text.

        Some servers send a list of parts instead of one text.
        """
        if value is None:
            return ""
        if isinstance(value, list):
            value = "".join(part.get("text") or "" for part in value)
        text: str = self._redact(value)
        if not text.isascii():
            text = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        return text

    def _refuse(self, answer: Answer) -> None:
        status, said = answer.status, self._quoted(answer.body)
        if status in _FINAL or b"insufficient_quota" in answer.body:
            remedy = _REMEDIES.get(status, "Read what the endpoint said, and change the request.")
            refused = RequestRefused if status in _THIS_ONE else ChatError
            raise refused(
                f"the endpoint refused for good with HTTP {status}: {said!r}. "
                f"{remedy.format(env=self._at.key_env)}",
                status,
            )
        busy = status in (408, 409, 429) or status >= 500
        raise Failure(
            f"HTTP {status}: {said!r}",
            busy=busy,
            rate_limited=status == 429,
            wait=answer.retry_after,
        )


def _count(value: Any) -> int:
    """A count of tokens; what is none (a text, a negative or absurd number) is unknown, so 0."""
    return value if isinstance(value, int) and 0 <= value < 2**31 else 0


def _retry_after(headers: Any) -> float | None:
    """Seconds an endpoint asks to wait: ``retry-after-ms``, or seconds or a date."""
    try:
        if "retry-after-ms" in headers:
            return max(0.0, float(headers["retry-after-ms"]) / 1000)
        said = headers.get("retry-after")
        if said is None:
            return None
        try:
            return max(0.0, float(said))
        except ValueError:
            return max(0.0, parsedate_to_datetime(said).timestamp() - time.time())
    except ValueError:  # neither a number nor a date: as if nothing had been said
        return None
