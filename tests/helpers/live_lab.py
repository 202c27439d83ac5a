"""A JupyterLab of this environment, for a moment, in folders of its own."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import nbformat
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import WebDriverWait

_OPTIONS = (
    "--no-browser",
    "--allow-root",
    "--IdentityProvider.token=",
    "--ServerApp.password=",
    "--ServerApp.port_retries=0",
    "--ServerApp.ip=localhost",
    "--LabApp.expose_app_in_browser=True",  # so that cells can be run
    "--LabApp.extension_manager=readonly",  # PyPI is not asked
)
# News would be fetched from another host.
_QUIET = {"disabledExtensions": {"@jupyterlab/apputils-extension:announcements": True}}
_RUN = "window.jupyterapp.commands.execute('notebook:run-all-cells')"


@contextmanager
def running_lab(folder: Path, seconds: float = 90) -> Iterator[str]:
    """Start JupyterLab over a folder; its address.  It ends with the block."""
    with socket.socket() as free:
        free.bind(("localhost", 0))
        port = free.getsockname()[1]
    kinds = ("CONFIG_DIR", "DATA_DIR", "RUNTIME_DIR")
    names = [f"JUPYTER_{kind}" for kind in kinds] + ["IPYTHONDIR"]
    names += ["JUPYTERLAB_SETTINGS_DIR", "JUPYTERLAB_WORKSPACES_DIR"]
    own = {name: str(folder.parent / name.lower()) for name in names}
    settings = Path(own["JUPYTER_CONFIG_DIR"], "labconfig", "page_config.json")
    settings.parent.mkdir(parents=True)
    settings.write_text(json.dumps(_QUIET), encoding="utf-8")
    environment = os.environ | own | {"JUPYTER_PREFER_ENV_PATH": "1"}
    command = [sys.executable, "-m", "jupyterlab", *_OPTIONS]
    command += [f"--ServerApp.port={port}", f"--ServerApp.root_dir={folder}"]
    log = (folder.parent / "lab.log").open("w")
    server = subprocess.Popen(
        command, env=environment, stdout=log, stderr=log, start_new_session=True
    )
    try:
        address = f"http://localhost:{port}"
        _wait_for(address, server, seconds, Path(log.name))
        yield address
    finally:
        _end(server)
        log.close()


def _wait_for(address: str, server, seconds: float, log: Path) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end and server.poll() is None:
        try:
            with urllib.request.urlopen(f"{address}/api", timeout=5):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.3)
    told = log.read_text(encoding="utf-8")[-3000:]
    raise AssertionError(f"JupyterLab did not answer:\n{told}")


def _end(server: subprocess.Popen) -> None:
    """Ask it to stop, which ends its kernels, and then end the whole group."""
    server.terminate()
    with suppress(subprocess.TimeoutExpired):
        server.wait(20)
    with suppress(ProcessLookupError):
        os.killpg(server.pid, signal.SIGKILL)
    server.wait(10)


def run_notebook(browser, address: str, folder: Path, name: str, source: str):
    """Open a notebook of one cell in the browser and run it; its output area."""
    book = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell(source)],
        metadata={"kernelspec": {"name": "python3", "display_name": "Python 3"}},
    )
    nbformat.write(book, folder / f"{name}.ipynb")
    browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
    browser.get("about:blank")
    browser.get_log("browser")
    browser.get(f"{address}/lab/tree/{name}.ipynb?reset")
    wait(browser, ".jp-Notebook .jp-CodeCell", 90)
    WebDriverWait(browser, 60).until(_kernel_is_idle)
    browser.set_script_timeout(120)
    _panel(browser, _RUN)
    return wait(browser, ".jp-Notebook .jp-OutputArea", 30)


def _kernel_is_idle(browser) -> bool:
    script = """const panel = window.jupyterapp?.shell.currentWidget;
    return panel?.sessionContext?.session?.kernel?.status === "idle";"""
    return browser.execute_script(script)


def save(browser) -> None:
    """Write the notebook as its reader would."""
    _panel(browser, "panel.context.save()")


def shut_down(browser) -> None:
    """End the notebook's kernel."""
    _panel(browser, "panel.sessionContext.shutdown()")


def _panel(browser, promise: str) -> None:
    script = f"""const done = arguments[0];
    const panel = window.jupyterapp.shell.currentWidget;
    {promise}.then(() => done(""), (error) => done(`${{error}}`));"""
    failed = browser.execute_async_script(script)
    assert not failed, failed


def wait(browser, selector: str, seconds: float):
    """The first element that fits, as soon as there is one."""
    found = lambda b: b.find_elements(By.CSS_SELECTOR, selector)  # noqa: E731
    return WebDriverWait(browser, seconds).until(found)[0]


def faults(browser) -> list[str]:
    """What stands on the console as severe."""
    found = (e for e in browser.get_log("browser") if e["level"] == "SEVERE")
    return [entry["message"] for entry in found]
