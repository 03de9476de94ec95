/**
 * JSON with the keys of every object sorted by UTF-16 code unit, no spaces, and numbers as ECMAScript writes them, as
 * in https://www.rfc-editor.org/rfc/rfc8785.
 */
export function canonicalJson(value: unknown): string {
    if (Array.isArray(value)) {
        return `[${value.map(canonicalJson).join(",")}]`;
    }
    if (typeof value === "object" && value !== null) {
        const pairs = Object.entries(value)
            .sort(([a], [b]) => (a < b ? -1 : 1))
            .map(([name, part]) => `${JSON.stringify(name)}:${canonicalJson(part)}`);
        return `{${pairs.join(",")}}`;
    }
    return JSON.stringify(value);
}
