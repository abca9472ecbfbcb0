// Passkeys need a script: it asks the server what to sign, lets the device sign it, and sends the answer as a plain form.
"use strict";
(() => {
  const bytes = (text) =>
    Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (one) => one.charCodeAt(0));
  const text = (buffer) =>
    btoa(String.fromCharCode(...new Uint8Array(buffer))).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
  const named = (list) => (list || []).map((one) => ({ ...one, id: bytes(one.id) }));

  const creating = (given) => ({
    ...given,
    challenge: bytes(given.challenge),
    user: { ...given.user, id: bytes(given.user.id) },
    excludeCredentials: named(given.excludeCredentials),
  });
  const getting = (given) => ({
    ...given,
    challenge: bytes(given.challenge),
    allowCredentials: named(given.allowCredentials),
  });
  const written = (made) => {
    const response = {};
    for (const name of ["clientDataJSON", "attestationObject", "authenticatorData", "signature", "userHandle"]) {
      if (made.response[name]) response[name] = text(made.response[name]);
    }
    return JSON.stringify({
      id: made.id, rawId: text(made.rawId), type: made.type, response, clientExtensionResults: {},
      authenticatorAttachment: made.authenticatorAttachment || undefined,
    });
  };

  const begin = async (form) => {
    const token = new URLSearchParams();
    for (const field of form.querySelectorAll("input[type=hidden]")) {
      if (field.name !== "reponse") token.set(field.name, field.value);
    }
    const answer = await fetch(form.dataset.begin, { method: "POST", body: token });
    if (!answer.ok) throw new Error(String(answer.status));
    return answer.json();
  };

  const enable = (form) => {
    const failed = form.querySelector(".passkey-failed");
    const button = form.querySelector("button");
    form.querySelector(".without-script").hidden = true;
    button.hidden = false;
    for (const field of form.querySelectorAll(".ds-field")) field.hidden = false;
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      failed.hidden = true;
      button.disabled = true;
      try {
        const given = await begin(form);
        const made = form.dataset.passkey === "create"
          ? await navigator.credentials.create({ publicKey: creating(given) })
          : await navigator.credentials.get({ publicKey: getting(given) });
        form.elements.reponse.value = written(made);
        form.submit();
      } catch {
        failed.hidden = false;
        button.disabled = false;
      }
    });
  };

  if (window.PublicKeyCredential) document.querySelectorAll("form[data-passkey]").forEach(enable);
})();
