/** One command in a unit, before variable expansion. */
export interface ExecLine {
    /** True for the `-` prefix: a failure of this command counts as success. */
    readonly ignoreFailure: boolean;
    /** The words after unquoting. */
    readonly words: readonly string[];
}

const PREFIXES = "@-:+!|";
const ESCAPES: Readonly<Record<string, string>> = {
    a: "\x07",
    b: "\b",
    f: "\f",
    n: "\n",
    r: "\r",
    t: "\t",
    v: "\v",
    s: " ",
    "\\": "\\",
    '"': '"',
    "'": "'",
};

/**
 * Splits the value of `ExecStart=` and similar directives into words.
 * @throws Error for prefixes or syntax that are not emulated, for unbalanced quotes and for an empty command.
 * @see https://www.freedesktop.org/software/systemd/man/latest/systemd.service.html#Command%20lines
 */
export function parseExecLine(line: string): ExecLine {
    let start = 0;
    let ignoreFailure = false;
    while (start < line.length && PREFIXES.includes(line.charAt(start))) {
        const prefix = line.charAt(start);
        if (prefix !== "-") {
            throw new Error(`prefix "${prefix}" of ${JSON.stringify(line)} is not emulated; allowed: "-"`);
        }
        ignoreFailure = true;
        start += 1;
    }
    const words = splitWords(line.slice(start));
    if (words.length === 0) {
        throw new Error(`no command in ${JSON.stringify(line)}`);
    }
    if (words.includes(";")) {
        throw new Error(`";" between commands is not emulated: ${JSON.stringify(line)}`);
    }
    return { ignoreFailure, words };
}

/** Splits text at white space, respecting systemd's quotes and C escapes. Also used for `Environment=`. */
export function splitWords(text: string): string[] {
    const words: string[] = [];
    let index = 0;
    while (index < text.length) {
        if (/\s/.test(text.charAt(index))) {
            index += 1;
            continue;
        }
        const word = readWord(text, index);
        words.push(word.text);
        index = word.end;
    }
    return words;
}

function readWord(text: string, start: number): { text: string; end: number } {
    let result = "";
    let quote = "";
    let index = start;
    for (; index < text.length; index++) {
        const char = text.charAt(index);
        if (char === "\\") {
            const escaped = readEscape(text, index);
            result += escaped.text;
            index = escaped.end - 1;
        } else if (quote !== "") {
            if (char === quote) {
                quote = "";
            } else {
                result += char;
            }
        } else if (char === '"' || char === "'") {
            quote = char;
        } else if (/\s/.test(char)) {
            break;
        } else {
            result += char;
        }
    }
    if (quote !== "") {
        throw new Error(`unbalanced ${quote} in ${JSON.stringify(text)}`);
    }
    return { text: result, end: index };
}

function readEscape(text: string, start: number): { text: string; end: number } {
    const code = /^\\(?:x([0-9a-fA-F]{2})|([0-7]{3})|u([0-9a-fA-F]{4}))/.exec(text.slice(start));
    if (code !== null) {
        const value =
            code[2] === undefined ? Number.parseInt(code[1] ?? code[3] ?? "", 16) : Number.parseInt(code[2], 8);
        return { text: String.fromCodePoint(value), end: start + code[0].length };
    }
    const simple = ESCAPES[text.charAt(start + 1)];
    if (simple === undefined) {
        throw new Error(`unknown escape "${text.slice(start, start + 2)}" in ${JSON.stringify(text)}`);
    }
    return { text: simple, end: start + 2 };
}

/**
 * Expands environment variables in a command: `${NAME}` inside words, `$NAME` as a separate word (split at white space,
 * quoted or not), `$$` for a dollar sign. As in systemd, unset variables expand to nothing.
 */
export function expandWords(words: readonly string[], env: Readonly<Record<string, string | undefined>>): string[] {
    return words.flatMap((word) => {
        if (/^\$[A-Za-z_][A-Za-z0-9_]*$/.test(word)) {
            return (env[word.slice(1)] ?? "").split(/\s+/).filter((part) => part !== "");
        }
        return [
            word.replace(/\$\$|\$\{([A-Za-z_][A-Za-z0-9_]*)\}/g, (match, name: string | undefined) =>
                match === "$$" ? "$" : (env[name ?? ""] ?? ""),
            ),
        ];
    });
}
