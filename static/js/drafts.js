/* Keeps what is typed: every few seconds to the server, so that a time-out, a sign-out or a closed
   browser loses nothing. Without this file a form works as ever; it is only not kept. */
(() => {
  "use strict";

  const PAUSE = 2000;

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
      try {
        const answer = await fetch(form.dataset.draftUrl, {
          method: "POST",
          body: content(),
          redirect: "manual",
          credentials: "same-origin",
        });
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
