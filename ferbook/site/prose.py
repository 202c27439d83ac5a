"""No accuracy is typed: finds bare numbers beside a metric's name.

A number with a per cent sign or with two decimals or more, in a sentence
that names accuracy, recall or F1, must come from a role, which binds it to a
claim or a run.  Excepted are sizes of intervals and quotations with a source.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

_METRIC = re.compile(r"\b(accurac(y|ies)|recalls?|(macro[- ])?F1)\b", re.IGNORECASE)
_NUMBER = re.compile(
    r"(?<![\w.])(\d+(\.\d+)?\s?(%|per\s?cent\b|percent\b|percentage\b)|\d*\.\d{2,}\b)",
    re.IGNORECASE,
)
# "95 % interval", "±1.4 points", "half-width of 1.4 %": sizes of intervals.
_INTERVAL = re.compile(
    r"\d+(\.\d+)?\s?(%|per\s?cent|percent)[\s-]+(confidence\s+)?intervals?"
    r"|(±|\+/-|plus or minus|half-width of)\s*\d+(\.\d+)?(\s?(%|points?))?",
    re.IGNORECASE,
)
_ROLE = re.compile(r"\{[\w:-]+\}(`+).+?\1", re.DOTALL)
_CITE = re.compile(r"\{(cite[\w:]*|paper|ours)\}`")
_QUOTED = re.compile(r"\"[^\"]*\"|“[^”]*”")
# Code, mathematics, comments, link targets and mark-up hold no sentences.
_NO_PROSE = re.compile(
    r"(`+)[^`].*?\1|\$\$.*?\$\$|\$[^$\n]+\$|<!--.*?-->|</?[a-zA-Z][^>\n]*>"
    r"|(?<=\])\([^)\n]*\)",
    re.DOTALL,
)
_FENCE = re.compile(r"^\s*(`{3,}|~{3,}|:{3,})\s*(\{?[\w:-]*\}?)\s*(.*)$")
_STARTS = re.compile(r"^\s*(#+ |[-*+] |\d+[.)] )")  # headings and list items
_PROSE_FENCES = re.compile(
    r"\{(note|tip|hint|warning|caution|attention|danger|error|important|seealso"
    r"|admonition|dropdown|margin|sidebar|card|grid|tab-item|tab-set|epigraph"
    r"|figure|list-table|table|div)\}"
)
_SENTENCE_END = re.compile(r"(?<=[.!?])[\"”)]*\s+(?=[A-Z“\"(\[{*_])")


@dataclass(frozen=True)
class BareNumber:
    """A number that stands beside a metric without a source."""

    line: int
    number: str
    sentence: str


def bare_numbers(text: str) -> list[BareNumber]:
    """Bare accuracies in the sentences of a MyST page, by line."""
    found = []
    for line, paragraph in _paragraphs(text):
        quoted = paragraph.lstrip().startswith(">")
        if quoted and _CITE.search(paragraph):
            continue
        for offset, sentence in _sentences(paragraph):
            at = line + paragraph[:offset].count("\n")
            shown = " ".join(sentence.split())
            found += [BareNumber(at, n, shown) for n in _bare(sentence)]
    return found


def _bare(sentence: str) -> list[str]:
    if _CITE.search(sentence):
        sentence = _QUOTED.sub(" ", sentence)
    for pattern in (_ROLE, _NO_PROSE, _INTERVAL):
        sentence = pattern.sub(" ", sentence)
    if not _METRIC.search(sentence):
        return []
    return [match.group(0).strip() for match in _NUMBER.finditer(sentence)]


def _sentences(paragraph: str) -> list[tuple[int, str]]:
    if paragraph.lstrip().startswith("|"):
        return [(0, paragraph)]
    ends = [match.end() for match in _SENTENCE_END.finditer(paragraph)]
    starts = [0, *ends]
    return [
        (start, paragraph[start:end])
        for start, end in zip(starts, [*ends, len(paragraph)], strict=True)
    ]


def _paragraphs(text: str) -> list[tuple[int, str]]:
    found: list[tuple[int, list[str]]] = []
    going = False  # whether the next line goes on with the last paragraph
    for number, line, title in _prose_lines(text):
        if not line.strip():
            going = False
        elif going and not title and not _STARTS.match(line):
            found[-1][1].append(line)
        else:
            found.append((number, [line]))
            going = not title and not line.lstrip().startswith("#")
    return [(number, "\n".join(lines)) for number, lines in found]


def _prose_lines(text: str) -> Iterator[tuple[int, str, bool]]:
    """Lines without code: number, line, whether a directive's title."""
    fences: list[tuple[str, bool]] = []  # mark and whether code is inside
    for number, line in enumerate(_without_front_matter(text), start=1):
        fence = _FENCE.match(line)
        inside_code = bool(fences) and fences[-1][1]
        if fence and fences and _closes(fence, fences[-1][0]):
            fences.pop()
            yield number, "", False
        elif inside_code:
            yield number, "", False
        elif fence:
            mark, name, title = fence.groups()
            prose = _PROSE_FENCES.match(name) or (mark[0] == ":" and not name)
            fences.append((mark, not prose))
            yield number, title if prose else "", True
        else:
            yield number, line, False


def _closes(fence: re.Match, mark: str) -> bool:
    found, name, title = fence.groups()
    return found.startswith(mark) and not name and not title


def _without_front_matter(text: str) -> list[str]:
    lines = text.splitlines()
    if lines and lines[0].strip() == "---" and "---" in lines[1:]:
        end = lines.index("---", 1)
        lines[: end + 1] = [""] * (end + 1)
    return lines
