/* Passkeys, around allauth's scripts: shows buttons where the browser knows passkeys and the site is
   called by a name (no browser makes one for an address of numbers), and says in words when one did
   not work. */
(() => {
  "use strict";

  const isAddress = /^(\[.*\]|[0-9.]+)$/.test(window.location.hostname);
  if (!window.PublicKeyCredential || isAddress) {
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
