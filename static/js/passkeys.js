/* Passkeys, around allauth's scripts: shows buttons where the browser knows passkeys, and says in
   words when one did not work. */
(() => {
  "use strict";

  if (!window.PublicKeyCredential) {
    return;
  }
  for (const form of document.querySelectorAll("[data-shown-with-passkeys]")) {
    form.hidden = false;
  }
  document.addEventListener("allauth.error", (event) => {
    event.preventDefault();
    for (const message of document.querySelectorAll("[data-passkey-error]")) {
      message.hidden = false;
    }
  });
})();
