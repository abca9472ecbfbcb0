// Says in this tab that another record was opened in another one. Tabs tell each other the opaque handle of the address alone; nothing is kept.
"use strict";
(() => {
  const HANDLE = /^[0-9a-f]{32}$/;
  // A page that the browser kept and shows again may be of a record that was left meanwhile: the server is asked.
  addEventListener("pageshow", (event) => {
    if (event.persisted) location.reload();
  });
  const mine = document.querySelector("[data-opened]")?.dataset.opened;
  const dialog = document.getElementById("pro-guard");
  if (!mine || !dialog || !("BroadcastChannel" in window)) return;

  const channel = new BroadcastChannel("carnet-pro");
  channel.addEventListener("message", (event) => {
    if (typeof event.data !== "string" || !HANDLE.test(event.data) || event.data === mine) return;
    dialog.querySelector("a").href = `/pro/patients/${event.data}/entree`;
    if (!dialog.open) dialog.showModal();
  });
  dialog.addEventListener("cancel", (event) => event.preventDefault());
  dialog.querySelector("button").addEventListener("click", () => {
    dialog.close();
    channel.postMessage(mine);
  });
  channel.postMessage(mine);
})();
