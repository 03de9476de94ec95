import { type DefaultTreeAdapterTypes, type ParserError, parse } from "parse5";
import { type ReportInput, renderReport } from "../../../lib/report";

type Node = DefaultTreeAdapterTypes.Node;
export type Element = DefaultTreeAdapterTypes.Element;

/** Parses a report's page into its elements, visible text and size in bytes. */
export function pageOf(input: ReportInput): { elements: Element[]; text: string; errors: string[]; size: number } {
    const html = renderReport(input);
    const { elements, errors } = parsePage(html);
    const body = elements.find(({ tagName }) => tagName === "body");
    return { elements, text: textOf(body), errors, size: Buffer.byteLength(html) };
}

/** Parses a page as a browser does, with all parse errors of the HTML standard. */
export function parsePage(page: string): { elements: Element[]; errors: string[] } {
    const errors: string[] = [];
    const onParseError = ({ code, startLine, startCol }: ParserError) => {
        errors.push(`${code} at ${startLine}:${startCol}`);
    };
    const elements: Element[] = [];
    const collect = (node: Node): void => {
        if ("tagName" in node) {
            elements.push(node);
        }
        for (const child of "childNodes" in node ? node.childNodes : []) {
            collect(child);
        }
    };
    collect(parse(page, { onParseError, sourceCodeLocationInfo: true }));
    return { elements, errors };
}

export function attribute(element: Element | undefined, name: string): string | undefined {
    return element?.attrs.find((entry) => entry.name === name)?.value;
}

export function hasClass(element: Element, name: string): boolean {
    return (attribute(element, "class") ?? "").split(" ").includes(name);
}

/** Returns all text except scripts, with whitespace collapsed, as if copied from the screen. */
export function textOf(node: Node | undefined): string {
    const text = (item: Node): string => {
        if ("value" in item) {
            return item.value;
        }
        return "childNodes" in item && item.nodeName !== "script" ? item.childNodes.map(text).join("") : "";
    };
    return node === undefined ? "" : text(node).replaceAll(/\s+/g, " ").trim();
}

/** Finds the elements with a given tag name in an element or a page. */
export function byTag(where: Element | readonly Element[], tag: string): Element[] {
    const all = Array.isArray(where) ? (where as Element[]) : below(where as Element);
    return all.filter(({ tagName }) => tagName === tag);
}

/** Returns the text of each table cell by row, including headings. */
export function cellsOf(table: Element | undefined): string[][] {
    return table === undefined
        ? []
        : byTag(table, "tr").map((row) =>
              below(row)
                  .filter(({ tagName }) => tagName === "td" || tagName === "th")
                  .map(textOf),
          );
}

function below(element: Element): Element[] {
    return element.childNodes.flatMap((child) => ("tagName" in child ? [child, ...below(child)] : []));
}
