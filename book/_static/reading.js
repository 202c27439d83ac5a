// Nothing is cut off: a table that does not fit takes the margin or becomes a card
// a row, and a figure with small letters can be enlarged.
document.addEventListener("DOMContentLoaded", () => {
  const article = document.querySelector(".bd-article");
  if (!article) return;
  const tables = [...article.querySelectorAll("table")].filter(
    (table) => !table.closest(".fer-widget, .highlight"),
  );
  for (const table of tables) label(table);

  function label(table) {
    const names = [...table.querySelectorAll("thead tr:last-child > *")].map(
      (cell) => cell.textContent.trim(),
    );
    table.setAttribute("role", "table"); // cards are no tables to browsers
    for (const row of table.rows) {
      row.setAttribute("role", "row");
      [...row.cells].forEach((cell, k) => {
        cell.setAttribute("role", cell.closest("thead") ? "columnheader" : "cell");
        if (names[k]) cell.dataset.label = names[k];
        const empty = !cell.textContent.trim() && !cell.querySelector("img, svg");
        if (empty) cell.dataset.empty = "";
      });
    }
  }

  const overhangs = (table) =>
    [table, table.parentElement, table.closest(".cell_output")].some(
      (box) => box && box.scrollWidth - box.clientWidth > 1,
    );

  // From the mildest to the last.
  const WAYS = [[], ["compact"], ["wide"], ["wide", "compact"], ["as-cards"]];
  function fit(table) {
    const host = table.closest(".cell_output") ?? table.parentElement;
    const margin = innerWidth >= 1200 && !table.closest("details, .tab-set");
    for (const way of WAYS) {
      if (way.includes("wide") && !margin) continue;
      table.classList.toggle("compact", way.includes("compact"));
      table.classList.toggle("as-cards", way.includes("as-cards"));
      table.classList.toggle("wide", way.includes("wide"));
      host.classList.toggle("full-width", Boolean(host.querySelector("table.wide")));
      if (!overhangs(table)) return;
    }
  }

  // The contents in the margin step back while something wide is beside them.
  const contents = document.querySelector(".bd-sidebar-secondary");
  const beside = new Set();
  const watch = new IntersectionObserver((entries) => {
    for (const { target, isIntersecting } of entries)
      beside[isIntersecting ? "add" : "delete"](target);
    contents?.classList.toggle("hide", beside.size > 0);
  });

  const SMALLEST = 9; // pixels of letters, as ferbook.show.figures has it
  function offer(image) {
    const own = Number(image.getAttribute("width"));
    const shown = image.dataset.letters * image.clientWidth / own;
    image.classList.toggle("can-grow", image.clientWidth > 0 && shown < SMALLEST);
  }

  function grow(event) {
    const image = event.target.closest("img.can-grow, img.grown");
    if (!image || (event.key && event.key !== "Enter")) return;
    image.classList.toggle("grown");
    image.setAttribute("aria-expanded", image.classList.contains("grown"));
  }

  const images = [...article.querySelectorAll("img[data-letters]")];
  for (const image of images) {
    image.tabIndex = 0;
    image.parentElement.classList.add("holds-figure");
  }
  article.addEventListener("click", grow);
  article.addEventListener("keydown", grow);

  function fitAll(event) {
    const inside = event?.type === "toggle" ? event.target : article;
    for (const table of tables) {
      if (inside.contains(table) && table.offsetParent) fit(table);
    }
    images.forEach(offer);
    watch.disconnect();
    beside.clear();
    for (const host of article.querySelectorAll(".full-width")) watch.observe(host);
  }
  let waiting = 0;
  let width = article.clientWidth;
  function fitLater() {
    cancelAnimationFrame(waiting);
    waiting = requestAnimationFrame(fitAll);
  }
  addEventListener("resize", fitLater);
  // The sidebar, opened or closed, changes it without a resize.
  new ResizeObserver(() => {
    if (article.clientWidth !== width) fitLater();
    width = article.clientWidth;
  }).observe(article);
  article.addEventListener("toggle", fitAll, true);
  addEventListener("beforeprint", fitAll);
  document.fonts?.ready.then(fitAll);
  fitAll();
});
