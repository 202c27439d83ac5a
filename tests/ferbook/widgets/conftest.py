"""Every explorer's page."""

import pytest
from widget_pages import no_faults, open_page, write_page


@pytest.fixture(scope="session")
def address_of(explorers, tmp_path_factory):
    """Addresses of explorers' pages by name and theme."""
    folder = tmp_path_factory.mktemp("pages")

    def of(name, theme="light"):
        return write_page(folder / f"{name}-{theme}.html", explorers(name), theme)

    return of


@pytest.fixture
def opened(browser, address_of, request):
    """Opens the page of the class's explorer at a setting; nothing may be raised."""
    name = request.cls.NAME

    def at(link, width=1280):
        open_page(browser, f"{address_of(name)}#w-{name}={link}", width)

    yield at
    no_faults(browser)
