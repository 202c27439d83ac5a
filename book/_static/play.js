// Explorers that lie in templates start when a reader comes near, follows a link to
// one, or prints.
document.addEventListener("DOMContentLoaded", () => {
  const boxes = [...document.querySelectorAll(".fer-later")];
  if (!boxes.length) return;

  function start(box) {
    const template = box.querySelector("template");
    if (!template) return;
    const parts = document.importNode(template.content, true);
    template.remove();
    box.style.minHeight = ""; // until then the place of those below
    box.append(parts);
  }

  const near = new IntersectionObserver((seen) => {
    for (const { isIntersecting, target } of seen) {
      if (!isIntersecting) continue;
      near.unobserve(target);
      start(target);
    }
  }, { rootMargin: "400px" });
  for (const box of boxes) {
    if (location.hash.includes(`w-${box.dataset.explorer}=`)) start(box);
    else near.observe(box);
  }
  window.addEventListener("beforeprint", () => boxes.forEach(start));
});
