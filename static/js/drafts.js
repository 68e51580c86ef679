/* Keeps what is typed: every few seconds to the server, so that a time-out, a sign-out or a closed
   browser loses nothing. Without this file a form works as ever; it is only not kept. */
(() => {
  "use strict";

  const PAUSE = 2000;
  const STASH = "draft-unsent";

  /* What could not be kept because the session had ended waits in this tab, and goes out after the
     next sign-in, when its form is opened again. Nothing of it outlives the tab. */
  const stash = (form, data) => {
    const fields = [...data.entries()].filter(([name]) => name !== "csrfmiddlewaretoken");
    const whose = document.body.dataset.person;
    sessionStorage.setItem(STASH, JSON.stringify({ whose, draft: form.dataset.draft, fields }));
  };

  const bringBack = async (form) => {
    const kept = JSON.parse(sessionStorage.getItem(STASH) || "null");
    if (!kept || kept.draft !== form.dataset.draft) {
      return;
    }
    sessionStorage.removeItem(STASH);
    if (kept.whose !== document.body.dataset.person) {
      return;
    }
    const data = new FormData();
    data.append("csrfmiddlewaretoken", form.elements.csrfmiddlewaretoken.value);
    for (const [name, value] of kept.fields) {
      data.append(name, value);
    }
    const answer = await fetch(form.dataset.draftUrl, {
      method: "POST",
      body: data,
      redirect: "manual",
      credentials: "same-origin",
    });
    if (answer.status === 204) {
      window.location.assign(form.dataset.draft);
    }
  };

  for (const form of document.querySelectorAll("form[data-draft-url]")) {
    const status = form.querySelector("[data-draft-status]");
    let timer = null;
    let wait = PAUSE;
    let isSending = false;
    let isStale = false;
    let isDone = false;

    const tell = (key) => {
      if (status) {
        status.textContent = document.body.dataset[key] || "";
      }
    };

    const content = () => {
      const data = new FormData(form);
      data.append("draft", form.dataset.draft);
      for (const [name, value] of [...data.entries()]) {
        if (value instanceof File) {
          data.delete(name);
        }
      }
      return data;
    };

    const send = async () => {
      timer = null;
      if (isDone) {
        return;
      }
      if (isSending) {
        isStale = true;
        return;
      }
      isSending = true;
      isStale = false;
      const data = content();
      try {
        const answer = await fetch(form.dataset.draftUrl, {
          method: "POST",
          body: data,
          redirect: "manual",
          credentials: "same-origin",
        });
        if (answer.status === 204) {
          sessionStorage.removeItem(STASH);
        } else {
          stash(form, data);
        }
        if (answer.status === 429) {
          /* Sent too often, e.g. from many windows: again when the server says so. */
          wait = 1000 * Number(answer.headers.get("Retry-After") || 60);
          isStale = true;
          tell("draftLater");
        } else {
          wait = PAUSE;
          tell({ 204: "draftKept", 413: "draftFull" }[answer.status] || "draftLost");
        }
      } catch {
        stash(form, data);
        tell("draftLost");
      }
      isSending = false;
      if (isStale) {
        schedule();
      }
    };

    const schedule = () => {
      if (timer === null) {
        timer = window.setTimeout(send, wait);
      }
    };

    bringBack(form);
    form.addEventListener("input", schedule);
    form.addEventListener("change", schedule);
    form.addEventListener("submit", () => {
      isDone = true;
      window.clearTimeout(timer);
    });
    /* A tab that closes: the last words still go out. */
    document.addEventListener("visibilitychange", () => {
      if (document.visibilityState === "hidden" && timer !== null && !isDone) {
        window.clearTimeout(timer);
        timer = null;
        navigator.sendBeacon(form.dataset.draftUrl, content());
      }
    });
  }
})();
