// The desk without reloading: a board that is always up to date, and an alarm that is noticed.
(() => {
  'use strict';
  const enter = document.getElementById('enter');
  if (enter && location.hash.length > 1) {
    // The invitation stood behind the # so that no server's log could keep it; nor may the history.
    enter.elements.invite.value = decodeURIComponent(location.hash.slice(1));
    history.replaceState(null, '', location.pathname);
    enter.querySelector('p').hidden = true;
  }
  const desk = document.getElementById('desk');
  if (!desk) return;
  const [board, mine, box, alarm, toast, clear, waits, letters] = ['board', 'mine', 'text', 'alarm', 'toast', 'clear', 'waits', 'letters']
    .map((name) => document.getElementById(name));
  const write = mine.querySelector('.write'), header = document.querySelector('header'), title = document.title;
  const POLL = 1500, PATIENCE = 10000, BLINK = 1000, STILL = 600, NOTED = 6000, MOST = 20, AGAIN = 60000;
  const ON_CARD = /^d\.(claim|open|reply|note|hand|priority|close|agree)\.([^.]+)$/;
  const wide = matchMedia('(min-width: 56rem)'), mouse = matchMedia('(hover: hover) and (pointer: fine)');
  let busy = false, blinking = 0, sound = null, shown = '', trouble = '', shifted = -STILL, moved = 0, noted = 0, rang = 0;

  // Twice in the list while nobody has it: a case given back rings like a new one.
  const urgent = (root) => [...root.querySelectorAll('.card[data-priority="P1"]')].flatMap((card) => [card.dataset.code, ...(card.dataset.loose ? [card.dataset.code + ' '] : [])]);
  let known = new Set(urgent(document));

  const tell = (words) => { if (alarm.textContent !== words) alarm.textContent = words; };
  const note = (words) => {
    clearTimeout(noted);
    toast.textContent = words;
    noted = setTimeout(() => { toast.textContent = ''; }, NOTED);
  };
  const beep = () => {
    if (!sound) return;
    for (const at of [0, 0.25, 0.5]) {
      const tone = new OscillatorNode(sound, { frequency: 880 });
      tone.connect(new GainNode(sound, { gain: 0.15 })).connect(sound.destination);
      tone.start(sound.currentTime + at);
      tone.stop(sound.currentTime + at + 0.15);
    }
  };
  const calm = () => {
    sound = sound || new AudioContext();  // browsers allow sound only after a press
    if (!blinking) return;
    blinking = clearInterval(blinking);
    document.title = title;
    if (!trouble) tell('');
  };
  const raise = (code) => {
    tell(`${desk.dataset.new}: ${code}`);
    beep();
    clearInterval(blinking); rang = performance.now();
    blinking = setInterval(() => { document.title = document.title === title ? '● ' + desk.dataset.new : title; }, BLINK);
  };

  const order = (root) => [...root.querySelectorAll('.card')].map((card) => card.dataset.case).join();
  const card = (root, name) => root.querySelector(`.card[data-case="${CSS.escape(name)}"]`);
  const redraw = (cards) => {
    if (cards.outerHTML === shown) return;
    shown = cards.outerHTML;
    if (order(cards) !== order(board)) shifted = performance.now();
    const held = board.contains(document.activeElement) && document.activeElement, home = held && held.closest('.card');
    for (const one of cards.querySelectorAll('.card')) {
      const was = card(board, one.dataset.case)?.querySelectorAll('details') || [];
      // A card keeps its fold; on a wide screen there is room for new ones unfolded.
      one.querySelectorAll('details').forEach((fold, at) => { fold.open = was[at] ? was[at].open : at === 0 && wide.matches; });
    }
    document.getElementById('cards').replaceWith(cards);
    const there = home && card(board, home.dataset.case);
    if (there) (held.value ? [...there.querySelectorAll('button')].find((key) => key.value === held.value) : there.querySelector('summary'))?.focus({ preventScroll: true });
  };

  const place = (letter) => {
    const name = letter.dataset.code;
    const section = letters.querySelector(`section[data-code="${name}"]`) || document.createElement('section');
    section.dataset.code = name;
    if (!section.firstChild) section.append(Object.assign(document.createElement('h2'), { textContent: name || letters.dataset.other }));
    section.firstChild.after(letter);
    letters.prepend(section);
  };
  // The step that waited is done or left; only what was sent stays to be read, without its buttons.
  const settle = (sent) => {
    const letter = waits.querySelector('.letter');
    if (!letter) return;
    letter.querySelectorAll('.keys, .unsent, [name="draft"]').forEach((piece) => piece.remove());
    if (sent) place(letter); else letter.remove();
  };
  const take = (letter, asked) => {
    const says = (one) => one.querySelector('.words').textContent + [...one.querySelectorAll('.keys button')].map((key) => key.value);
    for (const old of [...mine.querySelectorAll('.letter')].filter((one) => says(one) === says(letter))) {
      letter.dataset.times = Number(letter.dataset.times) + Number(old.dataset.times);
      letter.querySelector('.times').textContent = letters.dataset.times.replace('{}', letter.dataset.times);
      old.remove();
    }
    const over = !asked && !letter.dataset.code && !letter.querySelector('.keys');
    if (letter.dataset.prompt || over) settle(false);
    if (letter.dataset.prompt) waits.replaceChildren(letter); else place(letter);
  };
  const tidy = () => {
    const offered = new Set([...board.querySelectorAll('button')].map((key) => key.value)), partly = card(board, '');
    for (const key of mine.querySelectorAll('button[name="choice"]')) {
      const [all, , name] = ON_CARD.exec(key.value) || [];
      if (all && !offered.has(all) && (card(board, name) || !partly)) key.remove();
    }
    mine.querySelectorAll('.keys').forEach((row) => { if (!row.children.length) row.remove(); });
    [...letters.querySelectorAll('.letter')].sort((a, b) => b.dataset.n - a.dataset.n).slice(MOST).forEach((old) => old.remove());
    letters.querySelectorAll('section').forEach((section) => { if (!section.querySelector('.letter')) section.remove(); });
    const step = waits.querySelector('.letter'), typed = Boolean(step && step.dataset.typed);
    clear.hidden = !letters.firstElementChild;
    // While something waits to be sent, the way on is its buttons.
    write.hidden = !typed && (Boolean(step) || !box.value);
    write.querySelector('label').textContent = typed ? step.dataset.label : desk.dataset.write;
    document.documentElement.style.setProperty('--head', `${wide.matches ? header.offsetHeight : header.querySelector('.bar').offsetHeight}px`);
  };
  const reveal = (letter) => {
    const step = waits.contains(letter), at = (step ? mine : letter).getBoundingClientRect();
    const scroller = wide.matches ? mine.parentElement : document.scrollingElement, room = mine.parentElement.getBoundingClientRect();
    const [top, bottom] = wide.matches ? [room.top, room.bottom] : [header.querySelector('.bar').offsetHeight, innerHeight];
    if (step || at.top < top + 8 || at.height > bottom - top - 16) scroller.scrollTop += at.top - top - 8;
    else if (at.bottom > bottom - 8) scroller.scrollTop += at.bottom - bottom + 8;
    letter.tabIndex = -1;
    (step && mouse.matches && !write.hidden ? box : letter).focus({ preventScroll: true });
  };

  // `pressed`: what this answers; null when it comes by itself.
  const apply = (part, pressed) => {
    const now = urgent(part);
    const late = performance.now() - rang > AGAIN;  // a code with a space is a card that nobody has: it rings on
    now.filter((code) => !known.has(code) || (late && code.endsWith(' '))).slice(0, 1).forEach((code) => raise(code.trim()));
    known = new Set(now);
    const seen = Number(mine.elements.seen.value);
    const fresh = [...part.querySelectorAll('.letter')].filter((letter) => Number(letter.dataset.n) > seen).sort((a, b) => a.dataset.n - b.dataset.n);
    document.getElementById('count').replaceWith(part.querySelector('#count'));
    redraw(part.querySelector('#cards'));
    if (pressed && pressed.step && fresh.length) settle(pressed.sends);
    fresh.forEach((letter) => take(letter, Boolean(pressed)));
    for (const form of [board, mine]) {
      form.elements.nonce.value = part.dataset.nonce;
      form.elements.seen.value = Math.max(seen, Number(part.dataset.seen));
    }
    if (pressed && part.dataset.kept && !box.value) box.value = pressed.draft;
    if (pressed && pressed.words && !part.dataset.kept) box.value = '';
    tidy();
    const last = fresh[fresh.length - 1];
    if (pressed) note(part.dataset.toast);
    if (last && pressed) reveal(last);
    if (!last || pressed) return;
    // What comes by itself moves nothing that is being read, typed or pressed: the header says it.
    note(last.querySelector('.words').textContent.split('\n')[0]);
    if (!wide.matches) shifted = performance.now();
  };

  const ask = async (path, body, pressed) => {
    const stop = new AbortController(), patience = setTimeout(() => stop.abort(), PATIENCE);
    try {
      const answer = await fetch(path, { method: 'POST', body, headers: { 'X-Part': '1' }, signal: stop.signal, cache: 'no-store' });
      trouble = answer.status === 403 ? desk.dataset.ended : '';
      const part = new DOMParser().parseFromString(await answer.text(), 'text/html').getElementById('part');
      if (!part) throw new Error('no part');
      if (!blinking) tell('');
      apply(part, pressed);
    } catch (error) {
      trouble = trouble || desk.dataset.lost;
      tell(trouble);
      throw error;
    } finally {
      clearTimeout(patience);
    }
  };

  const send = async (event) => {
    event.preventDefault();
    if (busy) return;
    if (event.target === board && shifted > moved && performance.now() - shifted < STILL) {
      note(desk.dataset.shifted);  // aimed at a card that has just moved away
      return;
    }
    busy = true;
    const key = event.submitter, body = new URLSearchParams(new FormData(event.target));
    const words = !(key && key.name);
    if (!words) { body.set(key.name, key.value); body.delete('text'); }
    const pressed = { words, step: words || waits.contains(key), sends: !words && key.value.startsWith('d.send.'), draft: body.get('draft') || '' };
    await ask('/desk', body, pressed).catch(() => note(desk.dataset.failed));
    busy = false;
  };

  const poll = async () => {
    if (!busy) await ask('/desk/board', new URLSearchParams({ seen: mine.elements.seen.value }), null).catch(() => {});
    setTimeout(poll, POLL);
  };

  board.addEventListener('submit', send);
  mine.addEventListener('submit', send);
  clear.addEventListener('click', () => { letters.replaceChildren(); tidy(); });
  addEventListener('click', calm);  // not earlier: what moves under a finger is pressed wrongly
  board.addEventListener('pointermove', () => { moved = performance.now(); });
  addEventListener('keydown', calm);
  addEventListener('resize', tidy);
  if (wide.matches) board.querySelectorAll('.fold').forEach((fold) => { fold.open = true; });
  tidy();
  setTimeout(poll, POLL);
})();
