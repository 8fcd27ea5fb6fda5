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
    if (event.key === "/" && search()) { event.preventDefault(); search().focus(); }
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

  // the summary of errors is read first; its links put the cursor into the field
  document.querySelector("[data-focus]")?.focus();
  document.querySelectorAll(".error-summary a").forEach((link) => {
    link.addEventListener("click", (event) => {
      const id = link.hash.slice(1); // a group of choices has its name on the frame only
      const field = document.getElementById(id) || document.getElementById(`div_${id}`);
      if (!field) return;
      event.preventDefault();
      (typing(field) ? field : field.querySelector("input, select, textarea") || field).focus();
    });
  });

  // unsaved changes: the browser asks before they are lost
  document.querySelectorAll("form[data-guard]").forEach((form) => {
    let changed = false;
    form.addEventListener("input", () => { changed = true; });
    form.addEventListener("submit", () => { changed = false; });
    window.addEventListener("beforeunload", (event) => { if (changed) event.preventDefault(); });
  });

  // one click, one request
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (form.method !== "post" || form.dataset.sent) { if (form.dataset.sent) event.preventDefault(); return; }
    form.dataset.sent = "1";
    window.addEventListener("pageshow", () => { delete form.dataset.sent; });
    setTimeout(() => { delete form.dataset.sent; }, 5000);
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
