/** Style of the page about all runs. */
export const runsPageStyle = `
:root { color-scheme: light dark; --text: #1d1d1f; --quiet: #6b6b70; --line: #d9d9de; --back: #fff; --bar: #c9d6ea;
    --best: #2f6fd0; --bad: #b3261e; --mark: #fff3c4; }
@media (prefers-color-scheme: dark) { :root { --text: #ececf0; --quiet: #a0a0a8; --line: #3a3a40; --back: #18181b;
    --bar: #34435c; --best: #8ab4f8; --bad: #f2b8b5; --mark: #4a4220; } }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 2rem 1.25rem 4rem; max-width: 80rem; background: var(--back); color: var(--text);
    font: 15px/1.5 system-ui, sans-serif; }
h1 { margin: 0; font-size: 1.6rem; } h2 { font-size: 1.1rem; margin: 2rem 0 .5rem; }
#summary, .quiet { color: var(--quiet); }
.wide { overflow-x: auto; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; white-space: nowrap; }
th, td { padding: .35rem .75rem .35rem 0; border-bottom: 1px solid var(--line); text-align: left; vertical-align: baseline; }
th button { all: unset; cursor: pointer; font-weight: 600; } th button:focus-visible, a:focus-visible { outline: 2px solid var(--best); }
td.number, th.number { text-align: right; }
.bar { display: block; height: 4px; margin-top: 2px; background: var(--bar); border-radius: 2px; }
.best, .best a { color: var(--best); font-weight: 600; } .best .bar { background: var(--best); }
.failed { color: var(--bad); } .differs td { background: var(--mark); }
a { color: inherit; } select, input { font: inherit; accent-color: var(--best); }
#chart svg { display: block; width: 100%; height: 150px; } #chart rect { fill: var(--bar); } #chart rect.best { fill: var(--best); }
#chart text { fill: var(--quiet); font-size: 11px; }
.pair { display: grid; grid-template-columns: repeat(auto-fit, minmax(20rem, 1fr)); gap: 1rem; }
iframe { width: 100%; height: 40rem; border: 1px solid var(--line); }
@media (max-width: 30rem) { body { padding: 1.25rem .75rem 3rem; } .pair { grid-template-columns: 1fr; } }
`;

/** Functions that create elements, for the scripts of the pages. */
export const elementFunctions = `function el(tag, properties = {}, ...children) {
    const node = Object.assign(document.createElement(tag), properties);
    node.append(...children.filter((child) => child !== null && child !== undefined));
    return node;
}
function svg(tag, attributes, ...children) {
    const node = document.createElementNS("http://www.w3.org/2000/svg", tag);
    for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
    node.append(...children);
    return node;
}
`;

