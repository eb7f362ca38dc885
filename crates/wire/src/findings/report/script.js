(() => {
  'use strict';
  const doc = document.documentElement;
  doc.classList.add('js');
  const box = document.getElementById('q');
  const count = document.getElementById('count');
  const body = document.querySelector('#list tbody');
  if (!box || !count || !body) return;
  const rows = Array.from(body.rows).map((row) => ({
    row, data: row.dataset, section: document.getElementById(row.dataset.section), text: null,
  }));
  const scale = ['info', 'low', 'medium', 'high', 'critical'];
  const chips = Array.from(document.querySelectorAll('button[data-severity]'));
  const lists = { kind: 'kinds', element: 'elements', technique: 'techniques', addr: 'addresses' };

  // key:value, "quoted value", -negated, bare words
  const parse = (text) => {
    const terms = [];
    for (const part of text.matchAll(/(-?)(?:([a-z]+):)?(?:"([^"]*)"|(\S+))/gi)) {
      const value = (part[3] ?? part[4] ?? '').toLowerCase();
      if (value) terms.push({ not: part[1] === '-', key: (part[2] || '').toLowerCase(), value });
    }
    return terms;
  };
  const compare = (have, value) => {
    const [, sign, number] = /^(>=|<=|>|<|=)?(.*)$/.exec(value);
    const want = Number(number);
    if (Number.isNaN(want)) return false;
    return sign === '>' ? have > want : sign === '<' ? have < want : sign === '<=' ? have <= want
      : sign === '>=' ? have >= want : have === want;
  };
  const severe = (have, value) => {
    const [, sign, word] = /^(>=|<=|>|<|=)?(.*)$/.exec(value);
    return sign ? compare(scale.indexOf(have), sign + scale.indexOf(word)) : have.startsWith(word);
  };
  const textOf = (item) => {
    if (item.text === null) {
      item.text = (item.row.textContent + ' ' + (item.section ? item.section.textContent : '')).toLowerCase();
    }
    return item.text;
  };
  const fits = (item, term) => {
    const { data } = item;
    switch (term.key) {
      case '': return textOf(item).includes(term.value);
      case 'severity': return severe(data.severity, term.value);
      case 'score': return compare(Number(data.score), term.value);
      case 'events': return compare(Number(data.events), term.value);
      case 'id': return data.id.startsWith(term.value);
      case 'day': return data.day.startsWith(term.value);
      case 'is': case 'platform': case 'service': case 'confidence':
        return data[term.key] === term.value;
      case 'kind': case 'element': case 'technique':
        return data[lists[term.key]].toLowerCase().split(' ').some((word) => word.startsWith(term.value));
      case 'device': case 'app': case 'dest': case 'role': case 'addr':
        return (data[lists[term.key] || term.key] || '').toLowerCase().includes(term.value);
      default: return textOf(item).includes(term.key + ':' + term.value);
    }
  };
  const apply = () => {
    const terms = parse(box.value);
    const wanted = chips.filter((chip) => chip.getAttribute('aria-pressed') === 'true').map((c) => c.dataset.severity);
    let shown = 0;
    for (const item of rows) {
      const ok = (wanted.length === 0 || wanted.includes(item.data.severity))
        && terms.every((term) => fits(item, term) !== term.not);
      item.row.hidden = !ok;
      if (item.section) item.section.hidden = !ok;
      if (ok) shown += 1;
    }
    count.textContent = shown === rows.length ? `${rows.length} findings` : `${shown} of ${rows.length} findings`;
    document.getElementById('none').classList.toggle('empty', shown > 0);
  };
  const toAddress = () => {
    const hash = box.value ? '#q=' + encodeURIComponent(box.value) : '#list';
    try { history.replaceState(null, '', hash); } catch { /* a page without an address keeps its filter all the same */ }
  };
  const fromAddress = () => {
    if (!location.hash.startsWith('#q=')) return;
    try { box.value = decodeURIComponent(location.hash.slice(3)); } catch { box.value = ''; }
    apply();
  };
  let timer = 0;
  box.addEventListener('input', () => {
    clearTimeout(timer);
    timer = setTimeout(() => { apply(); toAddress(); }, 80);
  });
  for (const chip of chips) {
    chip.addEventListener('click', () => {
      chip.setAttribute('aria-pressed', String(chip.getAttribute('aria-pressed') !== 'true'));
      apply();
    });
  }
  addEventListener('hashchange', fromAddress);

  const heads = Array.from(document.querySelectorAll('#list th button'));
  for (const button of heads) {
    button.addEventListener('click', () => {
      const head = button.closest('th');
      const key = button.dataset.sort;
      const down = head.getAttribute('aria-sort') !== 'descending';
      const numeric = ['rank', 'score', 'events', 'interval'].includes(key);
      const value = (item) => (key === 'severity' ? scale.indexOf(item.data.severity)
        : numeric ? Number(item.data[key] || 0) : item.data[key] || '');
      rows.sort((a, b) => {
        const [x, y] = [value(a), value(b)];
        const order = x < y ? -1 : x > y ? 1 : Number(a.data.rank) - Number(b.data.rank);
        return down && x !== y ? -order : order;
      });
      for (const other of heads) other.closest('th').removeAttribute('aria-sort');
      head.setAttribute('aria-sort', down ? 'descending' : 'ascending');
      body.append(...rows.map((item) => item.row));
    });
  }

  const theme = document.getElementById('theme');
  theme.addEventListener('click', () => {
    const dark = doc.dataset.theme ? doc.dataset.theme === 'dark' : matchMedia('(prefers-color-scheme: dark)').matches;
    doc.dataset.theme = dark ? 'light' : 'dark';
  });
  addEventListener('keydown', (event) => {
    const typing = event.target instanceof Element && event.target.closest('input, textarea, select');
    if (event.key === 'Escape' && event.target === box) { box.value = ''; apply(); toAddress(); return; }
    if (typing || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === '/') { event.preventDefault(); box.focus(); box.select(); }
    if (event.key === 'j' || event.key === 'k') {
      const open = rows.filter((item) => !item.row.hidden && item.section);
      const tops = open.map((item) => item.section.getBoundingClientRect().top);
      const line = 130;
      let to = event.key === 'j' ? tops.findIndex((top) => top > line) : tops.findLastIndex((top) => top < line - 30);
      if (to < 0) to = event.key === 'j' ? open.length - 1 : 0;
      if (open[to]) {
        open[to].section.scrollIntoView();
        open[to].section.querySelector('h3 a').focus({ preventScroll: true });
      }
    }
  });
  apply();
  fromAddress();
  // How long opening took, for whoever measures it.
  addEventListener('load', () => { doc.dataset.readyMs = String(Math.round(performance.now())); });
})();
