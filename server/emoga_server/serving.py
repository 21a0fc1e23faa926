"""Running a hub from the command line: signals, what is printed, the browser."""

from __future__ import annotations

import asyncio
import importlib.util
import os
import signal
import sys
from pathlib import Path

from emoga_server.errors import ServerError
from emoga_server.hub import Hub, HubOptions, serve_until
from emoga_server.security import is_loopback


def bundled_avatars() -> list[Path]:
    """The avatars that come with the package.

    Raises:
        ServerError: this installation has none.
    """
    spec = importlib.util.find_spec("emoga_core.avatars")
    folders = [Path(place) / "bundled" for place in (spec.submodule_search_locations or [] if spec else [])]
    bundles = sorted(path for folder in folders for path in folder.glob("*.emoga"))
    if not bundles:
        raise ServerError(
            "this installation has no bundled avatar; make one with `emoga capture synth` and `emoga build`, "
            "then `emoga serve NAME.emoga`"
        )
    return bundles


def has_display() -> bool:
    """Whether a browser window could appear."""
    if sys.platform in ("darwin", "win32"):
        return True
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def run(options: HubOptions, *, open_browser: bool = False) -> None:
    """Serves until SIGINT or SIGTERM, then stops in order; returns normally after either.

    Raises:
        ServerError: see `Hub.start`.
    """
    _allow_many_sockets(options.limits.connections + 64)

    def started(hub: Hub) -> None:
        _announce(hub)
        if open_browser:
            import webbrowser

            webbrowser.open(hub.url)

    async def main() -> None:
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        for name in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(name, stop.set)
        await serve_until(options, stop, started, say=lambda line: print(line, flush=True))

    asyncio.run(main())
    print("stopped", flush=True)


def _announce(hub: Hub) -> None:
    print(f"\n  emoga is live:  {hub.url}\n", flush=True)
    if not is_loopback(hub.options.security.host) and not hub.options.security.tls_certificate:
        print("  unencrypted: use --tls-cert and --tls-key beyond a network you trust", flush=True)
    print("  Ctrl-C stops it.", flush=True)


def _allow_many_sockets(wanted: int) -> None:
    """Raises this process's soft limit of open files as far as it may."""
    if sys.platform == "win32":
        return
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    target = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    if soft != resource.RLIM_INFINITY and soft < target:
        resource.setrlimit(resource.RLIMIT_NOFILE, (target, hard))
