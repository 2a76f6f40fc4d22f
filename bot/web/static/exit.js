// Quick exit: cover the page at once, put the talk away, leave nothing behind Back.
// Without this file the button is an ordinary form or link.
(() => {
  'use strict';
  const exit = document.getElementById('exit');
  const WITHIN = 5000;
  let shifts = [];

  const leave = (event) => {
    if (event) event.preventDefault();
    const talk = document.getElementById('talk');
    const body = new URLSearchParams();
    for (const name of talk ? ['token', 'nonce', 'l'] : []) body.set(name, talk.elements[name].value);
    document.documentElement.className = 'gone';
    document.title = '\u200b';
    document.body.replaceChildren();
    try { navigator.sendBeacon('/thoat', body); } catch { /* leaving matters more */ }
    location.replace(exit.dataset.to);
  };

  exit.addEventListener('click', leave);
  document.addEventListener('keydown', (event) => { if (event.key !== 'Shift') shifts = []; });
  document.addEventListener('keyup', (event) => {
    if (event.key !== 'Shift' || event.ctrlKey || event.altKey || event.metaKey) return;
    shifts = [...shifts.filter((at) => event.timeStamp - at < WITHIN), event.timeStamp];
    if (shifts.length === 3) leave();
  });
  // Back from elsewhere must not bring the words back from the browser's memory.
  addEventListener('pageshow', (event) => { if (event.persisted) location.reload(); });
})();
