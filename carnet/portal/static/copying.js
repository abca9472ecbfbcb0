// Copies a text of the page; without it the text is selected and copied by hand. The button is shown by this script alone.
for (const button of document.querySelectorAll("[data-copies]")) {
  button.hidden = false;
  button.addEventListener("click", async () => {
    const text = document.getElementById(button.dataset.copies);
    text.select();
    try {
      await navigator.clipboard.writeText(text.value);
      button.textContent = button.dataset.done;
    } catch {
      document.execCommand("copy");
      button.textContent = button.dataset.done;
    }
  });
}
