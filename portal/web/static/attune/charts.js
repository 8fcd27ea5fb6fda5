// Draws every [data-chart] from its JSON. Figures name colours ("var(--chart-1)"); this resolves them for the theme of now,
// because the chart library only knows plain colours. The numbers also go into a table below the chart.
(() => {
  const LANGUAGE = document.documentElement.lang.startsWith("nl") ? "nl" : "en-GB";
  // a partial bundle would draw a type it does not know as something else: such traces are left out, the table keeps them
  const KNOWN = new Set(["scatter", "bar", "box", "histogram", "heatmap", "violin"]);
  const WORDS = {
    nl: { failed: "De grafiek kon niet worden geladen.", again: "Opnieuw proberen", none: "Nog geen gegevens om te tekenen." },
    "en-GB": { failed: "The chart could not be loaded.", again: "Try again", none: "No data to draw yet." },
  }[LANGUAGE];
  const number = new Intl.NumberFormat(LANGUAGE, { maximumFractionDigits: 4 });
  const drawn = new Map();

  const locales = () => {
    const Plotly = window.Plotly;
    if (!Plotly || Plotly.attuneReady) return Plotly;
    Plotly.setPlotConfig({
      showSendToCloud: false, plotlyServerURL: "", topojsonURL: "/none/", displaylogo: false,
      displayModeBar: false, responsive: true, scrollZoom: false, showTips: false, locale: LANGUAGE,
    });
    Plotly.register({ moduleType: "locale", name: "en-GB", dictionary: {}, format: { date: "%d %b %Y", decimal: ".", thousands: "," } });
    Plotly.register({
      moduleType: "locale", name: "nl",
      dictionary: { "trace": "reeks", "max:": "max.:", "min:": "min.:", "mean:": "gemiddelde:", "median:": "mediaan:", "q1:": "q1:", "q3:": "q3:", "lower fence:": "ondergrens:", "upper fence:": "bovengrens:" },
      format: {
        days: ["zondag", "maandag", "dinsdag", "woensdag", "donderdag", "vrijdag", "zaterdag"],
        shortDays: ["zo", "ma", "di", "wo", "do", "vr", "za"],
        months: ["januari", "februari", "maart", "april", "mei", "juni", "juli", "augustus", "september", "oktober", "november", "december"],
        shortMonths: ["jan", "feb", "mrt", "apr", "mei", "jun", "jul", "aug", "sep", "okt", "nov", "dec"],
        date: "%d-%m-%Y", decimal: ",", thousands: ".", currency: ["€ ", ""],
      },
    });
    Plotly.attuneReady = true;
    return Plotly;
  };

  // one pixel of a canvas turns any colour the browser can compute into rgba
  const pen = Object.assign(document.createElement("canvas"), { width: 1, height: 1 }).getContext("2d", { willReadFrequently: true });
  const resolver = (host) => {
    const probe = host.appendChild(document.createElement("i"));
    probe.style.transition = "none"; // else the first answer is the colour it comes from
    const cache = new Map();
    const colour = (text) => {
      if (!cache.has(text)) {
        probe.style.color = text;
        pen.clearRect(0, 0, 1, 1);
        pen.fillStyle = getComputedStyle(probe).color;
        pen.fillRect(0, 0, 1, 1);
        const [r, g, b, a] = pen.getImageData(0, 0, 1, 1).data;
        cache.set(text, `rgba(${r},${g},${b},${+(a / 255).toFixed(3)})`);
      }
      return cache.get(text);
    };
    const walk = (value) => {
      if (typeof value === "string") return value.startsWith("var(--") ? colour(value) : value;
      if (Array.isArray(value)) return value.map(walk);
      if (value && typeof value === "object") return Object.fromEntries(Object.entries(value).map(([k, v]) => [k, walk(v)]));
      return value;
    };
    return { walk, done: () => probe.remove() };
  };

  const isObject = (value) => value && typeof value === "object" && !Array.isArray(value);
  const merge = (base, over) => {
    const out = { ...base };
    for (const [key, value] of Object.entries(over || {})) {
      out[key] = isObject(value) && isObject(out[key]) ? merge(out[key], value) : value;
    }
    return out;
  };
  const axis = { gridcolor: "var(--chart-grid)", linecolor: "var(--chart-grid)", zerolinecolor: "var(--chart-grid)", tickcolor: "var(--chart-grid)", automargin: true, fixedrange: true, title: { standoff: 12, font: { size: 13, color: "var(--chart-soft)" } }, tickfont: { color: "var(--chart-soft)" } };
  const look = (host) => ({
    autosize: true, height: host.clientHeight, margin: { l: 48, r: 16, t: 12, b: 40 }, dragmode: false,
    paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)",
    font: { family: getComputedStyle(document.body).fontFamily, size: 13, color: "var(--chart-ink)" },
    colorway: ["var(--chart-1)", "var(--chart-2)", "var(--chart-3)", "var(--chart-4)", "var(--chart-5)", "var(--chart-6)"],
    xaxis: { ...axis, showgrid: false }, yaxis: axis, separators: LANGUAGE === "nl" ? ",." : ".,",
    legend: { orientation: "h", x: 0, y: 1.02, yanchor: "bottom", bgcolor: "rgba(0,0,0,0)" },
    hoverlabel: { bgcolor: "var(--chart-surface)", bordercolor: "var(--chart-soft)", font: { color: "var(--chart-ink)" }, align: "left" },
  });

  // without gaps a heat map becomes one picture with an inline style, which the page's policy refuses
  const prepared = (trace) => (trace.type === "heatmap" ? { xgap: 2, ygap: 2, ...trace } : trace);
  const filled = (trace) => [trace.x, trace.y, trace.z, trace.base].some((list) => Array.isArray(list) && list.flat().some((v) => v !== null && v !== ""))
    && [trace.x, trace.y].every((list) => !list || list.length > 0);
  // a long title of a vertical axis would be cut off: two lines
  const folded = (title) => {
    if (!title?.text || title.text.length < 32 || title.text.includes("<br>")) return title;
    const words = title.text.split(" ");
    const half = Math.ceil(words.length / 2);
    return { ...title, text: `${words.slice(0, half).join(" ")}<br>${words.slice(half).join(" ")}` };
  };

  const draw = async (host, payload) => {
    const Plotly = locales();
    const traces = (payload.data || []).filter((trace) => KNOWN.has(trace.type || "scatter")).map(prepared);
    if (!Plotly || !traces.some(filled)) return say(host, WORDS.none);
    const colours = resolver(host);
    const layout = colours.walk(merge(look(host), payload.layout));
    for (const key of Object.keys(layout)) if (/^[xy]axis\d+$/.test(key)) layout[key] = merge(colours.walk(axis), layout[key]);
    layout.yaxis.title = folded(layout.yaxis.title);
    const data = colours.walk(traces);
    colours.done();
    host.querySelector(".chart-wait")?.remove();
    await Plotly.react(host, data, layout);
    host.removeAllListeners("plotly_clickannotation");
    // an annotation leads to the page of what happened; the same links stand as text on the page
    host.on("plotly_clickannotation", ({ annotation }) => {
      if (/^\/[^/\\]/.test(annotation.name || "")) location.assign(annotation.name);
    });
  };

  const shown = (cell) => {
    if (cell === null || cell === undefined || cell === "") return "–";
    if (typeof cell === "number") return number.format(cell);
    const day = /^(\d{4})-(\d\d)-(\d\d)$/.exec(cell);
    if (!day) return String(cell);
    const date = new Date(Date.UTC(+day[1], +day[2] - 1, +day[3]));
    return LANGUAGE === "nl" ? `${day[3]}-${day[2]}-${day[1]}`
      : date.toLocaleDateString("en-GB", { day: "numeric", month: "short", year: "numeric", timeZone: "UTC" });
  };
  const tabulate = (place, table) => {
    if (!place || !table) return;
    const grid = document.createElement("table");
    grid.className = "table table-sm";
    const head = grid.createTHead().insertRow();
    for (const name of table.columns) {
      const cell = head.appendChild(document.createElement("th"));
      cell.scope = "col";
      cell.textContent = name;
    }
    const body = grid.createTBody();
    for (const row of table.rows) {
      const line = body.insertRow();
      row.forEach((value, i) => {
        const cell = i === 0 ? line.appendChild(document.createElement("th")) : line.insertCell();
        if (i === 0) cell.scope = "row";
        if (typeof value === "number") cell.className = "num";
        cell.textContent = shown(value);
      });
    }
    place.replaceChildren(grid);
  };

  const say = (host, text, retry) => {
    const line = document.createElement("p");
    line.className = "chart-wait";
    line.textContent = text + " ";
    if (retry) {
      const button = line.appendChild(document.createElement("button"));
      button.type = "button";
      button.className = "btn btn-sm";
      button.textContent = WORDS.again;
      button.addEventListener("click", retry);
    }
    host.replaceChildren(line);
  };

  const load = async (host) => {
    try {
      const answer = await fetch(host.dataset.chart, { headers: { Accept: "application/json" }, credentials: "same-origin" });
      if (!answer.ok) throw new Error(String(answer.status));
      const payload = await answer.json();
      drawn.set(host, payload);
      tabulate(host.closest("figure")?.querySelector("[data-chart-table]"), payload.table);
      await draw(host, payload);
    } catch {
      say(host, WORDS.failed, () => load(host));
    }
    host.dataset.ready = "1";
  };

  document.querySelectorAll("[data-chart]").forEach(load);
  document.documentElement.addEventListener("attune:theme", () => drawn.forEach((payload, host) => draw(host, payload)));
})();
