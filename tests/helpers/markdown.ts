import path from "node:path";
import { textOf } from "./source-files";

export interface Link {
    /** Link target as written, such as `docs/roles.md#the-deployer`. */
    target: string;
    /** Path of the linked file, relative to the project folder. */
    file: string;
    /** Anchor without its `#`, or empty if the link does not have one. */
    anchor: string;
}

/** Lines of a Markdown file outside fenced code blocks. */
export function proseLines(file: string): string[] {
    let isCode = false;
    return textOf(file)
        .split("\n")
        .filter((line) => {
            const isFence = /^\s*```/.test(line);
            isCode = isFence ? !isCode : isCode;
            return !isFence && !isCode;
        });
}

/** Links in a Markdown file to files in this project. */
export function localLinks(file: string): Link[] {
    const text = proseLines(file)
        .join("\n")
        .replaceAll(/`[^`\n]*`/g, "");
    return [...text.matchAll(/(?:\]\(|<img src=")(?<target>[^)"\s]+)[)"]/g)]
        .map((match) => match.groups?.target ?? "")
        .filter((target) => !/^[a-z]+:/.test(target))
        .map((target) => {
            const [name = "", anchor = ""] = target.split("#");
            return { target, file: name === "" ? file : path.posix.join(path.posix.dirname(file), name), anchor };
        });
}

/** Anchors that GitHub assigns to the headings in a Markdown file. */
export function anchorsOf(file: string): string[] {
    const seen = new Map<string, number>();
    return proseLines(file)
        .filter((line) => /^#+ /.test(line))
        .map((line) => {
            const slug = line
                .replace(/^#+ /, "")
                .replaceAll(/\[(?<text>[^\]]*)\]\([^)]*\)/g, "$<text>")
                .toLowerCase()
                .replaceAll(/[^\p{L}\p{N}_\- ]/gu, "")
                .trim()
                .replaceAll(" ", "-");
            const count = seen.get(slug) ?? 0;
            seen.set(slug, count + 1);
            return count === 0 ? slug : `${slug}-${count}`;
        });
}

/** Cells in the rows of the first table whose header starts with the given cell. */
export function tableRows(file: string, firstHeader: string): string[][] {
    const lines = proseLines(file);
    const start = lines.findIndex((line) => new RegExp(`^\\| *${firstHeader} *\\|`).test(line));
    const rest = lines.slice(start + 2);
    const end = rest.findIndex((line) => !line.startsWith("|"));
    return (start < 0 ? [] : rest.slice(0, end < 0 ? undefined : end)).map((line) =>
        line
            .split("|")
            .slice(1, -1)
            .map((cell) => cell.trim()),
    );
}

/** The content of the first fenced code block in a language. */
export function codeBlock(file: string, language: string): string {
    return new RegExp(`^\`\`\`${language}\n(?<code>[\\s\\S]*?)^\`\`\``, "m").exec(textOf(file))?.groups?.code ?? "";
}
