/* Conveniences only: every page works without this file. */
(() => {
  "use strict";

  /* Ask before leaving a form with values that were typed and not sent. */
  const dirty = new Set();
  for (const form of document.querySelectorAll("form[data-warn-unsaved]")) {
    const mark = () => dirty.add(form);
    form.addEventListener("input", mark);
    form.addEventListener("change", mark);
    form.addEventListener("submit", () => dirty.delete(form));
    /* Values that came back with errors were typed, and still aren't saved. */
    if (form.querySelector("[aria-invalid='true']")) {
      mark();
    }
  }
  window.addEventListener("beforeunload", (event) => {
    if (dirty.size > 0) {
      event.preventDefault();
    }
  });

  /* After a refused form, start where the errors are told. */
  const summary = document.querySelector(".error-summary");
  if (summary) {
    summary.focus();
  }

  /* One open menu at a time; Escape and a click elsewhere close it. */
  const menus = document.querySelectorAll("details.menu");
  const closeAll = (except) => {
    for (const menu of menus) {
      if (menu !== except) {
        menu.open = false;
      }
    }
  };
  document.addEventListener("click", (event) => {
    closeAll(event.target.closest("details.menu"));
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") {
      return;
    }
    const menu = document.activeElement?.closest("details.menu[open]");
    closeAll(null);
    menu?.querySelector("summary")?.focus();
  });

  /* On paper nothing can be opened: print the tables under the charts too. */
  let openedForPrint = [];
  window.addEventListener("beforeprint", () => {
    openedForPrint = [...document.querySelectorAll("details.disclosure:not([open])")];
    for (const details of openedForPrint) {
      details.open = true;
    }
  });
  window.addEventListener("afterprint", () => {
    for (const details of openedForPrint) {
      details.open = false;
    }
  });

  /* A region that does not overflow needs no tab stop. */
  for (const region of document.querySelectorAll(".table-region[tabindex]")) {
    if (region.scrollWidth <= region.clientWidth && region.scrollHeight <= region.clientHeight) {
      region.removeAttribute("tabindex");
    }
  }
})();
