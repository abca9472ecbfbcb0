"""What a doctor does in the portal from signing in to leaving, each step by keys alone; `keys` counts them and asks after the focus."""

from __future__ import annotations

import re

from chromium import PATIENCE
from keyboard import Keys

RECORD = re.compile(r"/pro/patients/[0-9a-f]{32}$")
"""The summary: the first page of an open record."""
LETTER = {"name": "lettre.txt", "mimeType": "text/plain", "buffer": b"Cher confrere, je vous adresse ce patient."}
ACTIVE = "document.activeElement"


def sign_in(keys: Keys, person, structure) -> None:
    """At the provider, who one is; then in which of one's situations one works."""
    keys.follow("a[href='/pro/connexion/psc']", "**/authorize?*")
    keys.follow(f"button[value='{person.identifier}']", "**/pro/situation")
    keys.tab_to("input[name=situation]")
    keys.press("Space")
    meant = keys.page.locator("li", has_text=structure.name).locator("input").get_attribute("value")
    keys.tab_to(f"input[value='{meant}']", "ArrowDown")
    keys.to("**/pro", "Enter")


def find(keys: Keys, patient, url) -> None:
    """The number is typed into the field that has the focus already."""
    keys.holds("#ins")
    keys.type(patient.identifier.value)
    keys.to(url, "Enter")


def enter_with_consent(keys: Keys) -> None:
    """The first of the ways in is the patient's own word."""
    keys.press("j")
    keys.holds("#consentement-declare")
    keys.press("Space", "Tab")
    keys.to(RECORD, "Enter")


def read_the_last_result(keys: Keys) -> str:
    """From the summary's line to the examination, to the report that it comes from, and back; the words of the report."""
    keys.tab_to("section[aria-labelledby=resultats] .sum-line a", "j")
    name = keys.page.evaluate(f"{ACTIVE}.textContent").split()[0]
    keys.to("**/resultats/*", "Enter")
    assert keys.page.inner_text("h1").startswith(name)
    keys.follow("main table a[href*='/documents/']", "**/documents/*")
    frame = keys.page.frame_locator(".doc-reading iframe")
    frame.get_by_text(name, exact=False).first.wait_for(timeout=PATIENCE)
    words = frame.locator("body").inner_text()
    keys.to("**/resultats/*", "Escape")
    keys.to(RECORD, "Escape")
    return words


def compare(keys: Keys) -> list[str]:
    """Two examinations are ticked, and stand side by side; their names."""
    keys.to("**/resultats", "g", "r")
    keys.tab_to("main details summary")
    keys.press("Enter")
    for _ in range(2):
        keys.press("Tab")
        keys.holds("input[name=examen]")
        keys.press("Space")
    keys.follow(".sum-choice button", "**/resultats?*examen=*examen=*")
    names = []
    for _ in range(2):
        keys.press("j")
        keys.holds("table.sum-table th[scope=row] a")
        names.append(keys.page.evaluate(f"{ACTIVE}.textContent"))
    keys.press("Tab")
    keys.holds("table.sum-table a")
    return names


def look_through_documents(keys: Keys, word: str) -> None:
    """A document beside the list, its neighbour, one whole and back; a word is looked for and found."""
    keys.to("**/documents", "g", "d")
    keys.press("j", "j")
    second = keys.page.evaluate(f"{ACTIVE}.textContent")
    keys.press("Tab", "Enter")
    keys.page.wait_for_selector(f"#apercu:not([hidden]) h2:has-text({second!r})", timeout=PATIENCE)
    keys.holds("#apercu")
    keys.tab_to('#apercu a[rel="prev"]')
    keys.press("Enter")
    keys.page.wait_for_selector(f"#apercu h2:not(:has-text({second!r}))", timeout=PATIENCE)
    keys.holds("#apercu")
    assert keys.page.evaluate("document.querySelectorAll('tr.doc-chosen').length") == 1
    keys.press("/")
    keys.type(word)
    keys.to("**/recherche?q=*", "Enter")
    keys.press("j")
    keys.to("**/documents/*", "Enter")
    assert word in keys.page.inner_text("h1")


def state_identity(keys: Keys, asked: str) -> None:
    """That one checked who the person is; then one is where one wanted to go."""
    keys.tab_to("#controle")
    keys.press("Space", "Tab")
    keys.to(asked, "Enter")


def deposit_a_letter(keys: Keys) -> None:
    """The person's identity is stated first; then the file, what it is, one more look, and it is there."""
    keys.to("**/identite*", "g", "n")
    state_identity(keys, "**/deposer")
    keys.tab_to("#fichiers")
    with keys.page.expect_file_chooser() as chooser:
        keys.press("Space")
    chooser.value.set_files(files=[LETTER])
    keys.follow("form[enctype] button", "**/description")
    keys.tab_to("#visibilite-normale")
    keys.press("Space")
    keys.to("**/verification", "Enter")
    keys.follow("main form button", "**/fait")
    assert "Le document est dans le dossier." in keys.page.inner_text("main")


