// On every page of somebody who is signed in: the service worker is asked for, and a card that somebody else kept on this device goes.
// On the page of the emergency card: keeping the card on this device, encrypted by a code of the person's where they want one, and removing it.
"use strict";
(() => {
  const CARDS = "carnet-cartes";
  const ROUNDS = 600000;
  const SHORTEST = 6;
  const keeper = document.documentElement.dataset.keeper || "";
  const able = "serviceWorker" in navigator && "caches" in window && window.isSecureContext;
  const place = (owner) => `/urgence/gardee/${owner}`;
  const text = (bytes) => btoa(String.fromCharCode(...new Uint8Array(bytes)));

  const forgetOthers = async () => {
    if (!(await caches.has(CARDS))) return;
    const cache = await caches.open(CARDS);
    for (const request of await cache.keys()) {
      const found = await (await cache.match(request)).json();
      if (found.keeper !== keeper) await cache.delete(request);
    }
  };

  const sealed = async (sheet, code) => {
    const salt = crypto.getRandomValues(new Uint8Array(16));
    const nonce = crypto.getRandomValues(new Uint8Array(12));
    const given = await crypto.subtle.importKey("raw", new TextEncoder().encode(code), "PBKDF2", false, ["deriveKey"]);
    const how = { name: "PBKDF2", hash: "SHA-256", salt, iterations: ROUNDS };
    const key = await crypto.subtle.deriveKey(how, given, { name: "AES-GCM", length: 256 }, false, ["encrypt"]);
    const closed = await crypto.subtle.encrypt({ name: "AES-GCM", iv: nonce }, key, new TextEncoder().encode(sheet));
    return { rounds: ROUNDS, salt: text(salt), nonce: text(nonce), closed: text(closed) };
  };

  const setUp = (section) => {
    const { owner } = section.dataset;
    const keeping = section.querySelector("form[data-keep]");
    const removing = section.querySelector("[data-remove]");
    const code = keeping.elements.code;

    const tell = (name, when) => {
      for (const one of section.querySelectorAll("[data-told]")) one.hidden = one.dataset.told !== name;
      for (const one of section.querySelectorAll("[data-when]")) {
        one.textContent = when ? new Date(when).toLocaleString(document.documentElement.lang) : "";
      }
    };
    const look = async () => {
      const found = await (await caches.open(CARDS)).match(place(owner));
      const kept = found && (await found.json());
      removing.hidden = !kept;
      if (kept) tell(kept.version === section.dataset.version ? "kept" : "changed", kept.at);
      else tell("absent");
    };
    const keep = async () => {
      const wanted = keeping.elements.sorte.value === "code";
      if (wanted && code.value.length < SHORTEST) {
        tell("short");
        code.focus();
        return;
      }
      const body = new URLSearchParams();
      for (const field of keeping.querySelectorAll("input[type=hidden]")) body.set(field.name, field.value);
      const answer = await fetch("/urgence/garder", { method: "POST", body });
      if (!answer.ok) throw new Error(String(answer.status));
      const { sheet, ...about } = await answer.json();
      const content = wanted ? await sealed(sheet, code.value) : { sheet };
      code.value = "";
      await navigator.serviceWorker.ready;
      const stored = JSON.stringify({ ...about, ...content, at: Date.now() });
      const cache = await caches.open(CARDS);
      await cache.put(place(owner), new Response(stored, { headers: { "content-type": "application/json" } }));
      section.dataset.version = about.version;
      await look();
    };

    keeping.addEventListener("submit", async (event) => {
      event.preventDefault();
      try {
        await keep();
      } catch {
        tell("failed");
      }
    });
    for (const one of keeping.elements.sorte) {
      one.addEventListener("change", () => {
        section.querySelector("[data-code]").hidden = keeping.elements.sorte.value !== "code";
      });
    }
    removing.addEventListener("click", async () => {
      await (await caches.open(CARDS)).delete(place(owner));
      await look();
    });
    section.querySelector("[data-needs-script]").hidden = true;
    keeping.hidden = false;
    look();
  };

  const printing = document.querySelector("[data-print]");
  if (printing) {
    printing.hidden = false;
    printing.addEventListener("click", () => window.print());
  }
  if (!able || !keeper) return;
  navigator.serviceWorker.register("/travailleur.js", { scope: "/", updateViaCache: "none" }).catch(() => {});
  forgetOthers().catch(() => caches.delete(CARDS)).then(() => {
    const section = document.querySelector("[data-keeping]");
    if (section) setUp(section);
  });
})();
