// The little that needs script: copy, the phone's share sheet, light and dark, and care around htmx. Without it every page still works.
(function () {
  "use strict";

  const YEAR_SECONDS = 365 * 24 * 60 * 60;

  // Copy, share, theme

  function select(element) {
    const range = document.createRange();
    range.selectNodeContents(element);
    const selection = window.getSelection();
    selection.removeAllRanges();
    selection.addRange(range);
  }

  // As it is seen, line by line; the template's own breaks are no breaks.
  function wordsOf(element) {
    return element.innerText.trim();
  }

  async function copied(element) {
    try {
      await navigator.clipboard.writeText(wordsOf(element));
      return true;
    } catch {
      select(element); // refused, or not a secure page: the old way, and else it is at least selected
      return document.execCommand("copy");
    }
  }

  async function copy(button) {
    const done = await copied(document.querySelector(button.dataset.copy));
    const label = button.querySelector("[data-label]");
    button.dataset.before ||= label.textContent;
    label.textContent = done ? button.dataset.done : button.dataset.refused;
    clearTimeout(Number(button.dataset.timer));
    button.dataset.timer = setTimeout(() => { label.textContent = button.dataset.before; }, done ? 2000 : 6000);
  }

  async function share(button) {
    try {
      await navigator.share({ text: button.dataset.text, url: button.dataset.share });
    } catch (error) {
      if (error.name !== "AbortError") button.hidden = true; // this device cannot: copying stays
    }
  }

  function switchTheme() {
    const root = document.documentElement;
    const theme = root.dataset.bsTheme === "dark" ? "light" : "dark";
    root.dataset.bsTheme = theme;
    const secure = location.protocol === "https:" ? "; Secure" : "";
    document.cookie = `theme=${theme}; Path=/; Max-Age=${YEAR_SECONDS}; SameSite=Lax${secure}`;
  }

  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-copy],[data-share],[data-theme],[data-retry],[data-print]");
    if (!button) return;
    if ("copy" in button.dataset) copy(button);
    if ("share" in button.dataset) share(button);
    if ("theme" in button.dataset) switchTheme();
    if ("retry" in button.dataset) retry();
    if ("print" in button.dataset) window.print();
  });

  // One box for all boxes of its form

  document.addEventListener("change", (event) => {
    const all = event.target.closest("[data-select-all]");
    if (!all) return;
    all.form.querySelectorAll(`input[type=checkbox][name="${all.dataset.selectAll}"]`).forEach((box) => { box.checked = all.checked; });
  });

  // Filters are behind one button where there is little room

  document.addEventListener("DOMContentLoaded", () => {
    if (!window.matchMedia("(max-width: 640px)").matches) return;
    document.querySelectorAll("details[data-fold-narrow]").forEach((box) => { box.open = false; });
  });

  // A double click sends a form once: the answer to the second would hide that to the first, and a secret is shown once

  const AGAIN_AFTER = 3000; // an answer that was lost, or stopped, can be asked for again

  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (event.defaultPrevented || form.method !== "post") return; // htmx sends its own
    if (Date.now() - Number(form.dataset.sentAt || 0) < AGAIN_AFTER) event.preventDefault();
    else form.dataset.sentAt = Date.now();
  });

  function offerSharing(root) {
    if (!navigator.share) return;
    root.querySelectorAll("[data-share][hidden]").forEach((button) => { button.hidden = false; });
  }

  // Pages that stand in a row of their own begin with the one that is open
  function showPlace(root) {
    root.querySelectorAll(".subnav [aria-current]").forEach((here) => { here.parentElement.scrollLeft = here.offsetLeft - 16; });
  }

  function prepare(root) {
    offerSharing(root);
    showPlace(root);
  }

  document.addEventListener("DOMContentLoaded", () => prepare(document));
  document.addEventListener("htmx:load", (event) => prepare(event.target));

  // A lost answer is said in words, and can be tried again

  let lost = null;

  function messageBox() {
    return document.getElementById("lost-answer");
  }

  function say(event, which) {
    const words = document.getElementById(which);
    if (!words) return;
    lost = event.detail;
    messageBox().replaceChildren(words.content.cloneNode(true));
  }

  function retry() {
    const { elt: element, requestConfig } = lost;
    const trigger = requestConfig && requestConfig.triggeringEvent;
    messageBox().replaceChildren();
    if (!element.isConnected) {
      location.reload();
      return;
    }
    if (element.matches("a, button, summary, input")) element.focus();
    window.htmx.trigger(element, trigger ? trigger.type : "click");
  }

  document.addEventListener("htmx:sendError", (event) => say(event, "lost-connection"));
  document.addEventListener("htmx:timeout", (event) => say(event, "lost-connection"));
  document.addEventListener("htmx:responseError", (event) => say(event, "lost-server"));
  document.addEventListener("htmx:afterOnLoad", (event) => { if (event.detail.successful) messageBox().replaceChildren(); });

  // A swap never throws away the keyboard's place, and never puts a whole page into a part of one

  let place = null;

  document.addEventListener("htmx:beforeSwap", (event) => {
    const { target, xhr, serverResponse, pathInfo } = event.detail;
    const redirected = xhr.responseURL && new URL(xhr.responseURL).pathname !== new URL(pathInfo.finalRequestPath, location.href).pathname;
    if (redirected && /^\s*<!doctype html/i.test(serverResponse)) {
      event.detail.shouldSwap = false; // signed out in the meantime, most likely
      location.assign(xhr.responseURL);
      return;
    }
    const held = target.contains(document.activeElement);
    place = held ? { before: target.previousElementSibling, parent: target.parentElement, target } : null;
  });

  // After a refusal the keyboard is where something needs another look, unless the page says where

  const wrong = document.querySelector("main [aria-invalid=true]");
  if (wrong && !document.querySelector("[autofocus]")) wrong.focus();

  document.addEventListener("htmx:afterSettle", () => {
    if (!place || (document.activeElement && document.activeElement !== document.body)) return;
    const { before, parent, target } = place;
    place = null;
    const fresh = target.isConnected ? target : before ? before.nextElementSibling : parent.firstElementChild;
    if (!fresh) return;
    const control = "summary, a[href], button, input:not([type=hidden]), select, textarea";
    const first = fresh.matches(control) ? fresh : fresh.querySelector(control);
    if (first) first.focus({ preventScroll: true });
  });
})();
