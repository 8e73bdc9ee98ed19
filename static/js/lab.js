// The rule lab: the form is sent as it is, and answered line by line, so that one sees how far it is and can stop it.
// Without this file the same form is answered by the whole page.
(function () {
  "use strict";

  let running = null;

  async function* linesOf(response) {
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    let rest = "";
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      const lines = (rest + value).split("\n");
      rest = lines.pop();
      for (const line of lines) yield JSON.parse(line);
    }
  }

  function show(form, isBusy) {
    form.querySelector("[data-progress]").hidden = !isBusy;
    form.querySelector("button[type=submit]").disabled = isBusy;
    form.setAttribute("aria-busy", String(isBusy));
  }

  function tell(form, { done, total, text }) {
    const bar = form.querySelector("progress");
    bar.max = Math.max(total, 1);
    bar.value = done;
    form.querySelector("[data-said]").textContent = text;
  }

  function swap(html) {
    const fresh = new DOMParser().parseFromString(html, "text/html").getElementById("lab");
    document.getElementById("lab").replaceWith(document.adoptNode(fresh));
    fresh.dispatchEvent(new CustomEvent("htmx:load", { bubbles: true })); // draws the charts
    const heading = fresh.querySelector("h1");
    document.title = heading.textContent;
    heading.focus({ preventScroll: true });
    window.scrollTo({ top: 0 });
  }

  async function send(form) {
    running = new AbortController();
    form.querySelector("[data-stopped]").hidden = true;
    show(form, true);
    try {
      const response = await fetch(form.action, {
        method: "POST",
        body: new FormData(form),
        headers: { Accept: "application/x-ndjson" },
        signal: running.signal,
      });
      if (!(response.headers.get("Content-Type") || "").startsWith("application/x-ndjson")) {
        form.submit(); // something is wrong at a field, or somebody signed out: the page says so
        return;
      }
      let whole = false;
      for await (const line of linesOf(response)) {
        if (line.html) {
          whole = true;
          swap(line.html);
        } else tell(form, line);
      }
      if (!whole) form.submit();
    } catch (error) {
      if (error.name === "AbortError") form.querySelector("[data-stopped]").hidden = false;
      else form.submit();
    } finally {
      running = null;
      if (form.isConnected) {
        show(form, false);
        delete form.dataset.sentAt; // it can be sent again at once
      }
    }
  }

  document.addEventListener("submit", (event) => {
    const form = event.target.closest("form[data-lab]");
    if (!form || (event.submitter && "file" in event.submitter.dataset)) return;
    const again = event.defaultPrevented || running;
    event.preventDefault();
    if (!again) send(form);
  });

  document.addEventListener("click", (event) => {
    if (running && event.target.closest("[data-stop]")) running.abort();
  });

  window.addEventListener("pagehide", () => { if (running) running.abort(); });
})();
