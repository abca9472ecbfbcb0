// The page without network: shows the emergency cards that were kept on this device, asking for their code where they have one.
"use strict";
(() => {
  const CARDS = "carnet-cartes";
  const bytes = (text) => Uint8Array.from(atob(text), (one) => one.charCodeAt(0));
  const list = document.getElementById("cartes");
  const form = document.getElementById("fermee");

  const opened = async (kept, code) => {
    const given = await crypto.subtle.importKey("raw", new TextEncoder().encode(code), "PBKDF2", false, ["deriveKey"]);
    const how = { name: "PBKDF2", hash: "SHA-256", salt: bytes(kept.salt), iterations: kept.rounds };
    const key = await crypto.subtle.deriveKey(how, given, { name: "AES-GCM", length: 256 }, false, ["decrypt"]);
    const plain = await crypto.subtle.decrypt({ name: "AES-GCM", iv: bytes(kept.nonce) }, key, bytes(kept.closed));
    return new TextDecoder().decode(plain);
  };

  const dated = (place, kept) => {
    const when = document.getElementById("quand").content.cloneNode(true);
    when.querySelector("time").textContent = new Date(kept.at).toLocaleString(kept.language);
    place.append(when);
  };

  const show = (place, kept, sheet) => {
    const piece = new DOMParser().parseFromString(sheet, "text/html").querySelector(".card-sheet");
    place.lang = kept.language;
    place.replaceChildren(document.adoptNode(piece));
    dated(place, kept);
  };

  const ask = (place, kept) => {
    const asked = form.content.cloneNode(true);
    const asking = asked.querySelector("form");
    const field = asking.elements.code;
    field.id = `code-${list.children.length}`;
    asked.querySelector("label").htmlFor = field.id;
    asking.addEventListener("submit", async (event) => {
      event.preventDefault();
      const wrong = asking.querySelector("[data-wrong]");
      wrong.hidden = true;
      try {
        show(place, kept, await opened(kept, field.value));
      } catch {
        wrong.hidden = false;
        field.focus();
      }
    });
    place.append(asked);
    dated(place, kept);
  };

  const start = async () => {
    const cache = await caches.open(CARDS);
    for (const request of await cache.keys()) {
      const kept = await (await cache.match(request)).json();
      const place = document.createElement("section");
      list.append(place);
      if (kept.sheet) show(place, kept, kept.sheet);
      else ask(place, kept);
    }
    document.getElementById("rien").hidden = list.children.length > 0;
  };

  start().catch(() => {
    document.getElementById("rien").hidden = false;
  });
})();
