// Draws what the data says. Time runs downwards; every moment has a place of its own, and between
// two of them there is as much room as time passes, folded where that would be too much.
(() => {
  const page = JSON.parse(document.getElementById("data").textContent);
  const $ = (id) => document.getElementById(id);
  const KINDS = [
    ["control", "LL control", true], ["security", "SMP", true], ["data", "ATT and data", true],
    ["empty", "empty", false], ["advertising", "advertising", false], ["hci", "HCI", true], ["setup", "HCI before connecting", false],
    ["log", "log and people", true], ["finding", "findings", true], ["observation", "observations", true],
    ["gap", "gaps in the capture", true],
  ];
  const LANES = ["central-host", "central-link", "air", "peripheral-link", "peripheral-host"];
  const NAMES = ["central host", "central LL", "air", "peripheral LL", "peripheral host"];
  // Below this width of a run its hosts' lanes have no room for words.
  const NARROW = 560;
  const view = {
    kinds: new Set(KINDS.filter((k) => k[2]).map((k) => k[0])),
    perMs: 1, fold: true, query: "", selected: null, opened: new Set(),
  };
  const { ROW, folded, layout } = LAYOUT(view);

  const make = (name, attributes, text) => {
    const element = document.createElementNS("http://www.w3.org/2000/svg", name);
    for (const [key, value] of Object.entries(attributes || {})) element.setAttribute(key, value);
    if (text !== undefined) element.textContent = text;
    return element;
  };
  const html = (name, attributes, text) => {
    const element = document.createElement(name);
    for (const [key, value] of Object.entries(attributes || {})) element.setAttribute(key, value);
    if (text !== undefined) element.textContent = text;
    return element;
  };
  const seconds = (ns) => {
    const us = Math.round(ns / 1000);
    const rest = String(us % 1000000).padStart(6, "0");
    return `${Math.floor(us / 1000000)}.${rest.slice(0, 3)} ${rest.slice(3)}`;
  };
  const span = (ns) => ns >= 1e9 ? `${(ns / 1e9).toFixed(2)} s` : ns >= 1e6
    ? `${(ns / 1e6).toFixed(1)} ms` : `${Math.round(ns / 1000)} µs`;

  // ---- Drawing ----

  const arrow = (group, from, to, y, colour, lost) => {
    const end = lost ? from + (to - from) * 0.62 : to;
    const way = Math.sign(to - from);
    let d = `M${from} ${y}H${end}`;
    d += lost ? `m-4 -4l8 8m0 -8l-8 8` : `m${-6 * way} -4L${end} ${y}l${-6 * way} 4`;
    group.append(make("path", { d, stroke: colour }));
  };

  const short = (text, room) => {
    const most = Math.max(4, Math.floor(room / 6.3));
    return text.length > most ? `${text.slice(0, most - 1)}…` : text;
  };

  const drawFolded = (svg, mark, y, place) => {
    const group = make("g", { class: "folded", "data-fold": mark.id, tabindex: 0, role: "button" });
    group.append(make("title", {}, `${mark.text}: click to unfold`));
    group.append(make("rect", { class: "hit", x: place.gutter, y: y - ROW + 4, width: place.width - place.gutter, height: ROW }));
    group.append(make("text", { class: "fold-text", x: place.x[2], y }, `▸ ${mark.text}`));
    const open = () => { view.opened.add(mark.id); draw(); };
    group.addEventListener("click", open);
    group.addEventListener("keydown", (e) => { if (e.key === "Enter") open(); });
    svg.append(group);
  };

  const drawMark = (svg, index, mark, y, place) => {
    const { x, width, gutter, narrow } = place;
    const classes = ["mark"];
    for (const flag of ["lost", "repeated", "decisive"]) if (mark[flag]) classes.push(flag);
    if (mark.kind === "gap") classes.push("gap");
    const group = make("g", { class: classes.join(" "), "data-id": mark.id, tabindex: 0 });
    const colour = `var(--${mark.kind})`;
    group.append(make("rect", { class: "hit", x: gutter, y: y - ROW + 4, width: width - gutter, height: ROW }));
    group.append(make("title", {}, mark.text));
    const from = x[LANES.indexOf(mark.from)], to = x[LANES.indexOf(mark.to)];
    if (from === to) {
      const right = mark.from === "peripheral-host" || mark.from === "peripheral-link";
      const text = ({ finding: "⚠ ", observation: "○ " }[mark.kind] || "") + mark.text;
      const anchor = mark.from === "air" ? "middle" : right ? "end" : "start";
      const at = mark.from === "air" ? from : right ? width - 8 : gutter + 6;
      const room = (width - gutter) * (narrow ? 0.96 : 0.75);
      const note = make("text", { class: "note", x: at, y: y, "text-anchor": anchor }, short(text, room));
      note.style.fill = colour;
      group.append(note);
    } else {
      arrow(group, from, to, y, colour, mark.lost);
      const sign = mark.repeated ? "↻ " : mark.kind === "gap" ? "⋯ " : "";
      const text = sign + mark.text + (mark.lost ? " — lost" : "");
      // Between a host and its link layer is no room on a small window: beside them, then.
      const beside = narrow && (mark.kind === "hci" || mark.kind === "setup");
      const central = mark.from.startsWith("central");
      const room = beside ? x[3] - x[1] - 12 : Math.abs(to - from) - 14;
      const at = beside ? (central ? x[1] + 6 : x[3] - 6) : (from + to) / 2;
      const label = make("text", { class: "label", x: at, y: y - 3 }, short(text, room));
      if (beside) label.style.textAnchor = central ? "start" : "end";
      label.style.fill = colour;
      group.append(label);
    }
    group.append(make("text", { class: "time", x: gutter - 6, y }, seconds(mark.at_ns)));
    const pick = () => select(index, mark.id, true);
    group.addEventListener("click", pick);
    group.addEventListener("keydown", (e) => { if (e.key === "Enter") pick(); });
    svg.append(group);
  };

  // Bars that overlap at the same lane stand side by side.
  const columns = (bars) => {
    const ends = new Map();
    return bars.map((bar) => {
      const busy = ends.get(bar.lane) || [];
      let column = busy.findIndex((end) => end <= bar.from_ns);
      if (column < 0) column = busy.length;
      busy[column] = bar.to_ns;
      ends.set(bar.lane, busy);
      return column;
    });
  };

  const drawBars = (svg, run, place) => {
    const { x } = place;
    const sorted = [...run.bars].sort((a, b) => a.from_ns - b.from_ns);
    const column = columns(sorted);
    sorted.forEach((bar, index) => {
      const side = bar.lane.startsWith("central") ? -1 : 1;
      const lane = x[LANES.indexOf(bar.lane)];
      const left = lane + side * (10 + column[index] * 13) - 5;
      const top = place.at(bar.from_ns) - 6, bottom = Math.max(place.at(bar.to_ns), top + 10);
      const group = make("g", { class: `procedure ${bar.outcome}${bar.decisive ? " decisive" : ""}` });
      group.append(make("title", {}, `${bar.name}: ${bar.outcome}, ${span(bar.to_ns - bar.from_ns)}`));
      group.append(make("rect", { x: left, y: top, width: 10, height: bottom - top, rx: 3 }));
      if (bottom - top > 60) {
        const middle = (top + Math.min(bottom, top + 300)) / 2;
        const end = { unanswered: ", never answered", unfinished: ", not over" }[bar.outcome] ?? "";
        const text = bar.name + end;
        group.append(make("text", { x: left + 9, y: middle, "text-anchor": "middle",
          transform: `rotate(-90 ${left + 9} ${middle})` }, short(text, bottom - top)));
      }
      svg.append(group);
    });
    for (const { from, to, text, y } of place.headings) {
      const bottom = Math.max(place.at(to), y + ROW);
      svg.prepend(make("rect", { class: "overlap", x: x[1], y: y - ROW + 4, width: x[3] - x[1], height: bottom - y + ROW - 4 }));
      svg.append(make("text", { class: "overlap-text", x: x[2], y, "data-from": from }, short(text, x[3] - x[1])));
    }
  };

  // The lanes' names, which stay in sight.
  const drawNames = ({ x, width, gutter, narrow }) => {
    const svg = make("svg", { class: "lanes", viewBox: `0 0 ${width} 24`, height: 24, "aria-hidden": true });
    const names = narrow
      ? [["central", gutter, "start"], ["air", x[2], "middle"], ["peripheral", width - 4, "end"]]
      : NAMES.map((name, lane) => [name, x[lane], "middle"]);
    for (const [name, at, anchor] of names) {
      svg.append(make("text", { class: "lane-name", x: at, y: 16, style: `text-anchor:${anchor}` }, name));
    }
    return svg;
  };

  const drawRun = (run, index, place) => {
    const holder = $("runs").children[index];
    const { x, width, gutter } = place;
    const svg = make("svg", { class: "ladder", viewBox: `0 0 ${width} ${place.height}`, height: place.height,
      preserveAspectRatio: "xMidYMin", role: "img", "aria-label": `Ladder of ${run.heading}` });
    svg.append(make("rect", { class: "air", x: x[1], y: 0, width: x[3] - x[1], height: place.height }));
    x.forEach((at, lane) => {
      if (lane !== 2) svg.append(make("line", { class: "lane", x1: at, x2: at, y1: 0, y2: place.height }));
    });
    for (const fold of place.folds) {
      const inside = run.marks.filter((m) => m.at_ns > fold.from && m.at_ns < fold.to);
      const empty = inside.filter((m) => m.kind === "empty").length;
      const what = empty ? `, ${empty} empty PDUs` : "";
      svg.append(make("line", { class: "fold", x1: gutter, x2: width, y1: fold.y, y2: fold.y }));
      svg.append(make("text", { class: "fold-text", x: x[2], y: fold.y - 4 }, `${span(fold.to - fold.from)}${what}`));
    }
    for (const mark of place.shown) {
      const y = place.exact.get(mark);
      if (mark.folds) drawFolded(svg, mark, y, place); else drawMark(svg, index, mark, y, place);
    }
    drawBars(svg, run, place);
    holder.querySelectorAll("svg").forEach((old) => old.remove());
    holder.append(drawNames(place), svg);
  };

  const draw = () => {
    const runs = page.runs.map((run, index) => ({ run, index }));
    // Runs side by side share their axis of time.
    const holders = [...$("runs").children];
    const beside = holders.every((holder) => holder.offsetTop === holders[0].offsetTop);
    const places = beside ? layout(runs) : runs.map((one) => layout([one])[0]);
    runs.forEach(({ run, index }) => {
      const width = Math.max(300, holders[index].clientWidth - 2);
      const narrow = width < NARROW;
      const gutter = narrow ? 70 : 96;
      const parts = narrow ? [0.06, 0.16, 0.5, 0.84, 0.94] : [0.1, 0.31, 0.5, 0.69, 0.9];
      const x = parts.map((part) => gutter + (width - gutter) * part);
      drawRun(run, index, { ...places[index], width, narrow, gutter, x });
    });
    const sticks = getComputedStyle($("bar")).position === "sticky";
    document.documentElement.style.setProperty("--nav", `${sticks ? $("bar").offsetHeight : 0}px`);
    $("scale").textContent = `${view.perMs < 1 ? view.perMs.toFixed(2) : view.perMs.toFixed(1)} px/ms`;
    mark();
  };

  // ---- Selecting ----

  const find = (run, id) => page.runs[run].marks.find((m) => m.id === id);

  const mark = () => {
    for (const element of document.querySelectorAll(".selected, .cause")) element.classList.remove("selected", "cause");
    if (!view.selected) return;
    const holder = $("runs").children[view.selected.run];
    const chosen = find(view.selected.run, view.selected.id);
    if (!chosen) return;
    for (const id of [chosen.id, ...chosen.causes]) {
      const element = holder.querySelector(`[data-id="${id}"]`);
      if (element) element.classList.add(id === chosen.id ? "selected" : "cause");
    }
  };

  // Rules that a text names, with what they demand.
  const about = (text) => page.rules.filter((rule) => new RegExp(`${rule.id}(?![0-9A-Za-z-])`).test(text))
    .map((rule) => {
      const told = html("details", { class: "rule" });
      told.append(html("summary", {}, `${rule.id}: ${rule.title}`), html("p", {}, rule.text),
        html("p", { class: "source" }, rule.source));
      return told;
    });

  const octets = (raw) => raw.match(/.{1,32}/g).map((row, index) =>
    `${(index * 16).toString(16).padStart(4, "0")}  ${row.match(/../g).join(" ")}`).join("\n");

  // What is folded away is unfolded to be shown.
  const unfold = (run, id) => {
    const fold = folded(page.runs[run], run).find((m) => m.folds && m.folds.some((f) => f.id === id));
    if (fold) { view.opened.add(fold.id); draw(); }
  };

  const select = (run, id, keep) => {
    const chosen = find(run, id);
    if (!chosen) return;
    unfold(run, id);
    view.selected = { run, id };
    mark();
    const facts = html("div");
    facts.append(html("h3", {}, chosen.text));
    const table = html("table");
    const row = (name, value) => {
      const line = html("tr");
      line.append(html("th", { scope: "row" }, name), html("td", {}, value));
      table.append(line);
    };
    row("time", `${seconds(chosen.at_ns)} s`);
    if (chosen.end_ns > chosen.at_ns) row("on air for", span(chosen.end_ns - chosen.at_ns));
    const names = [chosen.from, chosen.to].map((lane) => NAMES[LANES.indexOf(lane)]);
    row("where", names[0] === names[1] ? names[0] : names.join(" → "));
    if (page.runs.length > 1) row("run", page.runs[run].heading);
    for (const [name, value] of chosen.fields) row(name, value);
    facts.append(table, ...about([chosen.text, ...chosen.fields.map((f) => f[1])].join(" ")));
    if (chosen.raw) facts.append(html("div", {}, "octets as sent"), html("pre", {}, octets(chosen.raw)));
    const causes = chosen.causes.map((cause) => find(run, cause)).filter(Boolean);
    if (causes.length) {
      const list = html("div", { class: "causes" }, "because of ");
      for (const cause of causes) {
        const button = html("button", { type: "button" }, cause.text);
        button.addEventListener("click", () => select(run, cause.id));
        list.append(button);
      }
      facts.append(list);
    }
    $("facts").replaceChildren(facts);
    $("detail").hidden = false;
    if (!keep) scrollTo(run, id);
  };

  const scrollTo = (run, id) => {
    const element = $("runs").children[run].querySelector(`[data-id="${id}"]`);
    if (element) element.scrollIntoView({ block: "center", behavior: "smooth" });
  };

  const step = (way) => {
    const run = view.selected ? view.selected.run : 0;
    const shown = folded(page.runs[run], run).flatMap((m) => m.folds || [m]);
    const now = view.selected ? shown.findIndex((m) => m.id === view.selected.id) : -1;
    const next = shown[now + way];
    if (next) select(run, next.id);
  };

  const close = () => { $("detail").hidden = true; view.selected = null; mark(); };
  const zoom = (factor) => { view.perMs = Math.min(400, Math.max(0.02, view.perMs * factor)); draw(); };

  // ---- The page ----

  const build = () => {
    document.title = page.title;
    $("title").textContent = page.title;
    for (const run of page.runs) {
      const card = html("section", { class: `card ${run.good ? "good" : "bad"}` });
      card.append(html("h2", {}, run.heading), html("p", { class: "verdict" }, run.verdict));
      for (const paragraph of run.why) {
        const line = html("p", paragraph.startsWith("In short") ? { class: "short" } : {}, paragraph);
        const sure = paragraph.match(/^(What was seen|That it was the cause) is (shown|likely)/);
        if (sure) line.prepend(html("span", { class: `sure ${sure[2]}` }, `${sure[2] === "shown" ? "✓" : "~"} ${sure[2]}`));
        card.append(line);
      }
      if (run.facts.length) {
        const facts = html("ul", { class: "facts" });
        facts.append(...run.facts.map((fact) => html("li", {}, fact)));
        card.append(facts);
      }
      for (const [name, causes] of run.codes) {
        const told = html("details", { class: "code" });
        told.append(html("summary", {}, name), html("p", {}, causes));
        card.append(told);
      }
      card.append(...about([run.verdict, ...run.why].join(" ")));
      $("cards").append(card);
      const holder = html("section", { class: `run ${run.good ? "good" : "bad"}` });
      holder.append(html("h2", {}, run.heading));
      $("runs").append(holder);
    }
    for (const [kind, name] of KINDS) {
      const count = page.runs.reduce((sum, run) => sum + run.marks.filter((m) => m.kind === kind).length, 0);
      if (!count) continue;
      const button = html("button", { type: "button", "data-kind": kind, "aria-pressed": view.kinds.has(kind) });
      const dot = html("span", { class: "dot" });
      dot.style.background = `var(--${kind})`;
      button.append(dot, `${name} ${count}`);
      button.addEventListener("click", () => {
        if (!view.kinds.delete(kind)) view.kinds.add(kind);
        button.setAttribute("aria-pressed", view.kinds.has(kind));
        draw();
      });
      $("kinds").append(button);
    }
    const first = page.runs.flatMap((run, index) => run.bars.filter((b) => b.decisive).map((b) => [index, b.id]))[0]
      || page.runs.flatMap((run, index) => run.marks.filter((m) => m.decisive).map((m) => [index, m.id]))[0];
    if (first) {
      $("decisive").hidden = false;
      $("decisive").addEventListener("click", () => select(first[0], first[1]));
    }
  };

  const listen = () => {
    $("in").addEventListener("click", () => zoom(1.6));
    $("out").addEventListener("click", () => zoom(1 / 1.6));
    $("fold").addEventListener("change", (e) => { view.fold = e.target.checked; draw(); });
    $("search").addEventListener("input", (e) => { view.query = e.target.value.toLowerCase().trim(); draw(); });
    $("close").addEventListener("click", close);
    $("runs").addEventListener("wheel", (e) => {
      if (!e.ctrlKey) return;
      e.preventDefault();
      zoom(e.deltaY < 0 ? 1.25 : 0.8);
    }, { passive: false });
    document.addEventListener("keydown", (e) => {
      if (e.target.tagName === "INPUT") return;
      const keys = { "+": () => zoom(1.6), "-": () => zoom(1 / 1.6), Escape: close,
        ArrowDown: () => step(1), ArrowUp: () => step(-1) };
      if (keys[e.key] && !e.ctrlKey && !e.metaKey) { e.preventDefault(); keys[e.key](); }
    });
    // Drawn anew when the width is another one: of the window, or less a bar that scrolls.
    let wide = $("runs").clientWidth;
    new ResizeObserver(() => {
      if ($("runs").clientWidth === wide) return;
      wide = $("runs").clientWidth;
      draw();
    }).observe($("runs"));
  };

  $("legend").open = innerWidth > 720;
  build();
  listen();
  draw();
})();
