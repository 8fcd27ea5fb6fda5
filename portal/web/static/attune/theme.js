// Runs before the first paint: with the theme 'auto' the page follows the system, without a flash.
(() => {
  const root = document.documentElement;
  const dark = window.matchMedia("(prefers-color-scheme: dark)");
  const apply = () => {
    const theme = root.dataset.theme;
    const use = theme === "auto" ? (dark.matches ? "dark" : "light") : theme;
    if (root.getAttribute("data-bs-theme") === use) return;
    root.setAttribute("data-bs-theme", use);
    root.dispatchEvent(new CustomEvent("attune:theme"));
  };
  apply();
  dark.addEventListener("change", apply);
})();
