"use strict";
// What is shown, what of it is folded, and at which height everything stands. Knows nothing of the
// document: runs and the view go in, heights come out.
const LAYOUT = (view) => {
  const ROW = 17, TOP = 12, FOLD = 54;
  // Fields in which nobody looks for words: every packet has them, or they explain at length.
  const COMMON = new Set(["channel", "PHY", "arrival", "connEventCount", "strength", "encrypted", "header", "means"]);

  const matches = (mark) => {
    if (!view.kinds.has(mark.kind)) return false;
    if (!view.query) return true;
    const told = mark.fields.filter((f) => !COMMON.has(f[0])).map((f) => f.join(" "));
    if ([mark.text, ...told].join(" ").toLowerCase().includes(view.query)) return true;
    // Octets, as `0x1602` or `16 02`.
    const octets = view.query.replace(/^0x|\s/g, "");
    return /^([0-9a-f]{2}){2,}$/.test(octets) && mark.raw.includes(octets);
  };

  const isRound = (mark) => mark.kind === "security" && /^SMP Pairing (Confirm|Random)/.test(mark.text);

  // What repeats itself is folded to one line that opens: HCI between packets, and the rounds of a
  // passkey but for the first and the last.
  const folded = (run, index) => {
    const shown = run.marks.filter(matches);
    if (!view.fold || view.query) return shown;
    const out = [];
    const close = (part, text) => {
      if (!part.length) return;
      const id = `${index} ${part[0].id}`;
      const stays = part.length < 3 || part.some((m) => m.decisive || m.lost) || view.opened.has(id);
      if (stays) out.push(...part);
      else out.push({ at_ns: part[0].at_ns, id, folds: part, text });
    };
    const rounds = shown.filter(isRound);
    const inner = rounds.length > 12 ? rounds.slice(4, -4) : [];
    const [first, last] = [inner[0], inner[inner.length - 1]];
    const within = (m) => inner.length && m.at_ns >= first.at_ns && m.at_ns <= last.at_ns
      && (m.kind === "hci" || isRound(m));
    let hci = [], passkey = [];
    const flush = () => {
      close(hci, `${hci.length} × HCI`);
      const count = passkey.filter(isRound).length;
      close(passkey, `${Math.round(count / 4)} more rounds of the passkey, ${count} PDUs`);
      [hci, passkey] = [[], []];
    };
    for (const mark of shown) {
      const into = within(mark) ? passkey : mark.kind === "hci" ? hci : null;
      if (!into || (into === passkey ? hci : passkey).length) flush();
      // A flush has made new lists.
      if (!into) out.push(mark); else if (within(mark)) passkey.push(mark); else hci.push(mark);
    }
    flush();
    return out;
  };

  // Where the procedure that decided it was under way together with another.
  const overlaps = (run) => {
    const found = [];
    for (const bar of run.bars.filter((b) => b.decisive)) {
      for (const other of run.bars.filter((b) => b !== bar)) {
        const from = Math.max(bar.from_ns, other.from_ns), to = Math.min(bar.to_ns, other.to_ns);
        if (from < to) found.push({ from, to, text: `${bar.name} meets ${other.name}` });
      }
    }
    return found.sort((a, b) => a.from - b.from);
  };

  // Gives each shown moment of each run its height, the same at the same time in all of them, and
  // a function from time to height for everything else.
  const layout = (runs) => {
    const lists = runs.map(({ run, index }) => folded(run, index));
    const notices = runs.map(({ run }) => overlaps(run));
    const times = [...new Set(lists.flat().map((m) => m.at_ns))].sort((a, b) => a - b);
    const next = lists.map(() => 0), low = lists.map(() => TOP);
    const exact = new Map(), headings = notices.map(() => []), points = [], folds = [];
    let y = TOP, before = null;
    for (const time of times) {
      let room = before === null ? 0 : (time - before) / 1e6 * view.perMs, fold = null;
      if (view.fold && room > FOLD * 1.6) {
        fold = { from: before, to: time };
        room = FOLD;
      }
      const here = lists.map((list, r) => {
        const begin = next[r];
        while (next[r] < list.length && list[next[r]].at_ns === time) next[r]++;
        return list.slice(begin, next[r]);
      });
      // What begins here has a line of its own above.
      const heads = notices.map((list, r) => here[r].length ? list.filter((o) => !o.placed && o.from <= time) : []);
      const least = here.map((marks, r) => marks.length ? low[r] + ROW * (1 + heads[r].length) : 0);
      // A fold lies below all that came before it.
      const start = Math.max(y + room, fold ? Math.max(...low) + FOLD : 0, ...least);
      if (fold) folds.push({ ...fold, y: start - FOLD / 2 });
      here.forEach((marks, r) => {
        heads[r].forEach((o, n) => {
          o.placed = true;
          headings[r].push({ ...o, y: start - ROW * (heads[r].length - n) });
        });
        marks.forEach((mark, n) => exact.set(mark, start + n * ROW));
        if (marks.length) low[r] = start + (marks.length - 1) * ROW;
      });
      points.push([time, start]);
      [y, before] = [start, time];
    }
    const at = (ns) => {
      if (!points.length) return TOP;
      if (ns <= points[0][0]) return points[0][1];
      let from = 0, to = points.length - 1;
      if (ns >= points[to][0]) return points[to][1] + (ns > points[to][0] ? ROW : 0);
      while (to - from > 1) {
        const middle = (from + to) >> 1;
        if (points[middle][0] <= ns) from = middle; else to = middle;
      }
      const [t0, y0] = points[from], [t1, y1] = points[to];
      return t1 === t0 ? y0 : y0 + (y1 - y0) * (ns - t0) / (t1 - t0);
    };
    const height = Math.max(y, ...low) + 2 * ROW;
    return lists.map((shown, r) => ({ shown, folds, at, exact, height, headings: headings[r] }));
  };

  return { ROW, matches, folded, layout };
};
