import { elementFunctions } from "./runs-page-parts";

/** Style of a sweep's report page. */
export const sweepPageStyle = `
:root { color-scheme: light dark; --text: #1d1d1f; --quiet: #6b6b70; --line: #d9d9de; --back: #fff; --dot: #7d9cc9;
    --best: #1f5fc0; --bad: #b3261e; --card: #f5f6f8; }
@media (prefers-color-scheme: dark) { :root { --text: #ececf0; --quiet: #a0a0a8; --line: #3a3a40; --back: #18181b;
    --dot: #6d87b3; --best: #8ab4f8; --bad: #f2b8b5; --card: #222226; } }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 2rem 1.25rem 4rem; max-width: 80rem; background: var(--back); color: var(--text);
    font: 15px/1.5 system-ui, sans-serif; }
h1 { margin: 0; font-size: 1.6rem; overflow-wrap: anywhere; } h2 { font-size: 1.1rem; margin: 2rem 0 .5rem; }
h3 { font-size: 1rem; margin: 0 0 .25rem; overflow-wrap: anywhere; }
#summary, .quiet { color: var(--quiet); }
.card { background: var(--card); border-radius: 8px; padding: 1rem 1.25rem; }
.card b { font-size: 1.5rem; color: var(--best); }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .1rem 1rem; margin: .5rem 0 0; } dd { margin: 0; overflow-wrap: anywhere; }
.plots { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 20rem), 1fr)); gap: 1rem; }
svg { display: block; width: 100%; height: auto; } svg text { fill: var(--quiet); font-size: 11px; }
svg .axis { stroke: var(--line); } svg .dot { fill: var(--dot); fill-opacity: .75; cursor: pointer; }
svg .mean { stroke: var(--quiet); fill: none; stroke-dasharray: 3 3; }
svg .dot.best { fill: var(--best); fill-opacity: 1; } svg .dot.chosen { stroke: var(--text); stroke-width: 2; }
svg .dot:focus-visible { outline: 2px solid var(--best); }
.wide { overflow-x: auto; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; white-space: nowrap; }
th, td { padding: .35rem .9rem .35rem 0; border-bottom: 1px solid var(--line); text-align: left; vertical-align: baseline; }
th button { all: unset; cursor: pointer; font-weight: 600; }
th button:focus-visible, a:focus-visible, tr:focus-visible { outline: 2px solid var(--best); }
td.number, th.number { text-align: right; } .failed { color: var(--bad); } tr.best td { color: var(--best); font-weight: 600; }
tr.chosen td { background: var(--card); } td.reason { white-space: normal; min-width: 16rem; }
a { color: inherit; }
@media (max-width: 30rem) { body { padding: 1.25rem .75rem 3rem; } }
`;

