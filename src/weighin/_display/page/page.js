/* What a reader can do with the page. Without it everything is there, and stays still. */
(() => {
  "use strict";
  const $ = (id) => document.getElementById(id);
  const data = JSON.parse($("data").textContent);
  for (const some of data.weights) { /* rows travel as lists */
    some.rows = some.rows.map((values) => Object.fromEntries(values.map((value, i) => [some.columns[i], value])));
  }
  const draw = window.vegaEmbed;
  document.documentElement.classList.add("js");

  const state = { metric: 0, relative: false, order: "weight", query: "", all: false, allRows: false, key: "rank", down: false };
  const OPTIONS = { mode: "vega-lite", renderer: "svg", actions: false, ast: true, defaultStyle: false };
  const collator = new Intl.Collator(undefined, { numeric: true, sensitivity: "base" });
  const plain = (text) => text.normalize("NFKD").toLowerCase();
  const now = () => data.weights[state.metric];
  const part = () => (state.relative ? "part" : "value");
  const matches = (row) => [row.name, row.raw, ...row.members].some((name) => plain(name).includes(plain(state.query)));

  /* Compare two values of one column; what has no number comes last, whichever way. */
  function compare(a, b, down) {
    if (a === null || b === null) return (a === null) - (b === null);
    const by = typeof a === "string" ? collator.compare(a, b) : a - b;
    return down ? -by : by;
  }

  function chosen() {
    const rows = now().rows.filter(matches);
    if (state.order === "name") return rows.sort((a, b) => compare(a.name, b.name, false));
    if (state.order === "weight") return rows.sort((a, b) => a.rank - b.rank);
    return rows.sort((a, b) => compare(a.value, b.value, false));
  }

  /* ---- the chart ---- */
  const figure = $("bars");
  const tip = $("tip");
  const ruler = document.createElement("canvas").getContext("2d");
  let view = null;
  let turn = 0;

  function widest(texts) {
    ruler.font = `600 13px ${getComputedStyle(document.body).fontFamily}`;
    return texts.reduce((width, text) => Math.max(width, ruler.measureText(text).width), 0);
  }

  function record(row, i) {
    const [value, low, high, label] = state.relative
      ? [row.part, row.part_low, row.part_high, row.part_label]
      : [row.value, row.low, row.high, row.label];
    return { i, name: row.short, arrow: row.arrow, label, value, low, high, sure: row.sure };
  }

  function ends(rows) {
    const every = rows.flatMap((row) => [row.value, row.low, row.high]).filter((end) => end !== null);
    const [low, high] = [Math.min(0, ...every), Math.max(0, ...every)];
    const room = 0.02 * (high - low);
    return [low < 0 ? low - room : 0, high > low ? high + room : 1];
  }

  /* The chart's specification comes from the page; here it gets its rows and the room there is. */
  function specification(rows, narrow, room) {
    const spec = structuredClone(narrow ? data.specs.narrow : data.specs.wide);
    const layer = (name) => spec.layer.find((one) => one.name === name);
    const numbers = widest(rows.map((row) => row.label));
    const arrows = rows.some((row) => row.arrow) && !narrow ? 20 : 0;
    const names = widest(rows.map((row) => row.name));
    const left = narrow ? 2 : Math.min(0.36 * room, names + arrows + 16);
    const right = narrow ? 6 : numbers + 18;
    spec.width = Math.max(40, room - left - right);
    Object.assign(spec.padding, { left, right });
    spec.data.values = rows;
    const x = layer("bars").encoding.x;
    x.scale.domain = ends(rows);
    x.axis.labelExpr = data.labels[state.relative ? "relative" : "absolute"];
    Object.assign(layer("numbers").mark, { x: spec.width + right - 2 });
    Object.assign(layer("names").mark, narrow
      ? { x: 2 - left, limit: spec.width - numbers }
      : { x: -10 - arrows, limit: left - arrows - 8 });
    return spec;
  }

  async function show() {
    const mine = ++turn;
    const rows = chosen();
    const total = now().rows.length;
    const cut = state.all ? rows : rows.slice(0, data.shown);
    say(rows.length, cut.length, total);
    fold();
    if (!data.specs.wide) return;
    const room = figure.clientWidth;
    const narrow = room < 544;
    const records = cut.map(record);
    const ground = document.createElement("div");
    let made = null;
    if (cut.length) {
      ground.setAttribute("aria-hidden", "true");
      made = await draw(ground, specification(records, narrow, room), { ...OPTIONS, tooltip: false });
    } else {
      ground.textContent = `No feature’s name contains “${state.query}”.`;
    }
    if (mine !== turn) { made?.finalize(); return; } /* somebody asked for something else meanwhile */
    view?.finalize();
    view = made;
    hideTip();
    $("drawn").replaceChildren(ground);
    if (cut.length) $("drawn").append(list(cut, narrow ? 50 : 34));
    $("axis").textContent = state.relative ? now().axis_relative : now().axis;
    const whisker = $("whisker");
    if (whisker) whisker.hidden = !records.some((row) => row.low !== null);
  }

  function say(matching, cut, total) {
    const found = state.query ? `${matching} of ${total} features match.` : `${total} feature${total === 1 ? "" : "s"}.`;
    $("status").textContent = cut < matching ? `${found} ${cut} shown.` : state.query ? found : "";
    $("more").hidden = cut >= matching;
    $("more").textContent = `Show all ${matching}`;
    $("less").hidden = !state.all || matching <= data.shown;
  }

  /* One line of a list lies over each bar: what the pointer, a finger, the arrow keys and a screen reader meet. */
  function list(rows, step) {
    const box = document.createElement("ul");
    box.className = "rows";
    box.tabIndex = 0;
    box.setAttribute("role", "listbox");
    box.setAttribute("aria-label", "Bars; the arrow keys go from one to the next");
    box.style.height = `${28 + step * rows.length}px`;
    rows.forEach((row, i) => {
      const line = document.createElement("li");
      line.id = `bar-${i}`;
      line.setAttribute("role", "option");
      line.setAttribute("aria-selected", "false");
      line.style.top = `${28 + step * i}px`;
      line.style.height = `${step}px`;
      const text = document.createElement("span");
      text.className = "hidden";
      text.textContent = [row.name, ...lines(row)].join(". ");
      line.append(text);
      line.addEventListener("pointermove", (event) => { if (at !== i || tip.hidden) go(i, event.clientX); });
      line.addEventListener("click", (event) => go(i, event.clientX));
      box.append(line);
    });
    let at = -1;
    function go(i, x) {
      leave();
      at = i;
      const line = box.children[i];
      line.classList.add("at");
      line.setAttribute("aria-selected", "true");
      box.setAttribute("aria-activedescendant", line.id);
      if (x === undefined) line.scrollIntoView({ block: "nearest" });
      const rect = line.getBoundingClientRect();
      showTip(rows[i].name, lines(rows[i]), x ?? rect.left + 0.45 * rect.width, rect);
    }
    function leave() {
      if (at >= 0 && box.children[at]) {
        box.children[at].classList.remove("at");
        box.children[at].setAttribute("aria-selected", "false");
      }
      hideTip();
    }
    box.addEventListener("pointerleave", leave);
    box.addEventListener("blur", leave);
    box.addEventListener("focus", () => { if (box.matches(":focus-visible")) go(Math.max(0, at)); });
    box.addEventListener("keydown", (event) => {
      const last = rows.length - 1;
      const to = { ArrowDown: Math.min(last, at + 1), ArrowUp: Math.max(0, at - 1), Home: 0, End: last }[event.key];
      if (event.key === "Escape") leave();
      if (to === undefined) return;
      event.preventDefault();
      go(to);
    });
    return box;
  }

  function lines(row) {
    const interval = row.low === null ? "" : ` (95% interval ${row.interval})`;
    return [
      `${now().effect} ${row.exact}${interval}`,
      row.part === null ? "" : `${row.part_label} of the baseline${row.part_low === null ? "" : ` (${row.part_interval})`}`,
      row.verdict,
      row.direction && `prediction ${row.direction} ${row.arrow}`,
      row.members.length ? `moves together: ${row.members.join(", ")}` : "",
      row.p_holm === null ? "" : `p ${row.p_label.startsWith("<") ? "" : "= "}${row.p_label}, Holm`,
    ].filter(Boolean);
  }

  function showTip(title, told, x, rect) {
    const head = document.createElement("strong");
    const name = document.createElement("bdi");
    name.textContent = title;
    head.append(name);
    tip.replaceChildren(head, ...told.map((text) => {
      const line = document.createElement("span");
      line.textContent = text;
      return line;
    }));
    tip.hidden = false;
    const [wide, high] = [tip.offsetWidth, tip.offsetHeight];
    const left = Math.min(Math.max(8, x - wide / 2), document.documentElement.clientWidth - wide - 8);
    const below = rect.bottom + 6 + high < window.innerHeight;
    tip.style.left = `${left + window.scrollX}px`;
    tip.style.top = `${window.scrollY + (below ? rect.bottom + 6 : rect.top - high - 6)}px`;
  }

  function hideTip() { tip.hidden = true; }

  /* ---- the tables ---- */
  const tables = [...document.querySelectorAll("[data-table]")];
  const bodies = tables.map((box) => box.querySelector("tbody"));
  const lineOf = bodies.map((body) => new Map([...body.rows].map((line) => [Number(line.dataset.row), line])));

  function ordered() {
    const rows = now().rows;
    return rows.map((row, i) => i)
      .filter((i) => matches(rows[i]))
      .sort((a, b) => compare(rows[a][state.key], rows[b][state.key], state.down));
  }

  function fold() {
    tables.forEach((box, i) => { box.hidden = i !== state.metric; });
    document.querySelectorAll("[data-segments]").forEach((box) => {
      box.hidden = Number(box.dataset.segments) !== state.metric;
    });
    const order = ordered();
    const lines = lineOf[state.metric];
    lines.forEach((line) => { line.hidden = true; });
    order.forEach((i, place) => {
      const line = lines.get(i);
      line.hidden = false;
      line.classList.toggle("folded", !state.allRows && place >= data.shown); /* paper has room for all */
      bodies[state.metric].append(line);
    });
    $("more-rows").hidden = state.allRows || order.length <= data.shown;
    $("more-rows").textContent = `Show all ${order.length} rows`;
  }

  tables.forEach((box) => {
    const heads = [...box.querySelectorAll("th[data-key]")];
    heads.forEach((head) => {
      const button = document.createElement("button");
      button.type = "button";
      button.append(...head.childNodes);
      head.append(button);
      button.addEventListener("click", () => {
        const key = head.dataset.key;
        const heavyFirst = !["rank", "name", "direction", "p_holm"].includes(key);
        state.down = state.key === key ? !state.down : heavyFirst;
        state.key = key;
        document.querySelectorAll("th[data-key]").forEach((other) => {
          if (other.dataset.key !== key) other.removeAttribute("aria-sort");
          else other.setAttribute("aria-sort", state.down ? "descending" : "ascending");
        });
        fold();
      });
    });
  });

  /* A spreadsheet takes text that begins like a formula for one: an apostrophe before it says that it is text. */
  function cell(value) {
    if (value === null || value === undefined) return "";
    if (typeof value === "number") return String(value);
    const text = /^\s*[=+\-@|＝＋－＠]|^[\t\r\n]/.test(value) ? `'${value}` : value;
    return /[",;\s]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  }

  function csv() {
    const heads = ["feature", "metric", "importance", "ci_lower", "ci_upper", "relative", "pvalue", "pvalue_holm", "rank"];
    if (data.simulated) heads.push("note");
    const rows = ordered().map((i) => now().rows[i]).map((row) => {
      const cells = [row.raw, now().metric, row.value, row.low, row.high, row.part, row.p, row.p_holm, row.rank];
      if (data.simulated) cells.push("SIMULATED DATA");
      return cells.map(cell).join(",");
    });
    return [heads.join(","), ...rows].join("\r\n") + "\r\n";
  }

  $("copy").addEventListener("click", async () => {
    const text = csv();
    try {
      await navigator.clipboard.writeText(text);
      $("copy").textContent = "Copied";
      setTimeout(() => { $("copy").textContent = "Copy as CSV"; }, 2000);
    } catch {
      const area = $("csv").querySelector("textarea");
      area.value = text;
      $("csv").showModal();
      area.select();
    }
  });

  /* ---- controls ---- */
  const change = (id, kind, then) => $(id)?.addEventListener(kind, (event) => { then(event.target.value); show(); });
  change("metric", "change", (value) => { state.metric = Number(value); relativeWhereDefined(); });
  change("scale", "change", (value) => { state.relative = value === "relative"; });
  change("order", "change", (value) => { state.order = value; });
  change("find", "input", (value) => { state.query = value.trim(); });
  $("more").addEventListener("click", () => { state.all = true; show(); });
  $("less").addEventListener("click", () => { state.all = false; show(); $("chart").scrollIntoView(); });
  $("more-rows").addEventListener("click", () => { state.allRows = true; fold(); });

  function relativeWhereDefined() {
    const [absolute, relative] = document.querySelectorAll("#scale input");
    relative.disabled = now().rows.every((row) => row.part === null);
    if (relative.disabled && state.relative) { absolute.checked = true; state.relative = false; }
  }

  let width = figure.clientWidth;
  new ResizeObserver(() => {
    if (Math.abs(figure.clientWidth - width) < 2) return;
    width = figure.clientWidth;
    show();
  }).observe(figure);

  /* ---- effects: drawn when they come into view ---- */
  function tooltip(handler, event, item, value) {
    if (!value?.tip) { hideTip(); return; }
    const rect = { top: event.clientY - 12, bottom: event.clientY + 12 };
    showTip(value.tip[0], value.tip.slice(1), event.clientX, rect);
  }
  /* Curves travel as lists of numbers. */
  function unpacked(spec) {
    for (const layer of spec.layer) {
      if (layer.data?.name !== "curves") continue;
      const { x: places, y: curves } = layer.data.values;
      layer.data.values = curves.flatMap((curve, c) => curve.map((y, i) => ({ c, x: places[i], y })))
        .filter((point) => point.y !== null);
    }
    return spec;
  }
  const seen = new IntersectionObserver((entries) => {
    for (const { target, isIntersecting } of entries) {
      if (!isIntersecting) continue;
      seen.unobserve(target);
      const ground = document.createElement("div");
      const old = target.firstElementChild;
      ground.setAttribute("role", "img");
      ground.setAttribute("aria-label", old.getAttribute("aria-label"));
      draw(ground, unpacked(data.effects[Number(target.dataset.effect)]), { ...OPTIONS, tooltip }).then(() => {
        ground.querySelector("svg").setAttribute("aria-hidden", "true");
        target.replaceChildren(ground);
      });
    }
  }, { rootMargin: "200px" });
  document.querySelectorAll("[data-effect]").forEach((box) => seen.observe(box));

  relativeWhereDefined();
  show();
})();
