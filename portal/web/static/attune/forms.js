// What forms do beyond the browser: errors are read first, drafts survive, days are spelled out.
(() => {
  const root = document.documentElement;
  const isField = (el) => el.matches("input, textarea, select");
  const summary = document.querySelector(".error-summary");

  // the summary of errors is read first; its links put the cursor into the field
  document.querySelector("[data-focus]")?.focus();
  document.querySelectorAll(".error-summary a").forEach((link) => {
    link.addEventListener("click", (event) => {
      const id = link.hash.slice(1); // a group of choices has its name on the frame only
      const field = document.getElementById(id) || document.getElementById(`div_${id}`);
      if (!field) return;
      event.preventDefault();
      (isField(field) ? field : field.querySelector("input, select, textarea") || field).focus();
    });
  });

  // a day as the house writes it, beside the browser's own field, whose order follows the browser's language
  const spelled = (value) => {
    const [day, clock = ""] = value.split("T");
    const [year, month, date] = day.split("-");
    if (!date) return "";
    const name = new Date(`${day}T00:00Z`).toLocaleDateString("en-US", { month: "short", timeZone: "UTC" });
    return `${root.lang.startsWith("nl") ? `${date}-${month}-${year}` : `${+date} ${name} ${year}`} ${clock}`.trim();
  };
  const echo = (field) => {
    const id = `${field.id || field.name}-spelled`;
    let out = document.getElementById(id);
    if (!out) {
      out = Object.assign(document.createElement("span"), { id, className: "date-spelled" });
      field.after(out);
      field.setAttribute("aria-describedby", `${field.getAttribute("aria-describedby") || ""} ${id}`.trim());
    }
    out.textContent = spelled(field.value);
  };
  const DATES = "input[type=date], input[type=datetime-local]";
  document.querySelectorAll(DATES).forEach(echo);
  document.addEventListener("input", (event) => { if (event.target.matches(DATES)) echo(event.target); });

  // Drafts: what was typed stays in this tab until it is saved, discarded or its author signs out; the browser asks
  // before it is left behind. Never kept: passwords, codes, files, hidden fields, and anything outside [data-guard].
  const PREFIX = "attune:draft:";
  const SENT = "attune:sent";
  const person = root.dataset.person || "";
  const store = window.sessionStorage;
  const drop = (unless) => Object.keys(store).filter((key) => key.startsWith(PREFIX) && !unless(key)).forEach((key) => store.removeItem(key));
  const fieldsOf = (form) => [...form.elements].filter((el) => el.name && isField(el) && !el.disabled
    && !["password", "hidden", "file", "submit"].includes(el.type) && !/one-time-code|password|off/.test(el.autocomplete));
  const chosen = (el) => (el.type === "checkbox" || el.type === "radio" ? el.checked
    : el.type === "select-multiple" ? [...el.selectedOptions].map((option) => option.value) : el.value);
  const choose = (el, value) => {
    if (el.type === "checkbox" || el.type === "radio") el.checked = value;
    else if (el.type === "select-multiple") [...el.options].forEach((option) => { option.selected = value.includes(option.value); });
    else el.value = value;
  };
  const snapshot = (form) => JSON.stringify(fieldsOf(form).map((el) => [el.name, chosen(el)]));
  const refill = (form, draft) => {
    const fields = fieldsOf(form);
    const kept = JSON.parse(draft);
    if (kept.length !== fields.length || kept.some(([name], i) => name !== fields[i].name)) return false; // another form by now
    kept.forEach(([, value], i) => choose(fields[i], value));
    form.dispatchEvent(new Event("change", { bubbles: true })); // previews follow
    form.querySelectorAll(DATES).forEach(echo);
    return true;
  };

  const sent = store.getItem(SENT);
  if (person && sent && !document.querySelector(".attune-error")) {
    store.removeItem(sent); // an ordinary page answered: it was saved, or stands here again with its errors
    store.removeItem(SENT);
  }
  if (person) drop((key) => key.startsWith(PREFIX + person));
  document.querySelectorAll("form[data-signs-out]").forEach((form) => {
    form.addEventListener("submit", () => drop(() => false));
  });

  document.querySelectorAll("form[data-guard]").forEach((form, index) => {
    const key = `${PREFIX}${person}:${location.pathname}:${index}`;
    const clean = snapshot(form);
    let changed = Boolean(summary); // what came back with errors is not saved either
    const draft = store.getItem(key);
    const notice = document.getElementById("draft-restored")?.content.firstElementChild.cloneNode(true);
    if (!summary && draft && draft !== clean && notice && refill(form, draft)) {
      changed = true;
      form.prepend(notice);
      notice.querySelector("button").addEventListener("click", () => {
        store.removeItem(key);
        changed = false;
        refill(form, clean);
        notice.remove();
        form.querySelector("input:not([type=hidden]), select, textarea")?.focus();
      });
    }
    const keep = () => {
      changed = true;
      if (person) store.setItem(key, snapshot(form));
    };
    form.addEventListener("input", keep);
    if (summary) keep();
    form.addEventListener("submit", () => { changed = false; store.setItem(SENT, key); });
    form.addEventListener("htmx:afterRequest", (event) => { // saved in the background: nothing to lose any more
      if (event.target !== form || !event.detail.successful || !("autosave" in form.dataset)) return;
      changed = false;
      store.removeItem(key);
    });
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
})();
