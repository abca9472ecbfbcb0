// Sends files in parts, each tried again until it is there, and waits while the network is away. Without this the plain form sends them whole.
"use strict";
(() => {
  const PART = 1024 * 1024;
  const LONGEST_WAIT = 20000;
  const TRIES = 200;

  const pause = (time) =>
    new Promise((done) => {
      const timer = setTimeout(done, time);
      addEventListener("online", () => { clearTimeout(timer); done(); }, { once: true });
    });
  const named = async (file) => {
    const digest = await crypto.subtle.digest("SHA-256", await file.arrayBuffer());
    return [...new Uint8Array(digest)].map((one) => one.toString(16).padStart(2, "0")).join("").slice(0, 32);
  };

  // What the server says, as JSON; null while it cannot be reached or is busy. An answer that is no JSON ends the sending.
  const ask = async (address, options) => {
    try {
      const answer = await fetch(address, { cache: "no-store", ...options });
      if (answer.status >= 500 || answer.status === 408 || answer.status === 429) return null;
      if (answer.redirected || !(answer.headers.get("content-type") || "").startsWith("application/json")) return { lost: true };
      return await answer.json();
    } catch {
      return null;
    }
  };

  const insist = async (address, options, waiting) => {
    for (let tried = 0; tried < TRIES; tried += 1) {
      const told = await ask(address, options);
      if (told !== null) return told;
      waiting(true);
      await pause(Math.min(LONGEST_WAIT, 500 * 2 ** Math.min(tried, 6)));
    }
    return { lost: true };
  };

  const sendFile = async (draft, file, headers, tell, waiting) => {
    const name = await named(file);
    const parts = Math.max(1, Math.ceil(file.size / PART));
    const address = `${draft}/partie?fichier=${name}&parties=${parts}`;
    const known = await insist(address, { headers }, waiting);
    if (known.lost || known.done) return known;
    const held = new Set(known.held || []);
    let told = {};
    for (let number = 0; number < parts; number += 1) {
      if (held.has(number) && number < parts - 1) continue;
      tell(number, parts);
      const body = file.slice(number * PART, (number + 1) * PART);
      const sent = { method: "POST", headers: { ...headers, "content-type": "application/octet-stream" }, body };
      told = await insist(`${address}&partie=${number}`, sent, waiting);
      if (told.lost || told.cause || told.done) return told;
    }
    return told;
  };

  const enable = (form) => {
    const status = form.querySelector("[data-sending]");
    const button = form.querySelector("button[type=submit]");
    const files = () => [...form.querySelectorAll("input[type=file]")].flatMap((input) => [...input.files]);

    const send = async () => {
      const chosen = files();
      const headers = { "x-jeton": form.querySelector("input[type=hidden]").value };
      const words = status.dataset;
      const waiting = () => { status.textContent = words.wordsWaiting; };
      let draft = form.dataset.parts;
      if (draft === "/ajouter/parties") {
        const begun = await insist(draft, { method: "POST", headers }, waiting);
        if (!begun.draft) return null;
        draft = begun.draft;
      }
      for (const [place, file] of chosen.entries()) {
        const tell = (number, parts) => {
          const percent = Math.round(((place + number / parts) / chosen.length) * 100);
          status.textContent = `${words.wordsSending}${percent} %`;
        };
        const told = await sendFile(draft, file, headers, tell, waiting);
        if (told.cause) return `${draft}?refus=${encodeURIComponent(told.cause)}`;
        if (!told.done) return null;
      }
      return `${draft}#fin`;
    };

    form.addEventListener("submit", async (event) => {
      if (!files().length || form.dataset.plain) return;
      event.preventDefault();
      status.hidden = false;
      button.disabled = true;
      const page = await send().catch(() => null);
      if (page) {
        const same = location.pathname + location.search === page.split("#")[0];
        location.assign(page);
        if (same) location.reload();
        return;
      }
      // The session has ended, or the server says something else than about a file: the plain form leads to its page.
      form.dataset.plain = "yes";
      button.disabled = false;
      form.submit();
    });
  };

  if (window.crypto && crypto.subtle) {
    document.querySelectorAll("form[data-parts]").forEach((form) => { if (form.dataset.parts) enable(form); });
  }
})();
