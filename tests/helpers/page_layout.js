// Measured by page_layout.py on the pages as built.
const SMALLEST = 9; // pixels of letters in a figure, on a desk

const article = () => document.querySelector(".bd-article");
const named = (node) =>
  `${node.tagName.toLowerCase()} "${(node.caption ?? node).textContent.trim().slice(0, 50)}"`;
const shown = (node) => node.getClientRects().length > 0;

function misfits(width) {
  const found = [];
  const page = document.documentElement;
  if (page.scrollWidth > innerWidth) found.push(`page is ${page.scrollWidth} px wide`);
  for (const table of article().querySelectorAll("table")) {
    if (shown(table)) found.push(...cut(table), ...broken(table));
  }
  for (const block of article().querySelectorAll(".cell_output pre")) {
    if (shown(block) && block.scrollWidth - block.clientWidth > 1)
      found.push(`output cut: ${named(block)}`);
  }
  for (const image of article().querySelectorAll("img")) {
    if (shown(image)) found.push(...small(image, width));
  }
  for (const text of article().querySelectorAll("svg text")) {
    if (shown(text)) found.push(...tiny(text, width));
  }
  return found;
}

/** Cells of a table that no reader sees without scrolling sideways. */
function cut(table) {
  const boxes = [];
  for (let box = table; box !== article(); box = box.parentElement) {
    if (["auto", "scroll", "hidden", "clip"].includes(getComputedStyle(box).overflowX))
      boxes.push(box.getBoundingClientRect());
  }
  const right = Math.min(innerWidth, ...boxes.map((box) => box.right));
  const cells = [...table.querySelectorAll("tbody td, tbody th")].filter(shown);
  const over = cells.filter((cell) => cell.getBoundingClientRect().right > right + 1.5);
  return over.length ? [`${over.length} cells cut: ${named(table)}`] : [];
}

/** Short names in code that a narrow column breaks in two. */
function broken(table) {
  const names = [...table.querySelectorAll("td code")].filter(
    (one) => shown(one) && /^\w{1,20}$/.test(one.textContent.trim()),
  );
  return names.filter((one) => one.getClientRects().length > 1)
    .map((one) => `broken: ${named(one)}`);
}

function small(image, width) {
  const own = Number(image.getAttribute("width"));
  const box = image.getBoundingClientRect();
  const found = [];
  // Explorers set the size of their pictures by style.
  const sized = (own && image.hasAttribute("height")) || image.closest(".fer-widget");
  if (!sized) found.push(`no size: img "${image.alt}"`);
  if (box.right > innerWidth + 1) found.push(`cut: img "${image.alt}"`);
  const shape = image.naturalWidth / image.naturalHeight; // no number before it loads
  if (sized && !image.closest(".fer-widget") &&
      Math.abs(box.width / box.height / shape - 1) > 0.05)
    found.push(`out of shape: img "${image.alt}"`);
  if (image.dataset.letters > 0) {
    const letters = (image.dataset.letters * box.width) / own;
    const grows = image.classList.contains("can-grow");
    if (letters < SMALLEST - 0.1 && (width >= 768 || !grows))
      found.push(`letters of ${letters.toFixed(1)} px: img "${image.alt.slice(0, 50)}"`);
  }
  return found;
}

function tiny(text, width) {
  const scale = text.getScreenCTM()?.a || text.getScreenCTM()?.b || 1;
  const letters = parseFloat(getComputedStyle(text).fontSize) * Math.abs(scale);
  return letters < (width < 600 ? 8 : SMALLEST)
    ? [`letters of ${letters.toFixed(1)} px: svg "${text.textContent}"`] : [];
}

/** Red, green, blue in 0 to 255 and alpha of what a style says. */
const colours = new Map();
function colour(text) {
  if (!colours.has(text)) colours.set(text, painted(text));
  return colours.get(text);
}

const canvas = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });
function painted(text) {
  canvas.clearRect(0, 0, 1, 1);
  canvas.fillStyle = text;
  canvas.fillRect(0, 0, 1, 1);
  const [red, green, blue, alpha] = canvas.getImageData(0, 0, 1, 1).data;
  return [red, green, blue, alpha / 255];
}

const over = (top, below, share = top[3]) =>
  [0, 1, 2].map((k) => share * top[k] + (1 - share) * below[k]);

/** A function of a node, once for each. */
function remembered(tell) {
  const known = new WeakMap();
  return (node) => {
    if (!known.has(node)) known.set(node, tell(node));
    return known.get(node);
  };
}

const ground = remembered((node) => {
  const own = colour(getComputedStyle(node).backgroundColor);
  if (own[3] === 1) return own;
  const below = node.parentElement ? ground(node.parentElement) : [255, 255, 255];
  return own[3] ? over(own, below) : below;
});

const opacity = remembered((node) => Number(getComputedStyle(node).opacity)
  * (node.parentElement ? opacity(node.parentElement) : 1));

function luminance(rgb) {
  const [red, green, blue] = rgb.map((value) => {
    const share = value / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

/** One text for every pair of colours that stands too near to its ground. */
function pale(theme) {
  document.documentElement.dataset.theme = theme;
  document.documentElement.dataset.mode = theme;
  const found = new Map();
  const kinds = NodeFilter.SHOW_TEXT + NodeFilter.SHOW_ELEMENT;
  const folded = "details:not([open]) > :not(summary), mjx-container, [aria-hidden]";
  const texts = document.createTreeWalker(article(), kinds, (node) =>
    node.matches ? (node.matches(folded) ? NodeFilter.FILTER_REJECT
      : NodeFilter.FILTER_SKIP) : NodeFilter.FILTER_ACCEPT);
  while (texts.nextNode()) {
    const node = texts.currentNode.parentElement;
    const words = texts.currentNode.textContent.trim();
    if (!words || node.matches("option, script, style") || !shown(node)) continue;
    // The ground of a number on a dot is the dot, which no style tells.
    if (node.closest("svg [role=slider]")) continue;
    const style = getComputedStyle(node);
    if (style.visibility === "hidden") continue;
    const behind = ground(node);
    const ink = colour(node.closest("svg") ? style.fill : style.color);
    const front = over(ink, behind, ink[3] * opacity(node));
    const [dark, light] = [luminance(front), luminance(behind)].sort((a, b) => a - b);
    const ratio = (light + 0.05) / (dark + 0.05);
    const size = parseFloat(style.fontSize);
    const large = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700);
    const key = `${front.map(Math.round)} on ${behind.map(Math.round)}`;
    if (ratio < (large ? 3 : 4.5) - 0.01 && !found.has(key))
      found.set(key, `${ratio.toFixed(2)} (${key}): "${words.slice(0, 40)}"`);
  }
  return [...found.values()];
}

/** Pixels of text between the top of a page and "The idea", explorers left out. */
function before_the_idea() {
  const heads = [...article().querySelectorAll("h2")];
  const idea = heads.find((head) => head.textContent.trim().startsWith("The idea"));
  const top = article().getBoundingClientRect().top;
  const pictures = [...article().querySelectorAll("figure, .fer-widget")].filter(
    (one) => shown(one) && one.compareDocumentPosition(idea) & 4 &&
      !one.parentElement.closest("figure, .fer-widget"),
  );
  const taken = pictures.map((one) => one.getBoundingClientRect().height);
  return idea.getBoundingClientRect().top - top - taken.reduce((a, b) => a + b, 0);
}
