import type { TreeData } from "./tree/tree-data";

/**
 * The page's script, serialised by `toString`, so it must not refer to anything outside itself except the browser's
 * API. It marks the path of a row through the tree, folds and unfolds the tree, and unfolds it for printing.
 */
export function pageScript(): void {
    const byId = (id: string) => document.getElementById(id);
    const foldable = () => [...document.querySelectorAll<HTMLDetailsElement>("#tree details")];

    function setUpFolding(): void {
        const tools = byId("tools");
        if (tools !== null) {
            tools.hidden = false;
            byId("unfold")?.addEventListener("click", () => {
                for (const details of foldable()) {
                    details.open = true;
                }
            });
            byId("fold")?.addEventListener("click", () => {
                for (const details of foldable()) {
                    details.open = false;
                }
            });
        }
        let opened: HTMLDetailsElement[] = [];
        addEventListener("beforeprint", () => {
            opened = foldable().filter((details) => !details.open && details.classList.contains("paper"));
            for (const details of opened) {
                details.open = true;
            }
        });
        addEventListener("afterprint", () => {
            for (const details of opened) {
                details.open = false;
            }
        });
    }

    /** The content of a field: nothing yet, a value to compare, or an invalid value. */
    type Cell = { state: "empty" } | { state: "value"; value: number; shown: string } | { state: "wrong"; why: string };

    function setUpForm(form: HTMLFormElement, tree: TreeData): void {
        const fields = [...form.querySelectorAll<HTMLInputElement | HTMLSelectElement>("[data-column]")];
        const fieldOf = new Map(fields.map((field) => [Number(field.dataset.column), field]));
        const answer = byId("answer") as HTMLElement;
        const way = byId("way") as HTMLElement;

        function read(column: number): Cell {
            const asked = tree.columns[column] as TreeData["columns"][number];
            const { kind, name, part } = asked;
            const field = fieldOf.get(asked.field);
            const text = (field?.value ?? "").trim();
            const codeOf = (category: string): Cell => {
                const value = Object.hasOwn(asked.codes, category) ? (asked.codes[category] as number) : asked.other;
                return { state: "value", value, shown: category === "" ? "(empty)" : category };
            };
            if (kind === "date") {
                if (text === "") {
                    return { state: "empty" };
                }
                const time = /^\d\d?:/.test(text) ? `1970-01-01T${text.padStart(5, "0")}` : text.replace(" ", "T");
                const date = new Date(`${time}${time.includes("T") ? "Z" : ""}`);
                const parts: Record<string, number> = {
                    time: date.getTime() / 1000,
                    month: date.getUTCMonth() + 1,
                    day: date.getUTCDate(),
                    weekday: date.getUTCDay(),
                    hour: date.getUTCHours(),
                };
                const value = parts[part ?? "time"] as number;
                return Number.isNaN(value)
                    ? { state: "wrong", why: `${name} must be a date such as 2024-12-31.` }
                    : { state: "value", value, shown: text };
            }
            if (kind === "number") {
                const missing = form.querySelector<HTMLInputElement>(`[data-missing="${asked.field}"]`);
                if (missing?.checked) {
                    return { state: "value", value: Number.NaN, shown: "no value" };
                }
                if (text === "") {
                    return { state: "empty" };
                }
                const value = Number(text.replace(/^([-+]?\d*),(\d+)$/, "$1.$2").replace("−", "-"));
                return Number.isFinite(value)
                    ? { state: "value", value, shown: String(value) }
                    : { state: "wrong", why: `${name} must be a number.` };
            }
            if (field instanceof HTMLSelectElement) {
                return field.value === "" ? { state: "empty" } : codeOf(field.value.slice(1));
            }
            return text === "" ? { state: "empty" } : codeOf(text);
        }
        function clear(): void {
            for (const element of document.querySelectorAll("#tree .on, .icicle .on")) {
                element.classList.remove("on", "end");
                element.removeAttribute("aria-current");
            }
            for (const field of fields) {
                field.removeAttribute("aria-invalid");
            }
            way.replaceChildren();
        }

        function mark(index: number, isEnd: boolean): void {
            for (const element of [byId(`n${index}`), document.querySelector(`.icicle [data-n="${index}"]`)]) {
                element?.classList.add("on");
                if (isEnd) {
                    element?.classList.add("end");
                }
            }
            const node = byId(`n${index}`);
            if (isEnd) {
                node?.setAttribute("aria-current", "true");
            }
            const details = node?.querySelector<HTMLDetailsElement>(":scope > details");
            if (details && !isEnd) {
                details.open = true;
            }
        }

        function percent(share: number): string {
            return `${Number((share * 100).toFixed(1))}\u00a0%`;
        }

        function describe(index: number): string {
            const value = tree.answer[index];
            const rows = tree.rows[index] as number;
            const of = rows < 0 ? "" : ` of ${rows.toLocaleString("en-US")} ${rows === 1 ? "row" : "rows"}`;
            if (typeof value === "number") {
                return `${Number(value.toPrecision(6))}${of && ` (the mean${of})`}`;
            }
            const [label = 0, share = 0] = value ?? [];
            return `${tree.classes?.[label] || "(empty)"} (${percent(share)}${of})`;
        }

        function addStep(index: number, column: number, shown: string, goesLeft: boolean): void {
            const step = document.createElement("li");
            const asked = document.querySelector(`#n${index} > details > summary .question`)?.textContent;
            const { name } = tree.columns[column] as TreeData["columns"][number];
            const threshold = tree.threshold[index];
            step.append(`${asked ?? `${name} < ${Number(threshold?.toPrecision(7))}`}? `);
            const verdict = document.createElement("b");
            verdict.textContent = goesLeft ? "yes" : "no";
            step.append(verdict, ` (${shown})`);
            way.append(step);
        }

        /** The node where the path ends, the text that describes it, and the column whose field is invalid. */
        type End = { index: number; text: string; tone: "found" | "next" | "wrong"; field?: number };

        /** Marks the path from the root as far as the values are known. */
        function walk(): End {
            for (let index = 0; ; ) {
                const column = tree.column[index] as number;
                if (column === -1) {
                    return { index, text: describe(index), tone: "found" };
                }
                if (column === -2) {
                    return { index, text: `Not at a leaf yet. So far: ${describe(index)}`, tone: "found" };
                }
                const cell = read(column);
                const { name, field } = tree.columns[column] as TreeData["columns"][number];
                if (cell.state !== "value") {
                    fieldOf.get(field)?.closest("details")?.setAttribute("open", "");
                }
                if (cell.state === "empty") {
                    const text = index === 0 ? `Fill in ${name} to begin.` : `Next: ${name}`;
                    return { index, text, tone: "next" };
                }
                if (cell.state === "wrong") {
                    return { index, text: cell.why, tone: "wrong", field };
                }
                const goesLeft = cell.value < (tree.threshold[index] as number);
                mark(index, false);
                addStep(index, column, cell.shown, goesLeft);
                index = goesLeft ? index + 1 : (tree.right[index] as number);
            }
        }

        function follow(): void {
            clear();
            const { index, text, tone, field } = walk();
            if (index > 0 || tone !== "next") {
                mark(index, true);
            }
            answer.className = tone;
            answer.textContent = text;
            if (field !== undefined) {
                fieldOf.get(field)?.setAttribute("aria-invalid", "true");
            }
        }

        form.hidden = false;
        form.addEventListener("input", follow);
        form.addEventListener("submit", (event) => event.preventDefault());
        form.addEventListener("reset", () => setTimeout(follow));
        follow();
    }

    setUpFolding();
    const form = byId("row");
    const data = byId("tree-data")?.textContent;
    if (form instanceof HTMLFormElement && data) {
        setUpForm(form, JSON.parse(data) as TreeData);
    }
}
