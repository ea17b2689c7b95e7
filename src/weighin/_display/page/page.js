/* What a reader can do with the page. Without it everything is there, and stays still. */
(async () => {
  "use strict";
  const $ = (id) => document.getElementById(id);
  const all = (selector, inside = document) => [...inside.querySelectorAll(selector)];
  const data = JSON.parse($("data").textContent);
  if (!("DecompressionStream" in window)) return;
  document.documentElement.classList.add("js");

  /* Vega, which draws, came packed; the page's policy names the fingerprint of what comes out. */
  async function unpacked(id) {
    const bytes = Uint8Array.from(atob($(id).textContent), (letter) => letter.charCodeAt(0));
    return new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"))).text();
  }

  const state = { choice: {}, order: "given", query: "" };
  const STACKED = "(max-width: 64rem)"; /* what is known of a feature stands below the chart */
  const OPTIONS = { mode: "vega-lite", renderer: "svg", actions: false, ast: true, defaultStyle: false };
  const collator = new Intl.Collator(undefined, { numeric: true, sensitivity: "base" });
  const plain = (text) => text.normalize("NFKD").toLowerCase();
  const matches = (text) => plain(text).includes(plain(state.query));
  const chosen = (choice) => Object.entries(choice).every(([key, value]) => (state.choice[key] ?? value) === value);

  /* Compare two values of one column; what has no number comes last, whichever way. */
  function compare(a, b, down) {
    if (a === null || b === null) return (a === null) - (b === null);
    const by = typeof a === "string" || typeof b === "string" ? collator.compare(a, b) : a - b;
    return down ? -by : by;
  }

  /* ---- what a bar or a point tells ---- */
  const tip = $("tip");
  function showTip(title, lines, x, rect) {
    const head = document.createElement("strong");
    const name = document.createElement("bdi");
    name.textContent = title;
    head.append(name);
    tip.replaceChildren(head, ...lines.map((text) => {
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

  /* ---- what is known of one feature: one at a time, beside the chart ---- */
  const details = $("details");
  const articles = details ? all(".feature", details) : [];
  let marks = []; /* what each chart does when a feature is chosen */
  function choose(name, lines = []) {
    if (!details || name === undefined) return;
    let article = articles.find((one) => one.dataset.name === name);
    if (!article) { /* of many features the lightest have no article of their own */
      article = document.createElement("article");
      article.className = "feature";
      article.dataset.name = name;
      const [head, facts] = [document.createElement("h3"), document.createElement("ul")];
      head.textContent = name;
      facts.className = "findings";
      facts.append(...lines.map((text) => Object.assign(document.createElement("li"), { textContent: text })));
      article.append(head, facts);
      articles.push(article);
      details.append(article);
    }
    articles.forEach((one) => one.classList.toggle("chosen", one === article));
    details.scrollTop = 0;
    marks.forEach((mark) => mark(name));
  }
  function chooseByAddress() {
    const named = articles.find((one) => `#${one.id}` === location.hash);
    if (named) choose(named.dataset.name);
    return named;
  }
  details?.addEventListener("click", (event) => {
    const link = event.target.closest("a[href^='#feature-']");
    if (!link) return;
    event.preventDefault();
    choose(articles.find((one) => one.id === link.hash.slice(1))?.dataset.name);
    details.focus({ preventScroll: true });
  });
  window.addEventListener("hashchange", chooseByAddress);

  /* ---- charts of rows ---- */
  const ruler = document.createElement("canvas").getContext("2d");
  function widest(texts) {
    ruler.font = `600 13px ${getComputedStyle(document.body).fontFamily}`;
    return texts.reduce((width, text) => Math.max(width, ruler.measureText(text).width), 0);
  }
  const SMALL = 11 / 13;
  const LENGTHS = ["value", "low", "high", "low1", "high1", "low2", "high2"];
  function ends(rows) {
    const every = rows.flatMap((row) => LENGTHS.map((key) => row[key])).filter((end) => typeof end === "number");
    const [low, high] = [Math.min(0, ...every), Math.max(0, ...every)];
    const room = 0.02 * (high - low);
    return [low < 0 ? low - room : 0, high > low ? high + room : 1];
  }

  function rowChart(figure) {
    const group = data.groups[Number(figure.dataset.group)];
    const part = (name) => figure.querySelector(`.${name}`);
    const drawn = part("drawn");
    let [view, spec, turn, everything] = [null, null, 0, false];
    group.charts.forEach((chart) => {
      chart.rows = chart.rows.map((values, i) => ({
        ...Object.fromEntries(values.map((value, k) => [group.columns[k], value])),
        full: chart.names[i], tips: data.tips[chart.tips][i] ?? [],
      }));
    });
    const now = () => group.charts.find((chart) => chosen(chart.choice)) ?? group.charts[0];

    function ordered() {
      const rows = now().rows.filter((row) => [row.full, ...row.tips].some(matches));
      if (!group.ranked || state.order === "given") return rows;
      if (state.order === "name") return rows.sort((a, b) => compare(a.full, b.full, false));
      return rows.sort((a, b) => compare(a.value ?? a.high, b.value ?? b.high, false));
    }

    /* The specification comes from the page; here it gets its rows and the room there is. */
    function specification(rows, narrow, room) {
      const fitted = structuredClone(group.specs[narrow ? "narrow" : "wide"]);
      const layer = (name) => fitted.layer.find((one) => one.name === name);
      const numbers = widest(rows.map((row) => row.label));
      const arrows = rows.some((row) => row.arrow) && !narrow ? 20 : 0;
      const names = Math.max(widest(rows.map((row) => row.name)) + arrows, SMALL * widest(rows.map((row) => row.aside)));
      const left = narrow ? 2 : Math.min(0.36 * room, names + 16);
      const right = narrow ? 6 : numbers + 18;
      fitted.width = Math.max(40, room - left - right);
      Object.assign(fitted.padding, { left, right });
      fitted.data.values = rows.map(({ full, tips, ...row }, i) => ({ ...row, i }));
      const x = layer("bars").encoding.x;
      x.scale.domain = ends(rows);
      x.axis.labelExpr = data.axes[now().percent ? "percent" : "amount"];
      layer("numbers").mark.x = fitted.width + right - 2;
      if (layer("asides")) layer("asides").mark.limit = narrow ? fitted.width : left - 14;
      Object.assign(layer("names").mark, narrow
        ? { x: 2 - left, limit: fitted.width - numbers }
        : { x: -10 - arrows, limit: left - arrows - 8 });
      return fitted;
    }

    async function show() {
      const mine = ++turn;
      const rows = ordered();
      const cut = everything ? rows : rows.slice(0, data.shown);
      const narrow = figure.clientWidth < 544;
      say(rows.length, cut.length);
      const ground = document.createElement("div");
      let made = null;
      if (cut.length) {
        ground.setAttribute("aria-hidden", "true");
        spec = specification(cut, narrow, figure.clientWidth);
        made = await draw(ground, spec, { ...OPTIONS, tooltip: false });
      } else {
        ground.textContent = `No feature’s name contains “${state.query}”.`;
      }
      if (mine !== turn) { made?.finalize(); return; } /* somebody asked for something else meanwhile */
      view?.finalize();
      view = made;
      hideTip();
      drawn.replaceChildren(ground);
      if (cut.length) drawn.append(list(cut, spec.height.step));
      part("axis").textContent = now().axis[0].toUpperCase() + now().axis.slice(1);
    }

    function say(matching, cut) {
      const total = now().rows.length;
      const count = state.query ? `${matching} of ${total} features match.` : `${total} features.`;
      part("status").textContent = cut < matching ? `${count} ${cut} shown.` : state.query ? count : "";
      part("more").hidden = cut >= matching;
      part("more").textContent = `Show all ${matching}`;
      part("less").hidden = !everything || matching <= data.shown;
    }

    /* One line of a list lies over each bar: what the pointer, a finger, the arrow keys and a screen reader meet. */
    function list(rows, step) {
      const box = document.createElement("ul");
      box.className = "rows";
      box.tabIndex = 0;
      box.setAttribute("role", "listbox");
      box.setAttribute("aria-label", "Bars; the arrow keys go from one to the next");
      box.style.height = `${28 + step * rows.length}px`;
      let at = -1;
      const beside = details && figure.closest(".stage");
      rows.forEach((row, i) => {
        const line = document.createElement("li");
        line.id = `bar-${figure.dataset.group}-${i}`;
        line.setAttribute("role", "option");
        line.setAttribute("aria-selected", "false");
        line.style.top = `${28 + step * i}px`;
        line.style.height = `${step}px`;
        const text = document.createElement("span");
        text.className = "hidden";
        text.textContent = [row.full, ...(row.tips.length ? row.tips : [row.label])].join(". ");
        line.append(text);
        line.addEventListener("pointermove", (event) => { if (at !== i || tip.hidden) go(i, event.clientX); });
        line.addEventListener("click", (event) => {
          go(i, event.clientX);
          tell(i);
          if (beside && matchMedia(STACKED).matches) { hideTip(); details.scrollIntoView(); }
        });
        box.append(line);
      });
      function tell(i) { if (beside) choose(rows[i].full, rows[i].tips); }
      function mark(name) {
        rows.forEach((row, i) => {
          const chosen = beside ? row.full === name : false;
          box.children[i].classList.toggle("chosen", chosen);
          if (beside) box.children[i].setAttribute("aria-selected", String(chosen));
        });
      }
      if (beside) marks = [mark];
      function go(i, x) {
        leave();
        at = i;
        const line = box.children[i];
        line.classList.add("at");
        if (!beside) line.setAttribute("aria-selected", "true");
        box.setAttribute("aria-activedescendant", line.id);
        if (x === undefined) line.scrollIntoView({ block: "nearest" });
        const rect = line.getBoundingClientRect();
        const lines = rows[i].tips.length ? rows[i].tips : [rows[i].label];
        /* in passing the numbers alone: all of it stands beside the chart */
        const told = beside && !matchMedia(STACKED).matches;
        if (told && x === undefined) hideTip();
        else showTip(rows[i].full, told ? lines.slice(0, 2) : lines, x ?? rect.left + 0.45 * rect.width, rect);
      }
      function leave() {
        if (at >= 0 && box.children[at]) {
          box.children[at].classList.remove("at");
          if (!beside) box.children[at].setAttribute("aria-selected", "false");
        }
        hideTip();
      }
      box.addEventListener("pointerleave", leave);
      box.addEventListener("blur", leave);
      box.addEventListener("focus", () => { if (box.matches(":focus-visible")) { go(Math.max(0, at)); tell(at); } });
      box.addEventListener("keydown", (event) => {
        const last = rows.length - 1;
        const to = { ArrowDown: Math.min(last, at + 1), ArrowUp: Math.max(0, at - 1), Home: 0, End: last }[event.key];
        if (event.key === "Escape") leave();
        if (to === undefined) return;
        event.preventDefault();
        go(to);
        tell(to);
      });
      mark(articles.find((one) => one.classList.contains("chosen"))?.dataset.name);
      return box;
    }

    /* The chart as it stands, with its title, in the colours of the screen. */
    async function save(kind) {
      const style = getComputedStyle(document.documentElement);
      const inks = JSON.stringify(spec).replace(/var\((--[\w-]+)\)/g, (_, name) => style.getPropertyValue(name).trim());
      const whole = JSON.parse(inks);
      whole.background = style.getPropertyValue("--ground").trim();
      whole.padding.top += 44;
      const over = { color: style.getPropertyValue("--ink").trim(), subtitleColor: style.getPropertyValue("--quiet").trim() };
      whole.title = { text: now().title, subtitle: part("axis").textContent, anchor: "start", frame: "bounds", offset: 22, ...over };
      const made = await draw(document.createElement("div"), whole, { ...OPTIONS, ast: true });
      const link = document.createElement("a");
      link.href = kind === "png"
        ? await made.view.toImageURL("png", 2)
        : `data:image/svg+xml;charset=utf-8,${encodeURIComponent(await made.view.toSVG())}`;
      link.download = `${document.title}.${kind}`;
      link.click();
      made.finalize();
    }
    all("[data-save]", figure.closest("section")).forEach((button) => {
      button.addEventListener("click", () => save(button.dataset.save));
    });
    part("more").addEventListener("click", () => { everything = true; show(); });
    part("less").addEventListener("click", () => { everything = false; show(); figure.scrollIntoView(); });
    let width = figure.clientWidth;
    new ResizeObserver(() => {
      if (Math.abs(figure.clientWidth - width) < 2) return;
      width = figure.clientWidth;
      show();
    }).observe(figure);
    return show;
  }
  const library = document.createElement("script");
  if (!chooseByAddress()) choose(articles[0]?.dataset.name);
  library.textContent = await unpacked("library");
  document.body.append(library);
  const draw = window.vegaEmbed;
  const charts = all("[data-group]").map(rowChart);

  /* ---- tables ---- */
  function number(text) { /* as it is written: "−1,234.5", "12%", "<0.001" */
    const bare = text.replaceAll("−", "-").replace(/^[<+]/, "").replace(/[,\s%\u2007\u2008]/g, "");
    if (/^-?∞/.test(bare)) return bare[0] === "-" ? -Infinity : Infinity;
    const value = parseFloat(bare);
    return Number.isNaN(value) ? null : value;
  }
  function value(row, column) {
    const text = row.cells[column].textContent.trim();
    if (text === "-" || text === "") return null;
    return row.cells[column].matches("th, .words") ? text : number(text) ?? text;
  }
  const folds = all("main .table").map((box) => {
    const body = box.querySelector("tbody");
    const given = [...body.rows];
    const more = box.querySelector(".more-rows");
    let [column, down, everything] = [-1, false, false];
    function fold() {
      const rows = column < 0 ? given : [...given].sort((a, b) => compare(value(a, column), value(b, column), down));
      let place = 0;
      rows.forEach((row) => {
        row.hidden = box.classList.contains("main") && !matches(row.cells[0].textContent);
        row.classList.toggle("folded", !row.hidden && !everything && place >= data.shown); /* paper has room for all */
        place += !row.hidden;
      });
      body.append(...rows);
      more.hidden = everything || place <= data.shown;
    }
    all("thead th:not([aria-hidden])", box).forEach((head, i) => {
      const button = document.createElement("button");
      button.type = "button";
      button.append(...head.childNodes);
      head.append(button);
      button.addEventListener("click", () => {
        down = column === i ? !down : i > 0;
        column = i;
        all("[aria-sort]", box).forEach((other) => other.removeAttribute("aria-sort"));
        head.setAttribute("aria-sort", down ? "descending" : "ascending");
        fold();
      });
    });
    more.addEventListener("click", () => { everything = true; fold(); });
    return fold;
  });

  /* ---- controls ---- */
  function update() {
    all("[data-choice]").forEach((box) => { box.hidden = !chosen(JSON.parse(box.dataset.choice)); });
    folds.forEach((fold) => fold());
    charts.forEach((show) => show());
  }
  all("select[data-key]").forEach((select) => {
    state.choice[select.dataset.key] = select.value = select.options[0].value;
    select.addEventListener("change", () => { state.choice[select.dataset.key] = select.value; update(); });
  });
  $("order")?.addEventListener("change", (event) => { state.order = event.target.value; update(); });
  $("find")?.addEventListener("input", (event) => { state.query = event.target.value.trim(); update(); });

  /* ---- curves: drawn when they come into view ---- */
  function tooltip(handler, event, item, value) {
    if (!value?.tip) { hideTip(); return; }
    const rect = { top: event.clientY - 12, bottom: event.clientY + 12 };
    showTip(value.tip[0], value.tip.slice(1), event.clientX, rect);
  }
  const seen = new IntersectionObserver((entries) => {
    for (const { target, isIntersecting } of entries) {
      if (!isIntersecting) continue;
      seen.unobserve(target);
      const ground = document.createElement("div");
      ground.setAttribute("role", "img");
      ground.setAttribute("aria-label", target.firstElementChild.getAttribute("aria-label"));
      draw(ground, data.specs[Number(target.dataset.spec)], { ...OPTIONS, tooltip }).then(() => {
        ground.querySelector("svg").setAttribute("aria-hidden", "true");
        target.replaceChildren(ground);
      });
    }
  }, { rootMargin: "200px" });
  all("[data-spec]").forEach((box) => seen.observe(box));

  update();
})();