def draft_a_synthesis(keys: Keys) -> None:
    """One line is left out, one put right, one added; of one part is said that there is none known."""
    keys.to("**/synthese", "g", "v")
    keys.follow("a[href$='/synthese/brouillon']", "**/identite*")
    state_identity(keys, "**/synthese/brouillon")
    keys.follow(".syn-row button[value=retirer][aria-label$='Asthme']", "**/brouillon?fait=retirer*")
    row = keys.page.locator("#partie-problems .syn-row", has_text="Diabète de type 2").get_attribute("id")
    keys.tab_to(f"#{row} details summary", "Shift+Tab")
    keys.press("Enter", "Tab", "End")
    keys.type(" équilibré")
    keys.to("**/brouillon?fait=corriger*", "Enter")
    keys.tab_to("#allergies-not-stated", "Shift+Tab")
    keys.press("ArrowDown")
    keys.follow("form:has(#allergies-none-known) button", "**/brouillon?fait=dire*")
    keys.tab_to("#partie-alerts summary")
    keys.press("Enter")
    keys.tab_to("#alerts-libelle")
    keys.type("Vit seule")
    keys.to("**/brouillon?fait=ajouter*", "Enter")


def read_again_and_sign(keys: Keys, too_late, person) -> None:
    """What is to be signed is read first. Too long after signing in, one shows again who one is, and comes back to it."""
    keys.follow("a[href$='/synthese/relire']", "**/synthese/relire")
    frame = keys.page.frame_locator("iframe.syn-paper")
    for words in ("Diabète de type 2 équilibré", "Vit seule", "Aucun élément connu"):
        frame.get_by_text(words, exact=False).first.wait_for(timeout=PATIENCE)
    assert frame.get_by_text("Asthme").count() == 0
    signing = "form:has(input[name=montre]) button"
    with too_late:
        keys.follow(signing, "**/synthese/relire")
    assert "Rien n'est signé" in keys.page.inner_text("main").replace("\N{RIGHT SINGLE QUOTATION MARK}", "'")
    keys.follow("main .pro-alert a", "**/pro/connexion?encore=oui**")
    keys.follow("a[href='/pro/connexion/psc']", "**/authorize?*")
    keys.follow(f"button[value='{person.identifier}']", "**/synthese/relire")
    keys.follow(signing, "**/synthese?fait=signer")
    assert keys.page.locator(".pro-rows li").count() == 3


def break_the_glass(keys: Keys) -> None:
    """The last of the ways in; its reason stands in the banner from then on. Letters in it are no shortcuts."""
    keys.press("k")
    keys.holds("#motif")
    keys.press("ArrowDown", "Tab")
    keys.type("Patient inconscient aux urgences j k /")
    keys.press("Tab")
    keys.to(RECORD, "Enter")
    assert "Bris de glace" in keys.page.inner_text(".pro-urgent .pro-mode")
    told = keys.page.inner_text(".pro-reason")
    assert "Patient inconscient aux urgences j k /" in told
    assert "INCONSCIENT" not in told
    assert "La personne est inconsciente." in told


def open_another_in_a_second_tab(keys: Keys, other: Keys, patient, mine: str) -> None:
    """Each tab says loudly that another record was opened in the other one, until one chooses; nothing of it is kept in the browser."""
    find(other, patient, RECORD)
    page = keys.page
    page.bring_to_front()
    page.wait_for_selector("#pro-guard[open]", timeout=PATIENCE)
    assert mine in page.inner_text("#pro-guard")
    keys.holds("#pro-guard button")
    keys.press("Enter")
    page.wait_for_selector("#pro-guard:not([open])", state="attached", timeout=PATIENCE)
    other.page.wait_for_selector("#pro-guard[open]", timeout=PATIENCE)
    handle = page.get_attribute("[data-opened]", "data-opened")
    assert other.page.get_attribute("#pro-guard a", "href").endswith(f"/pro/patients/{handle}/entree")
    assert page.evaluate("[localStorage.length, sessionStorage.length]") == [0, 0]
    with page.expect_navigation(timeout=PATIENCE):  # shown again as the browser kept it: the server is asked
        page.evaluate("dispatchEvent(new PageTransitionEvent('pageshow', {persisted: true}))")


def leave(keys: Keys) -> None:
    """G and q go to the button that leaves, Enter presses it."""
    keys.press("g", "q")
    keys.to("**/pro?fait=quitte", "Enter")


def sign_out(keys: Keys) -> None:
    """Here and at the provider; one is back where one signs in."""
    keys.follow("a[href='/pro/deconnexion']", "**/pro/deconnexion")
    keys.tab_to("main form button")
    keys.press("Enter")
    keys.page.wait_for_url("**/pro/connexion?*", timeout=PATIENCE)
