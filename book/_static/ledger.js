// Filters of the ledger, kept in the address so that a choice can be linked to.
// #ramn.fer2013.beta opens a claim; #answer=reproduced&paper=RAMN filters.
document.addEventListener("DOMContentLoaded", () => {
  const form = document.querySelector(".claims-filter");
  if (!form) return;
  const claims = [...document.querySelectorAll("details.claim")];
  const selects = [...form.querySelectorAll("select")];
  for (const select of selects) {
    const values = [...new Set(claims.map((c) => c.dataset[select.name]))].sort();
    for (const value of values) select.add(new Option(value, value));
  }

  function show() {
    const words = form.words.value.toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    for (const claim of claims) {
      const text = `${claim.id} ${claim.querySelector("summary").textContent}`.toLowerCase();
      const chosen = selects.every((s) => !s.value || claim.dataset[s.name] === s.value);
      claim.hidden = !(chosen && words.every((word) => text.includes(word)));
      shown += !claim.hidden;
    }
    form.querySelector("output").textContent = `${shown} of ${claims.length} claims`;
  }

  function keep() {
    const told = new URLSearchParams(
      [...new FormData(form)].filter(([, value]) => value),
    );
    history.replaceState(null, "", `#${told}`);
    show();
  }

  function read() {
    const hash = decodeURIComponent(location.hash.slice(1));
    const claim = claims.find((c) => c.id === hash);
    if (claim) {
      form.reset();
      claim.open = true;
    } else {
      const told = new URLSearchParams(hash);
      for (const field of [...selects, form.words]) field.value = told.get(field.name) ?? "";
    }
    show();
    if (claim) claim.scrollIntoView();
  }

  form.hidden = false;
  form.addEventListener("input", keep);
  form.addEventListener("submit", (event) => event.preventDefault());
  window.addEventListener("hashchange", read);
  read();
});
