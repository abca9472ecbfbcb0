// Keys of the professional's pages, never while somebody writes: / search, j and k rows, Enter opens, Esc back, g and a letter a page, ? help.
"use strict";
(() => {
  const ROWS = "[data-row], main tbody tr, main .entries > li, main .sum-line";
  const FOCUSABLE = "a[href], button:not([disabled]), summary, select, input:not([type=hidden])";
  const WAIT = 1500;
  let going = 0;

  const shown = (one) => one.checkVisibility(); // what is folded away in a <details> has a box and takes no focus
  const writing = (target) => target.isContentEditable || target.matches("input:not([type=checkbox]):not([type=radio]), textarea, select");
  const rows = () =>
    [...document.querySelectorAll(ROWS)].map((row) => (row.matches(FOCUSABLE) ? row : row.querySelector(FOCUSABLE))).filter((one) => one && shown(one));

  const step = (by) => {
    const all = rows();
    if (!all.length) return;
    const at = all.findIndex((one) => one === document.activeElement);
    const next = at < 0 ? (by > 0 ? 0 : all.length - 1) : Math.min(Math.max(at + by, 0), all.length - 1);
    all[next].focus();
  };
  const go = (letter) => {
    const target = [...document.querySelectorAll("[data-key]")].find((one) => one.dataset.key === letter);
    if (!target) return;
    if (target.href) location.assign(target.href);
    else target.focus();
  };
  const back = () => {
    const close = document.querySelector("a[data-close]"), way = document.querySelector("a[data-back]");
    const mine = document.querySelector("[data-opened]")?.dataset.opened;
    const from = location.origin + (mine ? `/pro/patients/${mine}` : "/");
    if (close) location.assign(close.href);
    else if (document.referrer.startsWith(from) && history.length > 1) history.back();
    else if (way) location.assign(way.href);
  };
  const single = {
    "/": () => document.querySelector("[data-search], input[type=search]")?.focus(),
    "?": () => location.assign("/pro/aide"),
    j: () => step(1),
    k: () => step(-1),
    g: () => { going = Date.now(); },
    Escape: back,
  };

  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.ctrlKey || event.altKey || event.metaKey || event.isComposing) return;
    if (document.querySelector("dialog[open]")) return;
    if (writing(event.target)) {
      if (event.key === "Escape") event.target.blur();
      return;
    }
    if (going && Date.now() - going < WAIT) {
      going = 0;
      event.preventDefault();
      go(event.key);
      return;
    }
    going = 0;
    const work = Object.hasOwn(single, event.key) ? single[event.key] : null;
    if (!work) return;
    event.preventDefault();
    work();
  });
})();
