// The chat without reloading. All of it works without this file, and nothing is decided here.
// The token lives in the form alone: no cookie, no storage, no address.
(() => {
  'use strict';
  const form = document.getElementById('talk');
  const log = document.getElementById('log');
  const box = document.getElementById('text');
  const hint = document.getElementById('hint');
  const POLL = 3000, HIDDEN = 30000, PATIENCE = 25000, AGAIN = 4000, TRIES = 5;
  const field = (name) => form.elements[name];
  let busy = false, polling = false, timer = 0;

  const say = (words) => {
    // Numbers must stay dialable in a hint, too.
    hint.replaceChildren(...words.split(/\b(11[1-5])\b/).map((piece, i) => {
      if (i % 2 === 0) return piece;
      return Object.assign(document.createElement('a'), { href: 'tel:' + piece, textContent: piece });
    }));
  };

  const ask = async (path, body) => {
    const stop = new AbortController();
    const alarm = setTimeout(() => stop.abort(), PATIENCE);
    try {
      const answer = await fetch(path, {
        method: 'POST', body, headers: { 'X-Part': '1' }, signal: stop.signal,
        cache: 'no-store', credentials: 'omit', redirect: 'error',
      });
      const part = new DOMParser().parseFromString(await answer.text(), 'text/html').getElementById('part');
      if (!part) throw new Error('no part');
      return { part, ok: answer.ok };
    } finally {
      clearTimeout(alarm);
    }
  };

  const mine = (words) => {
    const line = Object.assign(document.createElement('li'), { className: 'mine' });
    line.innerHTML = '<span class="vh"></span><div class="words"></div>';
    [line.firstChild.textContent, line.lastChild.textContent] = [form.dataset.you, words];
    log.append(line);
  };

  const add = (part) => {
    const seen = Number(field('seen').value);
    const fresh = [...part.querySelectorAll('li')].filter((line) => Number(line.dataset.n) > seen);
    const alone = part.dataset.alone && fresh.length;  // nothing told before it may stay here
    if (alone) { log.replaceChildren(); say(''); box.value = ''; }
    if (alone || fresh.some((line) => line.querySelector('.keys'))) {
      log.querySelectorAll('button.key').forEach((key) => key.remove());
      log.querySelectorAll('.keys').forEach((row) => { if (!row.children.length) row.remove(); });
      document.getElementById('up').replaceWith(part.querySelector('#up'));
    }
    log.append(...fresh);
    // A slow poll may come back late: never step back behind a faster answer.
    field('seen').value = Math.max(seen, Number(part.dataset.seen));
    field('token').value = part.dataset.token || field('token').value;
    field('nonce').value = part.dataset.nonce;
    field('l').value = part.dataset.lang;
    return fresh;
  };

  // The first new line's top comes to stand just below the header, however much follows it.
  const show = (lines, next) => {
    if (!lines.length) return;
    const [head, foot] = ['header', '.write'].map((part) => document.querySelector(part).offsetHeight);
    const whole = log.lastElementChild.offsetTop + log.lastElementChild.offsetHeight - lines[0].offsetTop;
    document.documentElement.style.scrollPaddingTop = `${head + 8}px`;
    log.style.paddingBottom = `${Math.max(16, innerHeight - head - 8 - foot - whole)}px`;
    lines[0].scrollIntoView({ block: 'start' });
    lines[0].tabIndex = -1;
    if (next) next.focus({ preventScroll: true });
  };

  const body = (choice) => {
    const filled = new FormData(form);
    if (choice) filled.set('choice', choice);
    const picture = filled.get('picture');
    if (picture && picture.size) return filled;
    filled.delete('picture');
    return new URLSearchParams(filled);
  };

  const send = async (button, tries) => {
    const choice = button && button.name === 'choice' ? button.value : '';
    const label = choice ? button.textContent.trim() : '';
    const file = document.getElementById('picture');
    if (busy || (button && !button.isConnected)) return;
    if (!choice && !box.value.trim() && !(file && file.files.length)) {
      say(form.dataset.empty);
      return box.focus();
    }
    const typing = document.activeElement === box || (button && button.classList.contains('send'));
    busy = box.readOnly = true;
    form.setAttribute('aria-busy', 'true');
    say(tries ? hint.textContent : form.dataset.sending);
    try {
      const { part, ok } = await ask('/', body(choice));
      const kept = Boolean(part.dataset.kept) || !ok;
      // A talk that was put away or erased is gone from the screen as well.
      const gone = part.dataset.lines === '0' && form.dataset.lines !== '0';
      form.dataset.lines = part.dataset.lines || form.dataset.lines;
      if (gone) log.replaceChildren();
      if (box.value.trim() && !kept && !gone) mine(box.value.trim());
      if (label && ok && !gone) mine(label);
      say(part.querySelector('p').textContent);
      if (!kept) box.value = '';
      if (file) file.value = '';
      const before = log.lastElementChild;
      const fresh = add(part);
      show(fresh.length || !ok ? fresh : [before].filter(Boolean), typing ? box : fresh[0] || before);
    } catch {
      say(tries < TRIES ? form.dataset.offline : form.dataset.lost);
      if (tries < TRIES) setTimeout(() => send(button, tries + 1), AGAIN);
    } finally {
      busy = box.readOnly = false;
      form.removeAttribute('aria-busy');
    }
  };

  const poll = async () => {
    clearTimeout(timer);
    if (field('token').value && !busy && !polling) {
      polling = true;
      const known = { token: field('token').value, seen: field('seen').value, l: field('l').value };
      try {
        const { part } = await ask('/hop', new URLSearchParams(known));
        if (!busy) show(add(part));
      } catch { /* the next round tries again; sending says so when the network is gone */ }
      polling = false;
    }
    clearTimeout(timer);
    timer = setTimeout(poll, document.hidden ? HIDDEN : POLL);
  };

  form.addEventListener('submit', (event) => { event.preventDefault(); send(event.submitter, 0); });
  box.addEventListener('keydown', (event) => {
    const desk = matchMedia('(hover: hover) and (pointer: fine)').matches;
    if (event.key !== 'Enter' || event.shiftKey || event.isComposing || !desk) return;
    event.preventDefault();
    send(null, 0);
  });
  // The first screen's other language replaces this page: one entry in the history, not two.
  log.addEventListener('click', (event) => {
    const link = event.target.closest('a[href^="/"]');
    if (link) { event.preventDefault(); location.replace(link.href); }
  });
  document.addEventListener('visibilitychange', () => { if (!document.hidden) poll(); });
  timer = setTimeout(poll, POLL);
})();
