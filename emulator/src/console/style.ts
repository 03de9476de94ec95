/** The page's style sheet. It follows the system's light or dark mode and loads no external fonts or images. */
export const STYLE = `
:root {
    color-scheme: light dark;
    --page: #f6f7f9; --card: #fff; --line: #e3e6ea; --text: #1d2430; --soft: #66707f; --accent: #2563c9;
    --good: #157f3c; --good-back: #e2f5e8; --busy: #8a5a00; --busy-back: #fdf1d6; --bad: #b3261e; --bad-back: #fde7e5;
    --idle: #4a5361; --idle-back: #eceff3; --code: #f1f3f6;
}
@media (prefers-color-scheme: dark) {
    :root {
        --page: #12161c; --card: #1a2029; --line: #2b333f; --text: #e4e8ee; --soft: #95a0b0; --accent: #7eb0ff;
        --good: #7fdb9c; --good-back: #16331f; --busy: #f0c674; --busy-back: #3a2d10; --bad: #ff9d94; --bad-back: #431b18;
        --idle: #b5bfcc; --idle-back: #2a323d; --code: #11161d;
    }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--page); color: var(--text); font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; }
header, main { max-width: 1120px; margin: 0 auto; padding: 0 24px; }
header { display: flex; align-items: baseline; gap: 14px; flex-wrap: wrap; padding-top: 28px; padding-bottom: 4px; }
h1 { font-size: 22px; margin: 0; letter-spacing: -.01em; }
header span { color: var(--soft); font-size: 14px; }
nav { display: grid; grid-template-columns: repeat(auto-fit, minmax(150px, 1fr)); gap: 12px; margin: 18px 0 8px; }
nav a { background: var(--card); border: 1px solid var(--line); border-radius: 12px; padding: 12px 16px; text-decoration: none; color: inherit; }
nav a:hover { border-color: var(--accent); }
nav b { display: block; font-size: 24px; line-height: 1.2; font-variant-numeric: tabular-nums; }
nav span { color: var(--soft); font-size: 13px; }
section { background: var(--card); border: 1px solid var(--line); border-radius: 12px; margin: 16px 0; padding: 6px 20px 16px; scroll-margin-top: 12px; }
h2 { font-size: 16px; margin: 12px 0 8px; }
h3 { font-size: 14px; margin: 0; display: inline; font-weight: 600; }
.empty { color: var(--soft); margin: 4px 0 6px; }
table { width: 100%; border-collapse: collapse; font-size: 14px; }
th { text-align: left; color: var(--soft); font-weight: 500; font-size: 12.5px; padding: 6px 12px 6px 0; border-bottom: 1px solid var(--line); }
td { padding: 6px 12px 6px 0; border-bottom: 1px solid var(--line); vertical-align: top; overflow-wrap: break-word; }
.mono, td code, td a { overflow-wrap: anywhere; }
tr:last-child td { border-bottom: 0; }
td.number, th.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
td.time { color: var(--soft); white-space: nowrap; font-variant-numeric: tabular-nums; }
code, pre, .mono { font: 12.5px/1.55 ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; }
a { color: var(--accent); }
details { border-top: 1px solid var(--line); padding: 8px 0; }
details:first-of-type { border-top: 0; }
summary { cursor: pointer; padding: 2px 0; }
summary .note { color: var(--soft); font-size: 13px; margin-left: 8px; }
details > :not(summary) { margin-left: 18px; }
details > table { width: calc(100% - 18px); }
pre { background: var(--code); border: 1px solid var(--line); border-radius: 8px; padding: 10px 12px; margin: 8px 0 4px; max-height: 420px; overflow: auto; white-space: pre-wrap; overflow-wrap: anywhere; }
.chip { display: inline-block; white-space: nowrap; border-radius: 999px; padding: 1px 10px; font-size: 12px; font-weight: 600; margin-left: 8px; vertical-align: 1px; color: var(--idle); background: var(--idle-back); }
td .chip { margin-left: 0; }
.chip.good { color: var(--good); background: var(--good-back); }
.chip.busy { color: var(--busy); background: var(--busy-back); }
.chip.bad { color: var(--bad); background: var(--bad-back); }
footer { color: var(--soft); font-size: 13px; text-align: center; padding: 8px 0 32px; }
`;

/**
 * Reloads the page content every few seconds without closing open sections or changing the scroll position. Pauses
 * while the page is hidden.
 */
export const SCRIPT = `
setInterval(async () => {
    if (document.hidden || String(getSelection())) return;
    const answer = await fetch(location.pathname).catch(() => undefined);
    if (!answer || !answer.ok) return;
    const next = new DOMParser().parseFromString(await answer.text(), "text/html").querySelector("main");
    const open = new Set([...document.querySelectorAll("details[open]")].map((one) => one.id));
    const scrolled = new Map([...document.querySelectorAll("pre[id]")].map((one) => [one.id, one.scrollTop]));
    for (const one of next.querySelectorAll("details")) {
        if (document.getElementById(one.id)) one.toggleAttribute("open", open.has(one.id));
    }
    document.querySelector("main").replaceWith(next);
    for (const [id, top] of scrolled) { const one = document.getElementById(id); if (one) one.scrollTop = top; }
}, 4000);
`;
