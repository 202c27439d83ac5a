"""The first page: cards are complete, what surprises is true, chips follow counts."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from bs4 import BeautifulSoup
from PIL import Image
from small_ledgers import real_ledger

from fer_lib.crops import coverage, crop_boxes
from fer_lib.errors import FerError
from fer_lib.losses.diversity import zero_diagonal_diversity
from fer_lib.models import build
from fer_lib.models.residual_masking import MaskingBlock
from ferbook.ledger.scoreboard import Score, Scoreboard
from ferbook.show.tables import VERDICT_COLOURS
from ferbook.site import landing, preview
from ferbook.site.notebooks import ROOT, chapter_notebooks
from ferbook.site.thumbnails import landing_face

CARDS = landing.read_cards(ROOT)


def test_every_paper_has_a_card_and_an_idea_of_seven_words():
    assert [card.page for card in CARDS] == [
        f"notebooks/{page}"
        for page in (path.stem for path in chapter_notebooks())
        if page[3:] in {claims.paper for claims in real_ledger().papers}
    ]
    for card in CARDS:
        assert card.page.endswith(card.paper)
        assert len(card.idea.split()) <= 7
        words = card.surprise.replace("FER2013", "")
        assert not any(letter.isdigit() for letter in words), "a typed number"


def test_masks_of_the_code_have_one_mean():
    block = MaskingBlock(8, 2)
    for scale in (0.1, 1, 30):
        mask = block.mask(scale * torch.randn(2, 8, 8, 8))
        torch.testing.assert_close(mask.mean(1), torch.full((2, 8, 8), 1 / 8))


@pytest.mark.parametrize("count", [4, 5, 7, 9])
def test_every_sub_image_holds_the_middle_of_the_face(count):
    boxes = crop_boxes(count, 96)
    assert coverage(boxes, 96)[48, 48] == count + 1
    assert (boxes[:, 2] - boxes[:, 0]).min() >= 0.7 * 96  # wider than a mouth


@pytest.mark.parametrize("count", [9, 15])
def test_the_released_code_rewards_an_odd_number_of_branches_for_agreeing(count):
    draw = torch.Generator().manual_seed(0)
    same = torch.ones(count, 4, 8)
    others = 3 * torch.randn(count, 4, 8, generator=draw)
    assert zero_diagonal_diversity(same) > zero_diagonal_diversity(others)


def test_a_quarter_sees_beyond_its_border():
    network = build("diversified_manet", preset="smoke").eval()
    size = network.input.size
    x = torch.rand(1, network.input.channels, size, size, requires_grad=True)
    network.patch_maps(network.backbone.maps(x))[0].square().sum().backward()
    beyond = x.grad.abs().sum((0, 1))[:, size // 2 :].sum(0)
    assert (beyond[: size // 8] > 0).all()


def test_a_surprise_needs_the_standing_that_it_rests_on():
    bound = [card for card in CARDS if card.claim]
    assert bound
    for card in bound:
        landing.check_surprise(card, real_ledger())
        with pytest.raises(FerError, match=r"rests on .* being 'consistent'"):
            landing.check_surprise(replace(card, standing="consistent"), real_ledger())


def board(*printed, sums=()):
    def score(outcomes):
        return Score("", sum(n for _, n in outcomes), 9, tuple(outcomes))

    return Scoreboard(score(printed), score(()), score(sums), score(()))


@pytest.mark.parametrize(
    ("printed", "words", "colour"),
    [
        ([], "no printed value tested yet", "not run"),
        ([("reproduced", 1)], "1 of 1 printed value reproduced", "reproduced"),
        (
            [("exceeds", 1), ("reproduced", 1)],
            "2 of 2 printed values reproduced or exceeded",
            "reproduced",
        ),
        ([("not reproduced", 2)], "0 of 2 printed values", "not reproduced"),
        ([("reproduced", 1), ("not reproduced", 1)], "1 of 2", "undecided"),
        ([("undecided", 1)], "0 of 1 printed value", "undecided"),
    ],
)
def test_a_chip_counts_printed_values(printed, words, colour):
    (told, shown), _ = landing.verdict_chips(board(*printed))
    assert told.startswith(words) and "another reading" not in told
    assert shown == VERDICT_COLOURS[colour]


def test_a_chip_tells_what_holds_by_another_reading():
    made = board(("not reproduced", 2))
    made = replace(made, printed=replace(made.printed, otherwise=1))
    told = landing.verdict_chips(made)[0][0]
    assert told == "0 of 2 printed values reproduced, 1 more by another reading"


def test_a_chip_counts_contradictory_sums():
    one = landing.verdict_chips(board(sums=[("consistent", 2), ("contradictory", 1)]))
    none = landing.verdict_chips(board(sums=[("consistent", 1)]))
    assert one[1] == ("1 of 3 sums contradictory", VERDICT_COLOURS["contradictory"])
    assert none[1] == ("0 of 1 sum contradictory", VERDICT_COLOURS["consistent"])


def test_cards_show_a_drawing_the_chapters_number_and_a_link():
    html = landing.cards(real_ledger(), lambda page: f"../{page}.html").html()
    found = BeautifulSoup(html, "html.parser")
    (image,) = found.find_all("image")  # once, for all drawings
    assert image["href"].startswith("data:image/webp")
    for card, shown in zip(CARDS, found.select(".card-of-paper"), strict=True):
        assert shown["href"] == f"../{card.page}.html"
        assert shown.strong.text.startswith(f"{int(card.page[10:12])}. ")
        assert shown.svg["aria-label"] and shown.svg["width"]
        assert len(shown.select(".chip")) == 2


def test_tiles_are_the_scoreboard():
    found = BeautifulSoup(landing.tiles(real_ledger()).html(), "html.parser")
    scores = landing.scoreboard(real_ledger().select(None, None)).scores
    told = [(int(t.strong.text), t.p.text) for t in found.select(".tile")]
    for score, (tested, words) in zip(scores, told, strict=True):
        assert tested == score.tested
        assert words == f"{score.tested} of {score.of}{score.what}"


def test_the_preview_has_the_size_that_its_tags_name(tmp_path):
    preview.drawn().savefig(tmp_path / "p.png", dpi=100)
    assert Image.open(tmp_path / "p.png").size == preview.SIZE


def test_the_preview_covers_the_mouth_and_nothing_else():
    face = landing_face()
    hidden, (left, top, side) = preview.covered(face.image)
    mouth = face.landmarks[60:68]
    assert (mouth >= (left, top)).all() and (mouth < (left + side, top + side)).all()
    changed = np.argwhere(hidden != face.image)
    assert changed.min(0).tolist() >= [top, left]
    assert (changed.max(0) < (top + side, left + side)).all()