/** Script of a sweep's report page. Text from a config or a trainer reaches the page only as text, never as HTML. */
export const sweepPageScript = `"use strict";
const table = JSON.parse(document.getElementById("data").textContent);
const { points, metric, goal, best } = table;
const names = [...new Set(points.flatMap((point) => Object.keys(point.arguments)))];
const state = { sort: metric === null ? "index" : "metric", down: goal === "maximize", chosen: null };
points.forEach((point, index) => { point.index = index; });
${elementFunctions}const shown = (value) => value === null || value === undefined ? "" : typeof value === "number"
    ? value.toLocaleString("en-US", { maximumSignificantDigits: 5 }) : typeof value === "object" ? JSON.stringify(value) : String(value);
const cut = (text, length) => (text.length > length ? text.slice(0, length - 1) + "\\u2026" : text);
const describe = (point) => names.map((name) => name + " " + shown(point.arguments[name])).join(", ");
/** The positions of a parameter's values, from 0 to 1, with the labels for its axis. */
function axisOf(name) {
    const values = points.map((point) => point.arguments[name]).filter((value) => value !== undefined);
    const numbers = values.every((value) => typeof value === "number");
    if (!numbers) {
        const kinds = [...new Set(values.map(shown))];
        const at = (value) => (kinds.length === 1 ? 0.5 : kinds.indexOf(shown(value)) / (kinds.length - 1));
        return { at, labels: kinds.length <= 6 ? kinds.map((kind) => [cut(kind, 12), at(kind)]) : [] };
    }
    const [low, high] = [Math.min(...values), Math.max(...values)];
    const isLog = low > 0 && high / low >= 100;
    const place = (value) => (isLog ? Math.log(value) : value);
    const at = (value) => (high === low ? 0.5 : (place(value) - place(low)) / (place(high) - place(low)));
    const labels = high === low ? [[shown(low), 0.5]] : [[shown(low), 0], [shown(high), 1]];
    return { at, labels, note: isLog ? "logarithmic" : "" };
}
function choose(index) { state.chosen = state.chosen === index ? null : index; draw(); }
function onKeys(node, index) {
    node.addEventListener("click", () => choose(index));
    node.addEventListener("keydown", (event) => {
        if (event.key === "Enter" || event.key === " ") { event.preventDefault(); choose(index); focusAgain(node); }
    });
}
function focusAgain({ id }) { document.getElementById(id)?.focus(); }
function plot(name, number) {
    const width = 360, height = 220, left = 52, right = 14, top = 10, bottom = 28;
    const having = points.filter((point) => point.metric !== null && point.arguments[name] !== undefined);
    const { at, labels, note } = axisOf(name);
    const metrics = having.map((point) => point.metric);
    const [low, high] = [Math.min(...metrics), Math.max(...metrics)];
    const inset = 8;
    const x = (point) => left + inset + at(point.arguments[name]) * (width - left - right - 2 * inset);
    const y = (value) => height - bottom - (high === low ? 0.5 : (value - low) / (high - low)) * (height - top - bottom);
    const ticks = high === low ? [low] : [low, (low + high) / 2, high];
    const groups = new Map();
    for (const point of having) groups.set(x(point), [...(groups.get(x(point)) ?? []), point.metric]);
    const means = [...groups].sort(([a], [b]) => a - b).map(([place, all]) => place + "," + y(all.reduce((sum, one) => sum + one, 0) / all.length));
    // The best and the chosen point are drawn last, so that no other point covers them.
    const rank = (point) => (point.index === state.chosen ? 2 : point.point === best ? 1 : 0);
    const dots = [...having].sort((a, b) => rank(a) - rank(b)).map((point) => {
        const dot = svg("circle", { cx: x(point), cy: y(point.metric), r: rank(point) > 0 ? 6 : 4, id: "dot-" + number + "-" + point.index,
            class: "dot" + (point.point === best ? " best" : "") + (point.index === state.chosen ? " chosen" : ""), tabindex: rank(point) > 0 ? 0 : -1,
            role: "button", "aria-label": metric + " " + shown(point.metric) + " at " + describe(point) },
            svg("title", {}, metric + " " + shown(point.metric) + "\\n" + describe(point)));
        onKeys(dot, point.index);
        return dot;
    });
    const lines = ticks.map((tick) => svg("g", {}, svg("line", { class: "axis", x1: left, x2: width - right, y1: y(tick), y2: y(tick) }),
        Object.assign(svg("text", { x: left - 6, y: y(tick) + 4, "text-anchor": "end" }, shown(tick)))));
    const texts = labels.map(([label, place], index) => svg("text", { x: left + inset + place * (width - left - right - 2 * inset), y: height - 8,
        "text-anchor": labels.length === 1 ? "middle" : index === 0 ? "start" : index === labels.length - 1 ? "end" : "middle" }, label));
    const mean = groups.size > 1 && groups.size < having.length ? [svg("polyline", { class: "mean", points: means.join(" ") })] : [];
    return el("figure", { className: "card", style: "margin:0" }, el("h3", {}, name, note ? el("span", { className: "quiet" }, " (" + note + ")") : null),
        svg("svg", { viewBox: "0 0 " + width + " " + height, role: "group", "aria-label": metric + " over " + name + " of " + having.length + " points" },
            ...lines, ...texts, ...mean, ...dots));
}
function drawBest() {
    const found = points.find(({ point }) => point === best);
    const chosen = state.chosen === null ? undefined : points[state.chosen];
    const point = chosen ?? found;
    const place = document.getElementById("best");
    if (point === undefined) return place.replaceChildren();
    const rows = names.flatMap((name) => [el("dt", { className: "quiet" }, name), el("dd", {}, shown(point.arguments[name]))]);
    place.replaceChildren(el("h2", {}, point === found ? "Best point" : "Chosen point"), el("div", { className: "card" },
        point.metric === null ? el("span", { className: "failed" }, point.state.toLowerCase()) : el("span", {}, metric + " ", el("b", {}, shown(point.metric))),
        el("dl", {}, el("dt", { className: "quiet" }, "point"), el("dd", {}, el("a", { href: "points/" + encodeURIComponent(point.point) + "/" }, point.point)), ...rows)));
}
function drawPlots() {
    const place = document.getElementById("plots");
    const varied = names.filter((name) => new Set(points.map((point) => shown(point.arguments[name]))).size > 1);
    const having = points.filter((point) => point.metric !== null);
    if (metric === null || having.length === 0) {
        return place.replaceChildren(el("p", { className: "quiet" }, metric === null ? "The sweep has no sweepMetric, so there is nothing to plot." : "No point has the metric " + metric + "."));
    }
    place.replaceChildren(el("h2", {}, metric + " over each parameter"),
        el("p", { className: "quiet" }, (goal === "maximize" ? "Higher" : "Lower") + " is better. Choose a dot to highlight its point everywhere; a dashed line joins the means."),
        el("div", { className: "plots" }, ...(varied.length > 0 ? varied : names).map(plot)));
}
const columns = [
    { id: "index", title: "Point", value: (point) => point.index, cell: (point) => el("a", { href: "points/" + encodeURIComponent(point.point) + "/" }, point.point) },
    ...(metric === null ? [] : [{ id: "metric", title: metric, number: true, value: (point) => point.metric, cell: (point) => shown(point.metric) }]),
    ...names.map((name) => ({ id: "p:" + name, title: name, number: points.every((point) => typeof point.arguments[name] === "number"),
        value: (point) => point.arguments[name] ?? null, cell: (point) => cut(shown(point.arguments[name]), 40) })),
    { id: "state", title: "State", value: (point) => point.state, cell: (point) => el("span", { className: point.state === "SUCCEEDED" ? "" : "failed" }, point.state.toLowerCase()) },
    { id: "code", title: "Exit code", number: true, value: (point) => point.exitCode, cell: (point) => shown(point.exitCode) },
    { id: "attempts", title: "Attempts", number: true, value: (point) => point.attempts, cell: (point) => shown(point.attempts) },
    { id: "minutes", title: "Minutes", number: true, value: (point) => point.minutes, cell: (point) => point.minutes.toFixed(2) },
    ...(points.some((point) => point.costUsd !== undefined) ? [{ id: "cost", title: "Cost", number: true, value: (point) => point.costUsd,
        cell: (point) => "$" + point.costUsd.toFixed(4) }] : []),
    { id: "reason", title: "Reason", value: (point) => point.reason, cell: (point) => point.reason ?? "" },
];
function drawTable() {
    const { value } = columns.find(({ id }) => id === state.sort);
    const sorted = [...points].sort((a, b) => {
        const [x, y] = [value(a), value(b)];
        if (x === null || y === null) return (x === null) - (y === null);
        return (x < y ? -1 : x > y ? 1 : a.index - b.index) * (state.down ? -1 : 1);
    });
    const heads = columns.map((column) => {
        const sorts = column.id === state.sort;
        const button = el("button", { type: "button", id: "sort-" + column.id, onclick: () => {
            state.down = sorts ? !state.down : column.id === "metric" && goal === "maximize";
            state.sort = column.id;
            draw();
            focusAgain(button);
        } }, column.title + (sorts ? (state.down ? " \\u2193" : " \\u2191") : ""));
        const head = el("th", { className: column.number ? "number" : "" }, button);
        if (sorts) head.setAttribute("aria-sort", state.down ? "descending" : "ascending");
        return head;
    });
    const rows = sorted.map((point) => {
        const row = el("tr", { id: "row-" + point.index, tabIndex: 0, className: (point.point === best ? "best " : "") + (point.index === state.chosen ? "chosen" : "") },
            ...columns.map((column) => el("td", { className: (column.number ? "number" : "") + (column.id === "reason" ? " reason quiet" : "") }, column.cell(point))));
        onKeys(row, point.index);
        return row;
    });
    document.getElementById("table").replaceChildren(el("h2", {}, "All points"), el("div", { className: "wide" },
        el("table", {}, el("thead", {}, el("tr", {}, ...heads)), el("tbody", {}, ...rows))));
}
function draw() { drawBest(); drawPlots(); drawTable(); }
const { counts } = table;
document.getElementById("summary").textContent = counts.points + " points: " + counts.succeeded + " succeeded, " + counts.failed + " failed" +
    (table.cost === undefined ? "" : "; cost: " + table.cost);
draw();
`;
