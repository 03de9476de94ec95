import type { ThresholdData } from "./sections/thresholds";
import type { FieldData, ModelData } from "./tree/row-form";

type Three<T> = [T, T, T];

/**
 * The page's script, serialised by `toString`, so it must not refer to anything outside itself except the browser's
 * API. It predicts the row in the form, marks its path through the tree, folds and unfolds the tree, moves the
 * threshold, and unfolds the tree for printing.
 */
export function pageScript(): void {
    const byId = (id: string) => document.getElementById(id);
    const foldable = () => [...document.querySelectorAll<HTMLDetailsElement>("#tree details")];
    const dataOf = <T>(id: string): T | undefined => {
        const text = byId(id)?.textContent;
        return text ? (JSON.parse(text) as T) : undefined;
    };
    const percent = (share: number) => `${Number((share * 100).toFixed(1))}%`;
    const setOpen = (some: readonly HTMLDetailsElement[], open: boolean) => {
        for (const details of some) {
            details.open = open;
        }
    };

    function setUpFolding(): void {
        const tools = byId("tools");
        if (tools !== null) {
            tools.hidden = false;
            byId("unfold")?.addEventListener("click", () => setOpen(foldable(), true));
            byId("fold")?.addEventListener("click", () => setOpen(foldable(), false));
        }
        let opened: HTMLDetailsElement[] = [];
        addEventListener("beforeprint", () => {
            opened = foldable().filter((details) => !details.open && details.classList.contains("paper"));
            setOpen(opened, true);
        });
        addEventListener("afterprint", () => setOpen(opened, false));
    }

    /** The numbers for a field's parts; undefined if the field is invalid. */
    function numbersOf({ kind, parts, codes, other }: FieldData, places: Map<string, number>, field: Field) {
        const text = field.value.trim();
        if (kind === "text") {
            const isChoice = field instanceof HTMLSelectElement;
            // The value of a choice begins with "=", so that the last one can represent any other text.
            const place =
                isChoice && field.value === "" ? undefined : places.get(isChoice ? field.value.slice(1) : text);
            return codes.map((list, part) => (place === undefined ? other[part] : list[place]) as number);
        }
        if (kind === "date") {
            const time = /^\d\d?:/.test(text) ? `1970-01-01T${text.padStart(5, "0")}` : text.replace(" ", "T");
            const date = new Date(text === "" ? Number.NaN : `${time}${time.includes("T") ? "Z" : ""}`);
            const ofParts: Record<string, number> = {
                time: date.getTime() / 1000,
                month: date.getUTCMonth() + 1,
                day: date.getUTCDate(),
                weekday: date.getUTCDay(),
                hour: date.getUTCHours(),
            };
            const isWrong = text !== "" && Number.isNaN(ofParts.time);
            return isWrong ? undefined : parts.map((part) => ofParts[part] as number);
        }
        const value = Number(text.replace(/^([-+]?\d*),(\d+)$/, "$1.$2").replace("−", "-"));
        return text === "" ? [Number.NaN] : Number.isFinite(value) ? [value] : undefined;
    }

    type Field = HTMLInputElement | HTMLSelectElement;

    function setUpForm(form: HTMLFormElement, model: ModelData): void {
        const { fields, columns, classes, hues, nodes, thresholds, answers } = model;
        const inputs = fields.map((_, index) => byId(`c${index}`) as Field);
        const places = fields.map(({ categories }) => new Map(categories.map((text, place) => [text, place])));
        const [answer, shares, way] = ["answer", "shares", "way"].map(byId) as Three<HTMLElement>;
        const limits = new Float64Array(nodes.length);
        const rights = new Uint32Array(nodes.length);
        const roots = [0];
        const open: number[] = [];
        let splits = 0;
        for (const [node, code] of nodes.entries()) {
            const parent = code >= 0 ? undefined : open.pop();
            if (code >= 0) {
                limits[node] = thresholds[splits++] as number;
                open.push(node);
            } else if (parent !== undefined) {
                rights[parent] = node + 1;
            } else if (node + 1 < nodes.length) {
                // A leaf for which no split is waiting is the last node of its tree.
                roots.push(node + 1);
            }
        }

        function goesLeft(node: number, row: readonly number[]): boolean {
            const code = nodes[node] as number;
            const value = row[code >> 1] as number;
            return value < (limits[node] as number) || (Number.isNaN(value) && code % 2 === 1);
        }

        /** The nodes that a row goes through, from a root to a leaf. */
        function pathFrom(root: number, row: readonly number[]): number[] {
            const path = [root];
            for (let node = root; (nodes[node] as number) >= 0; path.push(node)) {
                node = goesLeft(node, row) ? node + 1 : (rights[node] as number);
            }
            return path;
        }

        function clear(): void {
            for (const element of document.querySelectorAll("#tree .on, .icicle .on")) {
                element.classList.remove("on", "end");
                element.removeAttribute("aria-current");
            }
            for (const field of inputs) {
                field.removeAttribute("aria-invalid");
            }
            way.replaceChildren();
            shares.replaceChildren();
        }

        /** Marks a path through the tree that is drawn, and lists its questions if that tree is the whole model. */
        function mark(path: readonly number[], row: readonly number[]): void {
            for (const [index, node] of path.entries()) {
                const isEnd = index === path.length - 1;
                const drawn = byId(`n${node}`);
                for (const element of [drawn, document.querySelector(`.icicle [data-n="${node}"]`)]) {
                    element?.classList.add("on");
                    element?.classList.toggle("end", isEnd);
                }
                if (isEnd) {
                    drawn?.setAttribute("aria-current", "true");
                    return;
                }
                const details = drawn?.querySelector<HTMLDetailsElement>(":scope > details");
                setOpen(details ? [details] : [], true);
                if (roots.length === 1) {
                    const [step, verdict] = [document.createElement("li"), document.createElement("b")];
                    const asked = details?.querySelector(":scope > summary .question")?.textContent;
                    const [field] = columns[(nodes[node] as number) >> 1] as [number, number];
                    const plain = `${fields[field]?.name} < ${Number((limits[node] as number).toPrecision(7))}`;
                    verdict.textContent = goesLeft(node, row) ? "yes" : "no";
                    step.append(`${asked ?? plain}? `, verdict);
                    way.append(step);
                }
            }
        }

        /** The most probable classes, with bars. */
        function showShares(sums: readonly number[], labels: readonly string[]): void {
            const order = [...sums.keys()].sort((a, b) => (sums[b] as number) - (sums[a] as number) || a - b);
            const [first = 0] = order;
            const nameOf = (label: number) => labels[label] || "(empty)";
            answer.textContent = `${nameOf(first)} (${percent(sums[first] as number)})`;
            for (const label of order.slice(0, 6)) {
                const item = document.createElement("li");
                item.className = hues[label] as string;
                const elements = ["span", "span", "b"].map((tag) => document.createElement(tag));
                const [text, bar, number] = elements as Three<HTMLElement>;
                text.textContent = nameOf(label);
                number.textContent = percent(sums[label] as number);
                bar.className = "meter";
                bar.style.setProperty("--share", String(sums[label]));
                item.append(text, bar, number);
                shares.append(item);
            }
        }

        function predict(): void {
            clear();
            const numbers = fields.map((field, index) =>
                numbersOf(field, places[index] as Map<string, number>, inputs[index] as Field),
            );
            const wrong = numbers.indexOf(undefined);
            answer.className = wrong < 0 ? "found" : "wrong";
            if (wrong >= 0) {
                const { name, kind } = fields[wrong] as FieldData;
                inputs[wrong]?.setAttribute("aria-invalid", "true");
                answer.textContent = `${name} must be ${kind === "date" ? "a date such as 2024-12-31" : "a number"}.`;
                return;
            }
            const row = columns.map(([field, part]) => numbers[field]?.[part] as number);
            const sums = new Array<number>(classes?.length ?? 1).fill(0);
            for (const root of roots) {
                const leaf = pathFrom(root, row).at(-1) as number;
                const values = answers[-1 - (nodes[leaf] as number)] as number[];
                for (let at = 0; at < values.length; at += 2) {
                    const [label, value] = classes === undefined ? [0, values[0]] : [values[at], values[at + 1]];
                    sums[label as number] = (sums[label as number] as number) + (value as number);
                }
            }
            const means = sums.map((sum) => sum / roots.length);
            if (classes === undefined) {
                answer.textContent = String(Number((means[0] as number).toPrecision(6)));
            } else {
                showShares(means, classes);
            }
            mark(pathFrom(0, row), row);
        }

        form.hidden = false;
        form.addEventListener("input", predict);
        form.addEventListener("submit", (event) => event.preventDefault());
        form.addEventListener("reset", () => setTimeout(predict));
        predict();
    }

    function setUpThreshold(form: HTMLFormElement, { found, wrong, positives, negatives }: ThresholdData): void {
        const slider = byId("cut") as HTMLInputElement;
        const show = (id: string, text: string) => byId(id)?.replaceChildren(text);
        const move = (id: string, x: number, y: number) => {
            const dot = byId(id);
            const numbers = ["left", "bottom", "side"].map((key) => Number(dot?.dataset[key]));
            const [left, bottom, side] = numbers as Three<number>;
            dot?.setAttribute("cx", String(left + side * x));
            dot?.setAttribute("cy", String(bottom - side * y));
        };
        const apply = () => {
            const cut = Number(slider.value);
            const [tp, fp] = [found[cut] as number, wrong[cut] as number];
            const counts = { tp, fn: positives - tp, fp, tn: negatives - fp };
            for (const [id, count] of Object.entries(counts)) {
                show(`t-${id}`, count.toLocaleString("en-US"));
            }
            const precision = tp + fp === 0 ? undefined : tp / (tp + fp);
            show("cut-value", `${cut}%`);
            show("t-accuracy", percent((tp + counts.tn) / (positives + negatives)));
            show("t-recall", percent(tp / positives));
            show("t-precision", precision === undefined ? "–" : percent(precision));
            show("t-f1", percent((2 * tp) / (positives + tp + fp)));
            move("roc", fp / negatives, tp / positives);
            move("pr", tp / positives, precision ?? 1);
        };
        form.hidden = false;
        slider.addEventListener("input", apply);
        form.addEventListener("submit", (event) => event.preventDefault());
        // A browser may restore the position of the slider when the page is loaded again.
        apply();
    }

    setUpFolding();
    const [row, model] = [byId("row"), dataOf<ModelData>("model-data")];
    if (row instanceof HTMLFormElement && model) {
        setUpForm(row, model);
    }
    const [threshold, counts] = [byId("threshold"), dataOf<ThresholdData>("threshold-data")];
    if (threshold instanceof HTMLFormElement && counts) {
        setUpThreshold(threshold, counts);
    }
}
