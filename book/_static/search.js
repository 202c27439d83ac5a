// Claims that hold all words of a search, above the pages that Sphinx finds.
document.addEventListener("DOMContentLoaded", () => {
  const words = (new URLSearchParams(location.search).get("q") ?? "").trim();
  const place = document.querySelector("#search-results");
  if (!words || !place) return;
  const all = words.toLowerCase().split(/\s+/);
  const found = CLAIMS.filter((claim) => {
    const text = Object.values(claim).join(" ").toLowerCase();
    return all.every((word) => text.includes(word));
  });
  if (!found.length) return;

  const link = (address, text) => Object.assign(document.createElement("a"),
    { href: `book/ledger.html#${address}`, textContent: text });
  const list = document.createElement("ul");
  for (const { id, paper, says, printed, answer } of found.slice(0, 8)) {
    const item = document.createElement("li");
    const figure = printed ? ` ${printed}.` : "";
    item.append(link(id, `${paper}: ${says}`), `${figure} ${answer}`);
    list.append(item);
  }
  const box = document.createElement("section");
  box.className = "found-claims";
  const title = document.createElement("h2");
  title.textContent = `Claims (${found.length})`;
  box.append(title, list, link(new URLSearchParams({ words }), "All of them in the ledger"));
  place.before(box);
});
