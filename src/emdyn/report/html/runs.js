// Many runs on one page: one of them can be brought out.
(() => {
  const tools = document.querySelector('#signals .tools');
  const rows = Array.from(document.querySelectorAll('#runs tbody tr'));
  const lines = Array.from(document.querySelectorAll('#signals path.run'));
  if (!tools || rows.length < 2 || lines.length === 0) return;
  const of = new Map();
  lines.forEach((line) => {
    if (!of.has(line.dataset.run)) of.set(line.dataset.run, []);
    of.get(line.dataset.run).push(line);
  });

  const label = document.createElement('label');
  label.textContent = 'Bring out';
  const select = document.createElement('select');
  const option = (value, words) => {
    const made = document.createElement('option');
    made.value = value;
    made.textContent = words;
    select.append(made);
  };
  option('', 'no run');
  rows.forEach((row, i) => option(String(i), row.cells[0].textContent));
  label.append(select);
  tools.append(label);

  function choose() {
    lines.forEach((line) => line.classList.remove('chosen'));
    (of.get(select.value) || []).forEach((line) => {
      line.classList.add('chosen');
      line.parentNode.append(line);
    });
  }
  select.addEventListener('change', choose);
  rows.forEach((row, i) => {
    row.style.cursor = 'pointer';
    row.addEventListener('click', () => {
      select.value = String(i);
      choose();
    });
  });
})();
