"""Weights & Biases may never stop or delay a run: whoever logs there asks here first.

Evaluation, training and the board call :func:`prepare_wandb` before anything of W&B is started.
"""

import os
import sys
from typing import Any

SERVER = "https://api.wandb.ai"
"""Where W&B is when ``WANDB_BASE_URL`` names no other server."""


PATIENCE = 20.0
"""Seconds W&B gets to start a run, or to answer."""


def quiet(wandb: Any) -> Any:
    """Settings of a run that keeps no command line, no console and nothing of the machine."""
    return wandb.Settings(
        init_timeout=PATIENCE,
        x_disable_meta=True,
        x_disable_stats=True,
        x_disable_machine_info=True,
        disable_git=True,
        disable_code=True,
        console="off",
        silent=True,
    )


def prepare_wandb() -> str | None:
    """Choose offline mode where W&B cannot work, in a few seconds at most.

    ``wandb.init`` would wait for an unreachable server for a minute and a half and then raise. A
    mode other than online that the user chose (``WANDB_MODE``) is left alone.

    Returns:
        Why the mode was set to offline, as it is said on stderr; None where nothing was set.
    """
    if os.environ.get("WANDB_MODE", "online") != "online":
        return None
    reason = _hindrance(os.environ.get("WANDB_BASE_URL", SERVER))
    if reason:
        os.environ["WANDB_MODE"] = "offline"
        print(f"W&B: {reason}", file=sys.stderr)
    return reason


def _hindrance(server: str) -> str | None:
    if not _has_key(server):
        return "no key, so this run is logged offline (`wandb sync` sends it later)."
    if not _answers(server):
        return f"{server} does not answer, so this run is logged offline."
    return None


def _has_key(server: str) -> bool:
    if os.environ.get("WANDB_API_KEY"):
        return True
    from requests.utils import get_netrc_auth

    return get_netrc_auth(server) is not None


def _answers(server: str, seconds: float = 3.0) -> bool:
    """Whether an HTTP server answers there, whatever it says; proxies are used as W&B does."""
    import requests

    try:
        requests.head(server, timeout=seconds)
    except requests.RequestException:
        return False
    return True
