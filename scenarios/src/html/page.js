"use strict";
// Draws what the data says. Time runs downwards; every moment has a place of its own, and between
// two of them there is as much room as time passes, folded where that would be too much.
(() => {
  const page = JSON.parse(document.getElementById("data").textContent);
  const $ = (id) => document.getElementById(id);
  const KINDS = [
    ["control", "LL control", true], ["security", "SMP", true], ["data", "ATT and data", true],
    ["empty", "empty", false], ["advertising", "advertising", false], ["hci", "HCI", true], ["setup", "HCI before connecting", false],
    ["log", "log and people", true], ["finding", "findings", true], ["observation", "observations", true],
  ];
  const LANES = ["central-host", "central-link", "air", "peripheral-link", "peripheral-host"];
  const NAMES = ["central host", "central LL", "air", "peripheral LL", "peripheral host"];
  const ROW = 17, TOP = 34, FOLD = 54, GUTTER = 96;
  const view = {
    kinds: new Set(KINDS.filter((k) => k[2]).map((k) => k[0])),
    perMs: 1, fold: true, query: "", selected: null,
  };

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

  // ---- What is shown, and where ----

  const matches = (mark) => {
    if (!view.kinds.has(mark.kind)) return false;
    if (!view.query) return true;
    const words = [mark.text, mark.raw, ...mark.fields.map((f) => f.join(" "))].join(" ");
    return words.toLowerCase().includes(view.query);
  };

  // Gives each shown moment its height, and a function from time to height for everything else.
  const layout = (run) => {
    const shown = run.marks.filter(matches);
    const points = [], folds = [];
    let y = TOP + ROW, before = null;
    for (const mark of shown) {
      if (before !== null) {
        const passed = mark.at_ns - before.at_ns;
        let room = passed / 1e6 * view.perMs;
        if (view.fold && room > FOLD * 1.6) {
          folds.push({ y: y + FOLD / 2, from: before.at_ns, to: mark.at_ns });
          room = FOLD;
        }
        y += Math.max(ROW, room);
      }
      points.push([mark.at_ns, y]);
      before = mark;
    }
    const at = (ns) => {
      if (!points.length) return TOP;
      if (ns <= points[0][0]) return points[0][1];
      let low = 0, high = points.length - 1;
      if (ns >= points[high][0]) return points[high][1] + (ns > points[high][0] ? ROW : 0);
      while (high - low > 1) {
        const middle = (low + high) >> 1;
        if (points[middle][0] <= ns) low = middle; else high = middle;
      }
      const [t0, y0] = points[low], [t1, y1] = points[high];
      return t1 === t0 ? y0 : y0 + (y1 - y0) * (ns - t0) / (t1 - t0);
    };
    const exact = new Map(shown.map((mark, index) => [mark, points[index][1]]));
    return { shown, folds, at, exact, height: y + 2 * ROW };
  };

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

  const drawMark = (svg, run, index, mark, y, x, width) => {
    const classes = ["mark"];
    for (const flag of ["lost", "repeated", "decisive"]) if (mark[flag]) classes.push(flag);
    const group = make("g", { class: classes.join(" "), "data-id": mark.id, tabindex: 0 });
    const colour = `var(--${mark.kind})`;
    group.append(make("rect", { class: "hit", x: GUTTER, y: y - ROW + 4, width: width - GUTTER, height: ROW }));
    group.append(make("title", {}, mark.text));
    const from = x[LANES.indexOf(mark.from)], to = x[LANES.indexOf(mark.to)];
    if (from === to) {
      const right = mark.from === "peripheral-host" || mark.from === "peripheral-link";
      const text = ({ finding: "⚠ ", observation: "○ " }[mark.kind] || "") + mark.text;
      const anchor = mark.from === "air" ? "middle" : right ? "end" : "start";
      const place = mark.from === "air" ? from : right ? width - 8 : GUTTER + 6;
      const note = make("text", { class: "note", x: place, y: y, "text-anchor": anchor }, short(text, width * 0.6));
      note.style.fill = colour;
      group.append(note);
    } else {
      arrow(group, from, to, y, colour, mark.lost);
      const room = Math.abs(to - from) - 14;
      const text = (mark.repeated ? "↻ " : "") + mark.text + (mark.lost ? " — lost" : "");
      const label = make("text", { class: "label", x: (from + to) / 2, y: y - 3 }, short(text, room));
      label.style.fill = colour;
      group.append(label);
    }
    const time = mark.event === null ? seconds(mark.at_ns) : `${seconds(mark.at_ns)}  #${mark.event}`;
    group.append(make("text", { class: "time", x: GUTTER - 6, y }, mark.event === null ? time : seconds(mark.at_ns)));
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

  const drawBars = (svg, run, place, x) => {
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
        const text = bar.outcome === "unanswered" ? `${bar.name}, never answered` : bar.name;
        group.append(make("text", { x: left + 9, y: middle, "text-anchor": "middle",
          transform: `rotate(-90 ${left + 9} ${middle})` }, short(text, bottom - top)));
      }
      svg.append(group);
    });
    drawOverlaps(svg, sorted, place, x);
  };

  // Where the procedure that decided it was under way together with another.
  const drawOverlaps = (svg, bars, place, x) => {
    for (const bar of bars.filter((b) => b.decisive)) {
      for (const other of bars.filter((b) => b !== bar)) {
        const from = Math.max(bar.from_ns, other.from_ns), to = Math.min(bar.to_ns, other.to_ns);
        if (from >= to) continue;
        const top = place.at(from) - 6, bottom = place.at(to);
        svg.prepend(make("rect", { class: "overlap", x: x[1], y: top, width: x[3] - x[1], height: Math.max(6, bottom - top) }));
        svg.append(make("text", { class: "overlap-text", x: (x[1] + x[3]) / 2, y: (top + bottom) / 2 + 10 },
          `${bar.name} meets ${other.name}`));
      }
    }
  };

  const drawRun = (run, index) => {
    const holder = $("runs").children[index];
    const width = Math.max(600, holder.clientWidth - 2);
    const inner = width - GUTTER;
    const x = [0.1, 0.31, 0.5, 0.69, 0.9].map((part) => GUTTER + inner * part);
    const place = layout(run);
    const svg = make("svg", { viewBox: `0 0 ${width} ${place.height}`, height: place.height, role: "img",
      "aria-label": `Ladder of ${run.heading}` });
    svg.append(make("rect", { class: "air", x: x[1], y: TOP - 8, width: x[3] - x[1], height: place.height - TOP }));
    x.forEach((at, lane) => {
      svg.append(make("text", { class: "lane-name", x: at, y: 18 }, NAMES[lane]));
      if (lane !== 2) svg.append(make("line", { class: "lane", x1: at, x2: at, y1: TOP - 8, y2: place.height }));
    });
    for (const fold of place.folds) {
      const inside = run.marks.filter((m) => m.at_ns > fold.from && m.at_ns < fold.to);
      const empty = inside.filter((m) => m.kind === "empty").length;
      const what = empty ? `, ${empty} empty PDUs` : "";
      svg.append(make("line", { class: "fold", x1: GUTTER, x2: width, y1: fold.y, y2: fold.y }));
      svg.append(make("text", { class: "fold-text", x: x[2], y: fold.y - 4 }, `${span(fold.to - fold.from)}${what}`));
    }
    place.shown.forEach((mark) => drawMark(svg, run, index, mark, place.exact.get(mark), x, width));
    drawBars(svg, run, place, x);
    const old = holder.querySelector("svg");
    if (old) old.replaceWith(svg); else holder.append(svg);
  };

  const draw = () => {
    page.runs.forEach(drawRun);
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

  const octets = (raw) => raw.match(/.{1,32}/g).map((row, index) =>
    `${(index * 16).toString(16).padStart(4, "0")}  ${row.match(/../g).join(" ")}`).join("\n");

  const select = (run, id, keep) => {
    const chosen = find(run, id);
    if (!chosen) return;
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
    facts.append(table);
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
    const shown = page.runs[run].marks.filter(matches);
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
        card.append(html("p", paragraph.startsWith("In short") ? { class: "short" } : {}, paragraph));
      }
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
    let waiting = 0;
    addEventListener("resize", () => { clearTimeout(waiting); waiting = setTimeout(draw, 80); });
  };

  build();
  listen();
  draw();
})();
