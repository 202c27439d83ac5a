"""Words of the glossary are found once a page, the longest first, never in names."""

from docutils import nodes

from ferbook.site.glossary import definitions, first_uses, mark


def test_a_term_is_marked_at_its_first_use_alone():
    texts = ["A seed, no Seed.", "seeds and a seed"]
    assert first_uses(texts, ["seed"]) == [[(2, 6, "seed")], []]


def test_the_longer_term_wins_and_capitals_do_not_matter():
    found = first_uses(
        ["Guided Grad-CAM, then grad-cam."], ["Grad-CAM", "guided Grad-CAM"]
    )
    assert [term for *_, term in found[0]] == ["guided Grad-CAM", "Grad-CAM"]


def test_parts_of_words_are_not_terms():
    assert first_uses(["re-rendering, twins, a_twin"], ["twin", "rendering"]) == [[]]


def page(*parts):
    paragraph = nodes.paragraph("", "", *parts)
    return nodes.document(None, None, "", paragraph)


class App:
    """What the extension asks of Sphinx."""

    class builder:
        get_relative_uri = staticmethod(lambda here, there: "glossary.html")

    class env:
        fer_glossary = {"seed": ("term-seed", 'A "number".')}  # noqa: RUF012


def test_a_link_carries_the_definition_and_names_are_left_alone():
    doctree = page(nodes.literal("", "seed"), nodes.Text(" is a seed <here>."))
    mark(App, doctree, "notebooks/02_faces")
    (link,) = doctree.findall(nodes.raw)
    assert link.astext() == (
        '<a class="term" href="glossary.html#term-seed" '
        'data-definition="A &quot;number&quot;.">seed</a>'
    )
    assert [t.astext() for t in doctree.findall(nodes.literal)] == ["seed"]
    assert doctree.children[0].children[-1].astext() == " <here>."


def test_the_glossary_itself_is_left_alone():
    doctree = page(nodes.Text("a seed"))
    mark(App, doctree, "book/glossary")
    assert not list(doctree.findall(nodes.raw))


def test_definitions_are_read_from_the_list():
    term = nodes.term("", "seed", ids=["term-seed"])
    told = nodes.definition("", nodes.paragraph("", "A number\nof chance."))
    listed = nodes.definition_list("", nodes.definition_list_item("", term, told))
    doctree = nodes.document(None, None, "", listed)
    assert definitions(doctree) == {"seed": ("term-seed", "A number of chance.")}
