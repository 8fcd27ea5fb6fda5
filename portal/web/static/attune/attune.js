// The little behaviour that pages need beyond htmx; every page also works without it.
(() => {
  const search = () => document.querySelector("[data-search]");
  const dialog = document.getElementById("shortcuts");
  const typing = (el) => el.matches("input, textarea, select, [contenteditable]");

  const showShortcuts = () => {
    dialog.querySelectorAll("[data-needs=search]").forEach((row) => { row.hidden = !search(); });
    dialog.showModal();
  };
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || typing(event.target)) return;
    if (event.key === "/" && search()) { event.preventDefault(); search().focus(); search().select(); }
    if (event.key === "?" && dialog && !dialog.open) { event.preventDefault(); showShortcuts(); }
  });
  document.querySelectorAll("[data-shortcuts]").forEach((button) => {
    button.hidden = false;
    button.addEventListener("click", showShortcuts);
  });

  // small menus: Esc and a click elsewhere close them
  document.addEventListener("click", (event) => {
    document.querySelectorAll("details.drop[open]").forEach((menu) => {
      if (!menu.contains(event.target)) menu.open = false;
    });
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    document.querySelectorAll("details.drop[open]").forEach((menu) => {
      menu.open = false;
      menu.querySelector("summary").focus();
    });
  });

  // an answer saved in the background may open or close other questions
  document.addEventListener("htmx:afterSwap", (event) => {
    event.target.querySelectorAll("[data-asked]").forEach((mark) => {
      document.getElementById(`ask-${mark.dataset.asked}`).hidden = !mark.dataset.open;
    });
  });

  // a job that ended while it was watched: load the page again, it now shows the result
  document.addEventListener("attune:finished", () => { setTimeout(() => window.location.reload(), 600); });

  // copy buttons appear only where copying works
  document.querySelectorAll("[data-copy]").forEach((button) => {
    if (!navigator.clipboard) return;
    button.hidden = false;
    button.addEventListener("click", async () => {
      await navigator.clipboard.writeText(document.querySelector(button.dataset.copy).textContent.trim());
      button.querySelector("[data-copied]").hidden = false;
    });
  });
})();
