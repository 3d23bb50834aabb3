// A crosshair through all panels. Every lane in sight tells its value at it; values are read from the
// drawn lines, so they are marked "≈".
(() => {
  const {root, reader, plots} = Page;
  const readout = document.getElementById('readout');
  if (!reader || !readout || plots.length === 0) return;
  reader.closest('label').hidden = false;
  let shapes = new Map();

  // The program writes M, l, h and v only, all but M relative.
  function points(data) {
    const list = [];
    let x = 0, y = 0;
    for (const [, letter, rest] of data.matchAll(/([Mlhv])([^Mlhvz]*)/g)) {
      const numbers = (rest.match(/-?\d+/g) || []).map(Number);
      if (letter === 'M') {
        [x, y] = numbers;
      }
      if (letter === 'l') {
        x += numbers[0];
        y += numbers[1];
      }
      if (letter === 'h') {
        x += numbers[0];
      }
      if (letter === 'v') {
        y += numbers[0];
      }
      list.push([x, y]);
    }
    return list;
  }

  function shape(plot) {
    if (!shapes.has(plot)) {
      const svg = plot.querySelector(Page.isLog() ? 'svg.log' : 'svg.lin');
      const path = svg && svg.querySelector('path.main');
      shapes.set(
          plot,
          path ? {
            list: points(path.getAttribute('d')),
            height: Number(svg.getAttribute('viewBox').split(' ')[3])
          } :
                 {list: [], height: 1});
    }
    return shapes.get(plot);
  }

  function valueAt(plot, share) {
    const {list, height} = shape(plot);
    const target = share * 7200;
    if (list.length === 0 || target < list[0][0] - 40) return null;
    let low = 0, high = list.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (list[middle][0] <= target)
        low = middle;
      else
        high = middle - 1;
    }
    if (list.length > 1 && target > list[list.length - 1][0] + 40) return null;
    const up = 1 - list[low][1] / height;
    const bottom = Number(plot.dataset.low), top = Number(plot.dataset.high);
    if (plot.dataset.scale === 'log') return bottom * Math.pow(top / bottom, up);
    return bottom + up * (top - bottom);
  }

  /** What is drawn at the upper edge may lie beyond it. */
  const told = (value, plot) => {
    const low = Number(plot.dataset.low), high = Number(plot.dataset.high);
    const sign = value > high - 1e-3 * (high - low) ? '≥' : '≈';
    return `${sign} ${Page.valueText(value, plot)}`;
  };

  function positionText(share) {
    const at = Page.position(share);
    const {from, to} = Page.view;
    const width = Page.position(to) - Page.position(from);
    return Page.place(width > 50 ? Math.round(at) : at, width);
  }

  const lanes = plots.map((plot) => {
    const line = document.createElement('i');
    line.className = 'cross';
    line.hidden = true;
    plot.querySelector('.view > div').append(line);
    const last = plot.parentElement.querySelector('.last b');
    return {plot, line, last, text: last ? last.textContent : '', seen: true};
  });
  if ('IntersectionObserver' in window) {
    const of = new Map(lanes.map((lane) => [lane.plot, lane]));
    const observer = new IntersectionObserver((entries) => entries.forEach((entry) => {
      of.get(entry.target).seen = entry.isIntersecting;
    }));
    plots.forEach((plot) => observer.observe(plot));
  }

  let wanted = null;
  function draw() {
    if (!wanted) return;
    const {share, focus} = wanted;
    wanted = null;
    root.style.setProperty('--x', share);
    lanes.forEach((lane) => {
      if (!lane.seen) return;
      lane.line.hidden = false;
      const value = valueAt(lane.plot, share);
      if (!lane.last) return;
      lane.last.textContent = value === null ? '–' : told(value, lane.plot);
      lane.last.classList.add('read');
    });
    const shown = [
      plots.find((plot) => plot.closest('#order-parameter')),
      plots.find((plot) => plot.closest('#forecast')), focus
    ];
    const words = [`${Page.axis.axis} ${positionText(share)}`];
    new Set(shown.filter(Boolean)).forEach((plot) => {
      const value = valueAt(plot, share);
      if (value !== null) words.push(`${plot.dataset.label} ${told(value, plot)}`);
    });
    readout.textContent = words.join(' · ');
    readout.hidden = false;
  }
  function show(share, focus) {
    const first = !wanted;
    wanted = {share, focus};
    if (first) requestAnimationFrame(draw);
  }
  function hide() {
    wanted = null;
    readout.hidden = true;
    lanes.forEach((lane) => {
      lane.line.hidden = true;
      if (!lane.last) return;
      lane.last.textContent = lane.text;
      lane.last.classList.remove('read');
    });
  }

  plots.forEach((plot) => {
    plot.addEventListener('pointermove', (event) => {
      const box = plot.getBoundingClientRect();
      const across = Math.min(1, Math.max(0, (event.clientX - box.left) / box.width));
      show(Page.view.from + across * (Page.view.to - Page.view.from), plot);
    });
    plot.addEventListener('pointerleave', hide);
  });
  reader.addEventListener('input', () => {
    const {from, to} = Page.view;
    show(from + (to - from) * Number(reader.value) / 1000);
  });
  reader.addEventListener('blur', hide);
  Page.onChange(() => {
    shapes = new Map();
  });
})();