/** Script of the page about all runs. Text from a trainer reaches the page only as text, never as HTML. */
export const runsPageScript = `"use strict";
const { stack, runs, metrics, parameters, lowerIsBetter } = JSON.parse(document.getElementById("data").textContent);
const state = { metric: metrics[0], sort: "started", down: true, chosen: runs.map((run) => run.id).filter((id) => location.hash === "#" + id) };
const lower = new RegExp(lowerIsBetter, "i");
${elementFunctions}const shown = (value) => (typeof value === "number" ? value.toLocaleString("en-US", { maximumSignificantDigits: 5 }) : value ?? "");
const when = (iso) => (iso === null ? "" : iso.slice(0, 16).replace("T", " "));
function duration(seconds) {
    if (seconds === null) return "";
    const [h, m, s] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, Math.round(seconds) % 60];
    return h > 0 ? h + " h " + m + " min" : m > 0 ? m + " min " + s + " s" : (seconds < 10 ? seconds.toFixed(1) : s) + " s";
}
function cost(run) {
    const usd = run.costUsd ?? run.exampleCostUsd;
    return usd === null ? "" : "$" + usd.toFixed(4) + (run.costUsd === null ? " (example)" : "");
}
function best(metric) {
    const having = runs.filter((run) => metric in run.metrics);
    return having.reduce((found, run) => {
        if (found === undefined) return run;
        const isBetter = lower.test(metric) ? run.metrics[metric] < found.metrics[metric] : run.metrics[metric] > found.metrics[metric];
        return isBetter ? run : found;
    }, undefined);
}
const columns = [
    { id: "run", title: "Run", value: (run) => run.name ?? run.id, cell: (run, isBest) => [
        el("a", { href: encodeURIComponent(run.id) + (run.hasReport ? "/report.html" : "/") }, run.name ?? run.id),
        isBest ? " \\u2605 best" : "", run.name === null ? null : el("div", { className: "quiet" }, run.id)] },
    { id: "state", title: "State", value: (run) => run.state, cell: (run) => [
        el("span", { className: run.state === "SUCCEEDED" ? "" : "failed", title: run.reason ?? "" }, run.state.toLowerCase())] },
    { id: "started", title: "Started (UTC)", value: (run) => run.startedAt ?? "", cell: (run) => [when(run.startedAt)] },
    { id: "seconds", title: "Duration", number: true, value: (run) => run.seconds ?? -1, cell: (run) => [duration(run.seconds)] },
    ...(runs.some(cost) ? [{ id: "cost", title: "Cost", number: true, value: (run) => run.costUsd ?? run.exampleCostUsd ?? -1,
        cell: (run) => [cost(run)] }] : []),
    { id: "machine", title: "Machine", value: (run) => run.machine ?? "", cell: (run) => [
        (run.machine ?? "") + (run.provisioning === "spot" ? ", spot" : "")] },
    { id: "data", title: "Data", value: (run) => run.datasetHash ?? "", cell: (run) => [
        el("span", { title: run.datasetHash ?? "" }, (run.dataset ?? "").split("/").pop())] },
    ...parameters.map((name) => ({ id: "p:" + name, title: name, value: (run) => Number(run.parameters[name]) || (run.parameters[name] ?? ""),
        cell: (run) => [run.parameters[name] ?? ""] })),
    ...metrics.map((name) => ({ id: "m:" + name, title: name, number: true, metric: name, value: (run) => run.metrics[name] ?? -Infinity,
        cell: (run) => [shown(run.metrics[name]), bar(run, name)] })),
];
function scale(metric) {
    const values = runs.map((run) => run.metrics[metric]).filter((value) => value !== undefined);
    const [low, high] = [Math.min(0, ...values), Math.max(0, ...values)];
    return (value) => (high === low ? 0 : (value - low) / (high - low));
}
function bar(run, metric) {
    if (!(metric in run.metrics)) return null;
    const node = el("span", { className: "bar" });
    node.style.width = Math.max(2, 100 * scale(metric)(run.metrics[metric])) + "%";
    return node;
}
function drawChart() {
    const place = document.getElementById("chart");
    if (metrics.length === 0) return place.replaceChildren();
    const select = el("select", { id: "metric", onchange: () => { state.metric = select.value; draw(); } },
        ...metrics.map((name) => el("option", { value: name, selected: name === state.metric }, name)));
    const having = runs.filter((run) => state.metric in run.metrics);
    const at = scale(state.metric);
    const top = best(state.metric);
    const width = place.clientWidth, height = 150;
    const step = width / Math.max(having.length, Math.min(6, Math.floor(width / 80)));
    const bars = having.map((run, index) => {
        const size = Math.max(2, at(run.metrics[state.metric]) * (height - 45));
        const place = { x: index * step + 2, width: Math.max(1, step - 4), y: height - 20 - size, height: size, class: run === top ? "best" : "" };
        const label = shown(run.metrics[state.metric]);
        const texts = [
            step < 50 ? null : svg("text", { x: index * step + 4, y: height - 26 - size }, label),
            step < 72 ? null : svg("text", { x: index * step + 4, y: height - 5 }, when(run.startedAt).slice(5)),
        ].filter((text) => text !== null);
        return svg("g", {}, svg("title", {}, (run.name ?? run.id) + ": " + label), svg("rect", place), ...texts);
    });
    place.replaceChildren(el("h2", {}, el("label", { htmlFor: "metric" }, "Over time: "), select,
        el("span", { className: "quiet" }, lower.test(state.metric) ? " lower is better" : " higher is better")),
        svg("svg", { viewBox: "0 0 " + width + " " + height, role: "img",
            "aria-label": state.metric + " of " + having.length + " runs in order of start time" }, ...bars));
}
function drawTable() {
    const key = columns.find(({ id }) => id === state.sort);
    const sorted = [...runs].sort((a, b) => {
        const [x, y] = [key.value(a), key.value(b)];
        return (x < y ? -1 : x > y ? 1 : 0) * (state.down ? -1 : 1);
    });
    const heads = columns.map((column) => {
        const sorts = column.id === state.sort;
        const button = el("button", { type: "button", onclick: () => {
            state.down = sorts ? !state.down : column.metric === undefined || !lower.test(column.metric);
            state.sort = column.id;
            draw();
        } }, column.title + (sorts ? (state.down ? " \\u2193" : " \\u2191") : ""));
        const head = el("th", { className: column.number ? "number" : "" }, button);
        if (sorts) head.setAttribute("aria-sort", state.down ? "descending" : "ascending");
        return head;
    });
    const top = best(state.metric);
    const rows = sorted.map((run) => {
        const box = el("input", { type: "checkbox", checked: state.chosen.includes(run.id), onchange: () => {
            state.chosen = box.checked ? [...state.chosen, run.id].slice(-2) : state.chosen.filter((id) => id !== run.id);
            draw();
        } });
        box.setAttribute("aria-label", "Compare " + (run.name ?? run.id));
        const cells = columns.map((column) => {
            const isBest = column.metric !== undefined && best(column.metric) === run;
            const className = (column.number ? "number " : "") + (isBest || (column.id === "run" && run === top) ? "best" : "");
            return el("td", { className }, ...column.cell(run, run === top));
        });
        return el("tr", {}, el("td", {}, box), ...cells);
    });
    document.getElementById("table").replaceChildren(el("h2", {}, "All runs"),
        el("p", { className: "quiet" }, "Choose one to see its report, or two to compare them."),
        el("div", { className: "wide" }, el("table", {}, el("thead", {}, el("tr", {}, el("th", {}, ""), ...heads)), el("tbody", {}, ...rows))));
}
function drawComparison() {
    const place = document.getElementById("comparison");
    const pair = state.chosen.map((id) => runs.find((run) => run.id === id));
    if (pair.length === 0) return place.replaceChildren();
    const names = (key) => [...new Set(pair.flatMap((run) => Object.keys(run[key])))];
    const lines = [
        ["State", (run) => run.state], ["Started", (run) => when(run.startedAt)], ["Duration", (run) => duration(run.seconds)],
        ["Cost", cost], ["Machine", (run) => run.machine], ["Data", (run) => run.dataset], ["Hash of the data", (run) => run.datasetHash],
        ["Image", (run) => run.image],
        ...names("parameters").map((name) => [name, (run) => run.parameters[name]]),
        ...names("metrics").map((name) => [name, (run) => shown(run.metrics[name])]),
    ];
    const rows = lines.map(([title, value]) => {
        const texts = pair.map((run) => String(value(run) ?? ""));
        return el("tr", { className: new Set(texts).size === 1 ? "" : "differs" }, el("th", { scope: "row" }, title),
            ...texts.map((text) => el("td", {}, text)));
    });
    const frames = pair.every((run) => run.hasReport) ? pair.map((run) => {
        const frame = el("iframe", { src: encodeURIComponent(run.id) + "/report.html", title: "Report on " + run.id });
        frame.setAttribute("sandbox", "allow-scripts");
        return frame;
    }) : [];
    place.replaceChildren(el("h2", {}, pair.length === 1 ? "Chosen run" : "Side by side"), el("div", { className: "wide" }, el("table", {},
        el("thead", {}, el("tr", {}, el("th", {}, ""), ...pair.map((run) => el("th", {}, run.name ?? run.id)))), el("tbody", {}, ...rows))),
        el("div", { className: "pair" }, ...frames));
}
function draw() { drawChart(); drawTable(); drawComparison(); }
document.getElementById("summary").textContent = runs.length + (runs.length === 1 ? " run" : " runs") + " on this machine for the stack " + stack;
draw();
addEventListener("resize", drawChart);
`;
