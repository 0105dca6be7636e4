"""How fast an exported page plays in a browser, from a disk and without a network:

tickworld export cartridge:pong -o pong.html
python benchmarks/page.py pong.html

First as many ticks as it can, one after the other, drawing nothing; then as one who plays sees it, at 60 ticks a
second: the ticks that were played and the times that the screen was redrawn. Needs playwright and a Chromium; headless,
it draws with the processor.
"""

from __future__ import annotations

import argparse
import shutil
from pathlib import Path
from typing import Any

UNTHROTTLED = """async (ticks) => {
    const { session } = tickworld.game;
    const nobody = session.spec.players.map(() => 0);
    await session.restart(null, 0);
    for (let tick = 0; tick < 50; tick++) await session.step(nobody);
    const took = [];
    for (let tick = 0; tick < ticks; tick++) {
        const began = performance.now();
        await session.step(nobody);
        took.push(performance.now() - began);
    }
    const total = took.reduce((sum, each) => sum + each, 0);
    took.sort((one, other) => one - other);
    return [1000 * ticks / total, took[ticks >> 1], took[Math.floor(0.99 * ticks)]];
}"""
PLAYED = """async (seconds) => {
    const { session } = tickworld.game;
    let frames = 0;
    const before = session.tick, began = performance.now();
    for (let now = began; now - began < 1000 * seconds; frames++) now = await new Promise(requestAnimationFrame);
    const passed = (performance.now() - began) / 1000;
    return [(session.tick - before) / passed, frames / passed];
}"""


def measured(page: Any, ticks: int, seconds: float) -> list[str]:
    """Lines to print."""
    rate, median, slow = page.evaluate(UNTHROTTLED, ticks)
    lines = [f"unthrottled: {rate:,.0f} ticks a second; a tick takes {median:.2f} ms (p99 {slow:.2f} ms)"]
    page.select_option("#speed", "60")
    page.click("#start")
    page.evaluate(PLAYED, 1)
    played, drawn = page.evaluate(PLAYED, seconds)
    return [*lines, f"at 60 ticks a second: {played:.1f} played, {drawn:.1f} frames drawn a second, for {seconds:g} s"]


def main() -> None:
    """Prints the rates."""
    from playwright.sync_api import sync_playwright

    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("page", type=Path)
    parser.add_argument("--ticks", type=int, default=1000)
    parser.add_argument("--seconds", type=float, default=10)
    asked = parser.parse_args()
    with sync_playwright() as started:
        path = shutil.which("chromium") or shutil.which("google-chrome")
        browser = started.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-gpu"])
        page = browser.new_context(offline=True).new_page()
        page.goto(asked.page.resolve().as_uri())
        page.evaluate("tickworld.ready")
        print(f"{browser.browser_type.name} {browser.version}, {asked.page.stat().st_size / 1e6:.1f} MB")
        print("\n".join(measured(page, asked.ticks, asked.seconds)))
        browser.close()


if __name__ == "__main__":
    main()
