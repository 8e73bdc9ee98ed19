// Light or dark, before the first paint: the person's own choice (a cookie), else what their system asks for.
(function () {
  "use strict";

  const root = document.documentElement;
  const system = window.matchMedia("(prefers-color-scheme: dark)");

  function apply() {
    const chosen = document.cookie.match(/(?:^|; )theme=(light|dark)(?:;|$)/);
    root.dataset.bsTheme = chosen ? chosen[1] : system.matches ? "dark" : "light";
  }

  root.classList.add("js");
  apply();
  system.addEventListener("change", apply);
})();
