// docs/integration.md
{
  const d = document, me = d.currentScript, rank = (mode) => ({ required: 1, none: 2 })[mode] || 0;
  const arg = new URLSearchParams(location.search), ref = arg.get("ref"), gv = arg.get("gv");
  let level = navigator.globalPrivacyControl ? 2 : rank(me.dataset.consent), agreed = 0, days;
  const safe = (act) => { try { return act(); } catch (e) {} };
  const forget = () => safe(() => void delete localStorage.grapevine);
  const store = () => level <= agreed && days && safe(() =>
    localStorage.grapevine = JSON.stringify({ ref, gv: click.gv, until: Date.now() + days * 864e5 }));
  const consent = (yes) => (agreed = yes !== false || -1) > 0 ? store() : forget();

  let click = level > 1 ? forget() : safe(() => JSON.parse(localStorage.grapevine));
  if (!click || click.until < Date.now()) click = {};

  const fill = () => [["referral_code", click.ref], ["click_id", click.gv]].forEach(([name, value]) =>
    d.querySelectorAll(`[type=hidden][name=${name}]`).forEach((one) => one.value = one.value || value || ""));

  const told = (it) => {
    if (!it.gv) return;
    ({ gv: click.gv, days } = it);
    level = Math.max(level, rank(it.consent));
    fill();
    if (level > 1) forget();
    if (store() || click.gv === gv) return;
    const url = new URL(location);
    url.searchParams.set("gv", click.gv);
    history.replaceState(history.state, "", url);
  };

  if (ref && (ref !== click.ref || gv && gv !== click.gv)) {
    const body = JSON.stringify({ ref, gv: gv || click.gv, source_url: d.referrer, url: location.href });
    click = { ref, gv };
    fetch(new URL("/t/clicks", me.src), { method: "POST", credentials: "omit", keepalive: true, body })
      .then((it) => it.json()).then(told).catch(() => {});
  }
  if ((window.grapevine || "")[0]) consent();
  window.grapevine = { consent, push: consent, click: () => click };
  new MutationObserver(fill).observe(d, { childList: 1, subtree: 1 });
  addEventListener("submit", fill, 1);
  fill();
}
