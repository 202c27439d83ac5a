"""What sticks out, is hidden, too small or too pale on a page in a browser."""

from pathlib import Path

WIDTHS = (1280, 768, 390)
HEIGHT = 1000
_SCRIPT = (Path(__file__).parent / "page_layout.js").read_text(encoding="utf-8")


def set_width(browser, width: int) -> None:
    metrics = {"width": width, "height": HEIGHT, "deviceScaleFactor": 1}
    metrics["mobile"] = width < 600
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)


def ask(browser, name: str, *values):
    """The answer of a function in ``page_layout.js``."""
    given = ", ".join(f"arguments[{k}]" for k in range(len(values)))
    return browser.execute_script(f"{_SCRIPT}\nreturn {name}({given});", *values)


def misfits(browser, width: int) -> list[str]:
    """What overflows, is hidden or too small at a width, in words."""
    set_width(browser, width)
    # Two frames: one in which the page lays out anew, one after its scripts have.
    browser.execute_async_script(
        "requestAnimationFrame(() => requestAnimationFrame(arguments[0]))"
    )
    return [f"{width} px: {one}" for one in ask(browser, "misfits", width)]


def pale(browser, theme: str) -> list[str]:
    """Texts whose contrast is below WCAG's AA in a theme, in words."""
    return [f"{theme}: {one}" for one in ask(browser, "pale", theme)]
