"use strict";
(() => {
  const root = document.documentElement;
  const log = document.getElementById("axis-log");
  const isLog = () => Boolean(log && log.checked);

  // Browsers without :has() need the class; the others follow the radio buttons by themselves.
  const followSwitch = () => root.classList.toggle("axis-log", isLog());
  document.querySelectorAll('input[name="axis"]').forEach((input) =>
    input.addEventListener("change", () => { followSwitch(); clearShapes(); }));
  followSwitch();

  // Sortable tables: every heading that can sort becomes a button.
  document.querySelectorAll("table.sortable th[data-sort]").forEach((head) => {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = head.textContent;
    head.textContent = "";
    head.append(button);
    button.addEventListener("click", () => sortBy(head));
  });

  function sortBy(head) {
    const index = head.cellIndex;
    const body = head.closest("table").tBodies[0];
    const ascending = head.getAttribute("aria-sort") !== "ascending";
    const numeric = head.dataset.sort === "n";
    const key = (row) => {
      const cell = row.cells[index];
      return numeric ? Number(cell.dataset.v) : cell.textContent;
    };
    const order = (a, b) => {
      const x = key(a), y = key(b);
      return numeric ? (x < y ? -1 : x > y ? 1 : 0) : x.localeCompare(y);
    };
    const rows = Array.from(body.rows).sort(order);
    if (!ascending) rows.reverse();
    body.append(...rows);
    head.parentElement.querySelectorAll("th").forEach((other) => other.removeAttribute("aria-sort"));
    head.setAttribute("aria-sort", ascending ? "ascending" : "descending");
  }

  // A crosshair through all panels. Values are read from the drawn lines, so they are marked "≈".
  const plots = Array.from(document.querySelectorAll(
    ["order-parameter", "forecast", "signals", "early-warning"].map((id) => `#${id} .plot`).join()));
  const reader = document.getElementById("reader");
  const readout = document.getElementById("readout");
  if (!reader || plots.length === 0) return;
  reader.closest("label").hidden = false;
  let shapes = new Map();
  function clearShapes() { shapes = new Map(); }

  // The program writes M, l, h and v only, all but M relative.
  function points(data) {
    const list = [];
    let x = 0, y = 0;
    for (const [, letter, rest] of data.matchAll(/([Mlhv])([^Mlhvz]*)/g)) {
      const numbers = (rest.match(/-?\d+/g) || []).map(Number);
      if (letter === "M") { [x, y] = numbers; }
      if (letter === "l") { x += numbers[0]; y += numbers[1]; }
      if (letter === "h") { x += numbers[0]; }
      if (letter === "v") { y += numbers[0]; }
      list.push([x, y]);
    }
    return list;
  }

  function shape(plot) {
    if (!shapes.has(plot)) {
      const path = plot.querySelector((isLog() ? "svg.log" : "svg.lin") + " path.main");
      shapes.set(plot, path ? points(path.getAttribute("d")) : []);
    }
    return shapes.get(plot);
  }

  function valueAt(plot, fraction) {
    const list = shape(plot);
    const target = fraction * 7200;
    if (list.length === 0 || target < list[0][0] - 40) return null;
    let low = 0, high = list.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (list[middle][0] <= target) low = middle; else high = middle - 1;
    }
    if (list.length > 1 && target > list[list.length - 1][0] + 40) return null;
    const share = 1 - list[low][1] / (10 * parseFloat(plot.style.height));
    const bottom = Number(plot.dataset.low), top = Number(plot.dataset.high);
    if (plot.dataset.scale === "log") return bottom * Math.pow(top / bottom, share);
    return bottom + share * (top - bottom);
  }

  function short(value, plot) {
    const number = (plot && plot.dataset.percent ? 100 : 1) * value;
    const size = Math.abs(number);
    const text = size !== 0 && (size < 1e-3 || size >= 1e7)
      ? number.toExponential(1)
      : number.toLocaleString("en", { maximumSignificantDigits: size >= 1000 ? 6 : 3 });
    return plot && plot.dataset.percent ? `${Math.round(number)} %` : text.replace("-", "−");
  }

  function position(fraction) {
    const high = Number(reader.dataset.high);
    const low = Number(isLog() ? reader.dataset.logLow : reader.dataset.low);
    const at = isLog() ? low * Math.pow(high / low, fraction) : low + fraction * (high - low);
    return high - low > 50 ? Math.round(at) : at;
  }

  plots.forEach((plot) => {
    const line = document.createElement("i");
    line.className = "cross";
    line.hidden = true;
    plot.append(line);
  });
  const lines = document.querySelectorAll(".cross");

  function show(fraction, focus) {
    root.style.setProperty("--x", fraction);
    lines.forEach((line) => { line.hidden = false; });
    const shown = [plots.find((plot) => plot.closest("#order-parameter")),
      plots.find((plot) => plot.closest("#forecast")), focus];
    const words = [`${reader.dataset.axis} ${short(position(fraction))}`];
    new Set(shown.filter(Boolean)).forEach((plot) => {
      const value = valueAt(plot, fraction);
      if (value !== null) words.push(`${plot.dataset.label} ≈ ${short(value, plot)}`);
    });
    readout.textContent = words.join(" · ");
    readout.hidden = false;
  }
  function hide() {
    lines.forEach((line) => { line.hidden = true; });
    readout.hidden = true;
  }

  plots.forEach((plot) => {
    plot.addEventListener("pointermove", (event) => {
      const box = plot.getBoundingClientRect();
      show(Math.min(1, Math.max(0, (event.clientX - box.left) / box.width)), plot);
    });
    plot.addEventListener("pointerleave", hide);
  });
  reader.addEventListener("input", () => show(Number(reader.value) / 1000));
  reader.addEventListener("blur", hide);
})();
