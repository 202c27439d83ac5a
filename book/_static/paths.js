// Previous and next follow the reading path that a reader has chosen.  A path is a
// section of the page of paths; a link in it chooses the path, for this window.
document.addEventListener("DOMContentLoaded", () => {
  const KEY = "fer-path";
  const plain = (address) => new URL(address, location.href).href.split(/[?#]/)[0];
  const here = plain(location.href);

  if (here.endsWith("/paths.html")) {
    for (const section of document.querySelectorAll(".bd-article section section")) {
      const links = [...section.querySelectorAll("ol a[href], table a[href]")]
        .filter((link) => link.origin === location.origin);
      const steps = new Map(links.map((link) => [plain(link.href), link.textContent]));
      const name = section.querySelector("h2")?.firstChild.textContent.split(":")[0];
      const path = JSON.stringify({ name, home: here, steps: [...steps] });
      for (const link of links) {
        link.addEventListener("click", () => sessionStorage.setItem(KEY, path));
      }
    }
    return;
  }

  const path = JSON.parse(sessionStorage.getItem(KEY) ?? "null");
  const at = path?.steps.findIndex(([address]) => address === here) ?? -1;
  const area = document.querySelector(".prev-next-area");
  if (at < 0 || !area) return;
  const end = [path.home, "All reading paths"];
  const link = (side, words, [address, title]) => {
    const info = document.createElement("div");
    info.className = "prev-next-info";
    for (const [name, text] of [["subtitle", words], ["title", title]]) {
      const line = document.createElement("p");
      [line.className, line.textContent] = [`prev-next-${name}`, text];
      info.append(line);
    }
    const made = Object.assign(document.createElement("a"), { href: address, className: side });
    made.append(info);
    return made;
  };
  const step = `${path.name}, step ${at + 1} of ${path.steps.length}`;
  area.replaceChildren(
    link("left-prev", `previous (${step})`, path.steps[at - 1] ?? end),
    link("right-next", `next (${step})`, path.steps[at + 1] ?? end),
  );
});
