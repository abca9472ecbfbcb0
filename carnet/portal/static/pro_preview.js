// The preview beside the table without reloading the page: the same address is asked for, and its preview put in place. Without this, links do it.
(() => {
  const here = () => document.getElementById("apercu");
  let asked = 0;

  const mark = (address) => {
    for (const link of document.querySelectorAll("tr [data-preview]")) {
      const chosen = new URL(link.href).searchParams.get("apercu") === new URL(address).searchParams.get("apercu");
      link.closest("tr").classList.toggle("doc-chosen", chosen);
      chosen ? link.setAttribute("aria-current", "true") : link.removeAttribute("aria-current");
    }
  };

  const show = async (address) => {
    const turn = ++asked;
    const answer = await fetch(address, { credentials: "same-origin", headers: { accept: "text/html" } });
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const found = page.getElementById("apercu");
    if (turn !== asked) return;
    if (!answer.ok || !found || answer.redirected) { location.assign(address); return; }
    here().replaceWith(document.adoptNode(found));
    here().parentElement.classList.add("doc-split-open");
    history.replaceState(null, "", address);
    mark(address);
    here().focus({ preventScroll: matchMedia("(min-width: 64rem)").matches });
  };

  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[data-preview]");
    if (!link || event.defaultPrevented || event.button || event.metaKey || event.ctrlKey || event.shiftKey) return;
    event.preventDefault();
    show(link.href).catch(() => location.assign(link.href));
  });
})();
