// Lanes: a filter by name, and taller ones with a scale of their own.
(() => {
  const panel = document.getElementById('signals');
  const tools = panel && panel.querySelector('.tools');
  if (!tools) return;
  const rows = Array.from(panel.querySelectorAll('.row:not(.axis)'));

  const label = document.createElement('label');
  label.className = 'filter';
  label.textContent = 'Filter';
  const input = document.createElement('input');
  input.type = 'search';
  input.placeholder = 'name (key /)';
  input.setAttribute('aria-label', 'Filter signals by name');
  const count = document.createElement('output');
  label.append(input, count);
  tools.prepend(label);

  const names = rows.map((row) => row.querySelector('.plot').dataset.label.toLowerCase());
  function filter() {
    const words = input.value.toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    rows.forEach((row, i) => {
      const fits = words.every((word) => names[i].includes(word));
      row.hidden = !fits;
      shown += fits;
    });
    panel.querySelectorAll('.family').forEach((family) => {
      family.hidden = !family.querySelector('.row:not(.axis):not([hidden])');
    });
    panel.querySelectorAll('details.more').forEach((more) => {
      const inside = more.querySelector('.row:not([hidden])');
      if (words.length > 0 && inside && !more.open) {
        more.open = true;
        more.dataset.opened = '1';
      }
      if (words.length === 0 && more.dataset.opened) {
        more.open = false;
        delete more.dataset.opened;
      }
      more.hidden = !inside;
    });
    count.textContent = words.length > 0 ? `${shown} of ${rows.length}` : '';
  }
  input.addEventListener('input', filter);
  document.addEventListener('keydown', (event) => {
    if (event.key !== '/' || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target.closest && event.target.closest('input, select, textarea')) return;
    event.preventDefault();
    input.focus();
  });

  /** The scale of a lane, written only where there is room for it. */
  function scale(row) {
    const plot = row.querySelector('.plot');
    const wanted = plot.clientHeight >= 80 && !plot.classList.contains('tall');
    const there = plot.querySelectorAll(':scope > .yt.own');
    if (!wanted || there.length > 0) {
      if (!wanted) there.forEach((each) => each.remove());
      return;
    }
    const low = Number(plot.dataset.low), high = Number(plot.dataset.high);
    const logarithmic = plot.dataset.scale === 'log';
    const ticks = logarithmic ? Page.logTicks(low, high, 4) : Page.ticks(low, high, 4);
    ticks.forEach((tick) => {
      const share =
          logarithmic ? Math.log(tick / low) / Math.log(high / low) : (tick - low) / (high - low);
      const text = document.createElement('span');
      text.className = 'yt own';
      text.textContent = Page.valueText(tick, plot);
      text.style.top = `${100 * (1 - share)}%`;
      plot.append(text);
    });
  }
  rows.forEach((row) => {
    const name = row.querySelector('.name');
    name.title = 'Taller, or as before';
    name.addEventListener('click', () => {
      row.classList.toggle('high');
      scale(row);
    });
  });
  document.querySelectorAll('input[name="lanes"]')
      .forEach((choice) => choice.addEventListener('change', () => {
        Page.root.classList.toggle('lanes-tall', document.getElementById('lanes-tall').checked);
        rows.forEach((row) => {
          row.classList.remove('high');
          scale(row);
        });
      }));
  rows.forEach(scale);
})();
