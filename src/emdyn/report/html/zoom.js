// Wheel, drag, keys and buttons change the stretch of the axis that all panels of the timeline show.
// The lines stay as they are: their view box moves, and the style sheet moves the marks.
(() => {
  const {root, plots, view} = Page;
  if (!Page.reader || plots.length === 0) return;
  const kDeepest = 100;
  const kWidth = 7200;  // Of a view box.
  const drawings = new Map();
  plots.forEach(
      (plot) =>
          plot.querySelectorAll('.view svg.lin, .view svg.log').forEach((svg) => drawings.set(svg, {
            box: svg.getAttribute('viewBox'),
            upright: svg.querySelector('.upright')
          })));
  drawings.forEach((one) => {
    one.height = one.box.split(' ')[3];
    one.grid = one.upright && one.upright.getAttribute('d');
  });
  const axes = Array.from(document.querySelectorAll('.timeline .xt'))
                   .map((element) => ({
                          element,
                          whole: element.innerHTML,
                          logarithmic: element.classList.contains('log')
                        }));

  function apply() {
    const {from, to} = Page.view, zoomed = Page.zoomed(), logarithmic = Page.isLog();
    root.classList.toggle('zoomed', zoomed);
    root.style.setProperty('--z0', `${100 * from}%`);
    root.style.setProperty('--zk', 1 / (to - from));
    const low = Page.position(from), high = Page.position(to);
    const ticks = zoomed ? Page.placeTicks(low, high, 6) : [];
    const places = ticks.map((tick) => (Page.share(tick) - from) / (to - from));
    drawings.forEach((one, svg) => {
      if (zoomed && svg.classList.contains(logarithmic ? 'lin' : 'log')) return;
      svg.setAttribute(
          'viewBox', zoomed ? `${kWidth * from} 0 ${kWidth * (to - from)} ${one.height}` : one.box);
      if (one.upright) {
        one.upright.setAttribute(
            'd',
            !zoomed ?
                one.grid :
                ticks
                    .map(
                        (tick) =>
                            `M${Math.round(kWidth * Page.share(tick) * 10) / 10} 0v${one.height}`)
                    .join(''));
      }
    });
    axes.forEach((one) => {
      if (!zoomed) {
        one.element.innerHTML = one.whole;
        return;
      }
      if (one.logarithmic !== logarithmic) return;
      one.element.replaceChildren(...ticks.map((tick, i) => {
        const label = document.createElement('span');
        label.textContent = Page.place(tick, high - low);
        label.className = i % 2 ? 'odd' : 'even';
        if (places[i] < 0.04) label.classList.add('start');
        if (places[i] > 0.96) label.classList.add('end');
        label.style.left = `${100 * places[i]}%`;
        return label;
      }));
    });
    range.textContent =
        zoomed ? `${Page.place(low, high - low)} to ${Page.place(high, high - low)}` : '';
    back.disabled = forth.disabled = out.disabled = whole.disabled = !zoomed;
  }

  let waiting = false;
  function show(from, to) {
    const width = Math.min(1, Math.max(1 / kDeepest, to - from));
    const left = Math.min(1 - width, Math.max(0, from));
    Page.view = {from: left, to: left + width};
    if (waiting) return;
    waiting = true;
    requestAnimationFrame(() => {
      waiting = false;
      Page.tellChange();
    });
  }
  /** `at` is a share of the whole axis that stays where it is. */
  function zoom(factor, at) {
    const {from, to} = Page.view;
    const width = Math.min(1, Math.max(1 / kDeepest, (to - from) * factor));
    const middle = at === undefined ? (from + to) / 2 : at;
    const left = middle - (middle - from) * width / (to - from);
    show(left, left + width);
  }
  function move(by) {
    const {from, to} = Page.view;
    show(from + by * (to - from), to + by * (to - from));
  }
  const reset = () => show(0, 1);

  const tools = document.createElement('span');
  tools.className = 'zoom';
  tools.setAttribute('role', 'group');
  tools.setAttribute('aria-label', 'Zoom');
  const out = Page.button('−', 'Zoom out (key −)', () => zoom(2));
  const into = Page.button('+', 'Zoom in (key +)', () => zoom(0.5));
  const back = Page.button('←', 'Earlier (left arrow)', () => move(-0.25));
  const forth = Page.button('→', 'Later (right arrow)', () => move(0.25));
  const whole = Page.button('whole', 'Whole axis (key 0, or a double click)', reset);
  const range = document.createElement('output');
  const hint = document.createElement('small');
  hint.textContent = 'drag across a chart to zoom; Ctrl + wheel, or the wheel after a click on it';
  tools.append(out, into, back, forth, whole, range, hint);
  document.querySelector('.controls').append(tools);

  const shareAt = (plot, event) => {
    const box = plot.getBoundingClientRect();
    const across = Math.min(1, Math.max(0, (event.clientX - box.left) / box.width));
    return Page.view.from + across * (Page.view.to - Page.view.from);
  };

  let drag = null;
  function begin(plot, event) {
    if (event.button !== 0 || event.pointerType === 'touch') return;
    drag = {
      plot,
      at: shareAt(plot, event),
      x: event.clientX,
      from: Page.view.from,
      moved: false,
      pans: event.shiftKey
    };
  }
  function follow(event) {
    if (!drag) return;
    if (!drag.moved && Math.abs(event.clientX - drag.x) < 5) return;
    if (!drag.moved) {
      drag.moved = true;
      drag.plot.setPointerCapture(event.pointerId);
      if (!drag.pans) {
        drag.brush = document.createElement('i');
        drag.brush.className = 'brush';
        drag.plot.append(drag.brush);
      }
    }
    const {from, to} = Page.view;
    if (drag.pans) {
      const by = (event.clientX - drag.x) / drag.plot.getBoundingClientRect().width * (to - from);
      show(drag.from - by, drag.from - by + to - from);
      return;
    }
    drag.to = shareAt(drag.plot, event);
    const ends =
        [drag.at, drag.to].sort((a, b) => a - b).map((end) => 100 * (end - from) / (to - from));
    drag.brush.style.left = `${ends[0]}%`;
    drag.brush.style.width = `${ends[1] - ends[0]}%`;
  }
  function finish(cancelled) {
    if (!drag) return;
    const done = drag;
    drag = null;
    if (done.brush) done.brush.remove();
    if (!done.moved) {
      if (!cancelled) done.plot.focus({preventScroll: true});
      return;
    }
    // The click that ends a drag opens no link.
    window.addEventListener('click', (event) => {
      event.preventDefault();
      event.stopPropagation();
    }, {capture: true, once: true});
    setTimeout(() => window.dispatchEvent(new Event('click')), 0);
    if (!cancelled && !done.pans) show(Math.min(done.at, done.to), Math.max(done.at, done.to));
  }

  plots.forEach((plot) => {
    plot.tabIndex = -1;
    plot.addEventListener('pointerdown', (event) => begin(plot, event));
    plot.addEventListener('pointermove', follow);
    plot.addEventListener('pointerup', () => finish(false));
    plot.addEventListener('pointercancel', () => finish(true));
    plot.addEventListener('dragstart', (event) => event.preventDefault());
    plot.addEventListener('dblclick', reset);
    plot.addEventListener('wheel', (event) => {
      const sideways = Math.abs(event.deltaX) > Math.abs(event.deltaY);
      const held = event.ctrlKey || event.metaKey || document.activeElement === plot;
      if (sideways ? !Page.zoomed() : !held) return;
      event.preventDefault();
      const size = event.deltaMode === 1 ? 20 : 1;
      if (sideways) {
        move(size * event.deltaX / plot.getBoundingClientRect().width);
      } else {
        zoom(Math.exp(Math.max(-1, Math.min(1, size * event.deltaY / 300))), shareAt(plot, event));
      }
    }, {passive: false});
  });

  document.addEventListener('keydown', (event) => {
    const typing = event.target.closest && event.target.closest('input, select, textarea');
    if (typing || event.ctrlKey || event.metaKey || event.altKey) return;
    const actions = {
      '+': () => zoom(0.5),
      '=': () => zoom(0.5),
      '-': () => zoom(2),
      '0': reset,
      ArrowLeft: () => move(-0.25),
      ArrowRight: () => move(0.25)
    };
    if (event.key === 'Escape') {
      if (drag)
        finish(true);
      else if (plots.includes(document.activeElement))
        document.activeElement.blur();
    } else if (event.key in actions && (Page.zoomed() || '+='.includes(event.key))) {
      event.preventDefault();
      actions[event.key]();
    }
  });

  // A link to a mark outside the view brings it into the middle.
  document.addEventListener('click', (event) => {
    const link = event.target.closest && event.target.closest('a[href^="#"]');
    const mark =
        link && Page.zoomed() && document.getElementById(link.getAttribute('href').slice(1));
    const at = mark && parseFloat(mark.style.getPropertyValue(Page.isLog() ? '--b' : '--a')) / 100;
    if (!mark || Number.isNaN(at)) return;
    const {from, to} = Page.view;
    if (at < from || at > to) show(at - (to - from) / 2, at + (to - from) / 2);
  });

  Page.onChange(apply);
  apply();
})();
