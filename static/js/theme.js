// How a person wants the pages to look, applied before the first paint: the appearance, the density of lists, the folded
// rail, single keys on or off. Shared with the staff pages: same keys, same attributes.
(() => {
  const root = document.documentElement;
  // The first of each is what holds without a choice, and is no attribute.
  const choices = { theme: ["auto", "light", "dark"], density: ["cosy", "compact"], rail: ["wide", "narrow"], keys: ["on", "off"] };

  const read = (name) => {
    try {
      return localStorage.getItem(name);
    } catch {
      return null; // storage may be switched off; then the system decides
    }
  };
  const keep = (name, value) => {
    try {
      localStorage.setItem(name, value);
    } catch {
      // without storage the choice lasts for this page
    }
  };
  const apply = (name, choice) => {
    const known = choices[name];
    const value = known.includes(choice) ? choice : known[0];
    if (value === known[0]) root.removeAttribute(`data-${name}`);
    else root.setAttribute(`data-${name}`, value);
    for (const button of document.querySelectorAll(`[data-${name}-choice]`)) {
      button.setAttribute("aria-pressed", String(button.getAttribute(`data-${name}-choice`) === value));
    }
    if (name !== "rail") return;
    for (const button of document.querySelectorAll("[data-fold]")) {
      button.setAttribute("aria-pressed", String(value === "narrow"));
    }
  };
  const applyAll = () => Object.keys(choices).forEach((name) => apply(name, read(name)));
  const choose = (name, value) => {
    keep(name, value);
    apply(name, value);
  };

  root.classList.add("has-js");
  applyAll();
  document.addEventListener("DOMContentLoaded", applyAll);
  window.addEventListener("storage", ({ key }) => key in choices && apply(key, read(key)));
  document.addEventListener("click", ({ target }) => {
    for (const name of Object.keys(choices)) {
      const button = target.closest(`[data-${name}-choice]`);
      if (button) choose(name, button.getAttribute(`data-${name}-choice`));
    }
    if (target.closest("[data-fold]")) choose("rail", root.dataset.rail === "narrow" ? "wide" : "narrow");
  });
})();
