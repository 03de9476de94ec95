/** A `Key=Value` line in a unit file, with its location for error messages. */
export interface UnitEntry {
    readonly section: string;
    readonly key: string;
    readonly value: string;
    /** `<file>:<line>`. */
    readonly where: string;
}

/** Thrown for a unit that cannot be loaded. In systemd, the reason would be "bad unit file setting". */
export class UnitError extends Error {
    override readonly name = "UnitError";
}

/**
 * Parses a unit file or drop-in, including comments and lines continued with a backslash.
 * @throws UnitError that names the file and line.
 * @see https://www.freedesktop.org/software/systemd/man/latest/systemd.syntax.html
 */
export function parseUnitFile(text: string, file: string): UnitEntry[] {
    const entries: UnitEntry[] = [];
    let section = "";
    let pending = "";
    let pendingLine = 0;
    for (const [index, line] of text.split(/\r?\n/).entries()) {
        if (/^\s*[#;]/.test(line)) {
            continue;
        }
        if (pending === "") {
            pendingLine = index + 1;
        }
        if (line.endsWith("\\")) {
            pending += `${line.slice(0, -1)} `;
            continue;
        }
        const logical = (pending + line).trim();
        pending = "";
        const where = `${file}:${pendingLine}`;
        const header = /^\[([^\]]+)\]$/.exec(logical);
        if (logical === "") {
            continue;
        }
        if (header !== null) {
            section = header[1] ?? "";
            continue;
        }
        const equals = logical.indexOf("=");
        if (section === "" || equals <= 0) {
            throw new UnitError(`${where}: expected "[Section]" or "Key=Value"; got ${JSON.stringify(logical)}`);
        }
        entries.push({
            section,
            key: logical.slice(0, equals).trim(),
            value: logical.slice(equals + 1).trim(),
            where,
        });
    }
    return entries;
}
