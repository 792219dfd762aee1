// The appearance a person chose, applied before the first paint. Shared with the staff pages: same key, same attribute.
(() => {
  const root = document.documentElement;
  const known = ["auto", "light", "dark"];
  const read = () => {
    try {
      return localStorage.getItem("theme");
    } catch {
      return null; // storage may be switched off; then the system decides
    }
  };
  const apply = (choice) => {
    const theme = known.includes(choice) ? choice : "auto";
    if (theme === "auto") delete root.dataset.theme;
    else root.dataset.theme = theme;
    for (const button of document.querySelectorAll("[data-theme-choice]")) {
      button.setAttribute("aria-pressed", String(button.dataset.themeChoice === theme));
    }
  };

  root.classList.add("has-js");
  apply(read());
  document.addEventListener("DOMContentLoaded", () => apply(read()));
  window.addEventListener("storage", (event) => event.key === "theme" && apply(event.newValue));
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-theme-choice]");
    if (!button) return;
    try {
      localStorage.setItem("theme", button.dataset.themeChoice);
    } catch {
      // without storage the choice lasts for this page
    }
    apply(button.dataset.themeChoice);
  });
})();
