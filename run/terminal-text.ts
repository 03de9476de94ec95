/**
 * Makes text from a dataset, a trainer or a bucket safe for a terminal: control characters and characters that reorder
 * text are shown as escapes such as `\x1b` and `\u202e`. Line feeds, tabs and colours (SGR) pass unchanged; a line that
 * sets a colour ends with a reset.
 */
export function terminalText(text: string): string {
    return text.split("\n").map(colouredLine).join("\n");
}

/** Like `terminalText`, for a part of a line or a cell in a table: line feeds, tabs and colours are also escaped. */
export function terminalCell(text: string): string {
    // Two characters of category Cf belong to words and emoji: the zero-width joiner and non-joiner.
    return text.replace(/(?![\u200c\u200d])[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, escapeCharacter);
}

function colouredLine(line: string): string {
    const esc = "\x1b";
    const parts = line.split(new RegExp(`(${esc}\\[[0-9;:]{0,40}m)`));
    // The parts with odd indexes are the separators.
    const isColour = (part: string, index: number) => index % 2 === 1 && !conceals(part);
    const shown = parts.map((part, index) =>
        isColour(part, index) ? part : part.split("\t").map(terminalCell).join("\t"),
    );
    const lastColour = parts.filter(isColour).at(-1) ?? `${esc}[m`;
    const isReset = /^[0:;]*$/.test(lastColour.slice(2, -1));
    return shown.join("") + (isReset ? "" : `${esc}[0m`);
}

/** True for an SGR sequence that hides text; an 8 that is part of an extended colour hides nothing. */
function conceals(sequence: string): boolean {
    const parameters = sequence.slice(2, -1).replace(/[34]8[;:](5[;:]\d*|2([;:]\d*){3})/g, "");
    return parameters.split(/[;:]/).some((parameter) => Number(parameter) === 8);
}

function escapeCharacter(character: string): string {
    const code = character.codePointAt(0) ?? 0;
    const digits = code.toString(16);
    return code < 0x100
        ? `\\x${digits.padStart(2, "0")}`
        : code < 0x10000
          ? `\\u${digits.padStart(4, "0")}`
          : `\\u{${digits}}`;
}
